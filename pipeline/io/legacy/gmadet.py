"""gmadet's and otrain's folders ``true`` and ``false`` of FITS stamps with their header keys."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import BOGUS, REAL, UNLABELLED
from pipeline.cutouts.extract import source_pixel
from pipeline.errors import InputError, MissingInputError, NightsiftError
from pipeline.io.fits.file_names import is_fits
from pipeline.io.legacy.base import (
    STAMP_SETS,
    StampSet,
    channel_names,
    chosen_channel,
    extra_columns,
    require_two_classes,
)
from pipeline.io.legacy.columns import require_unique
from pipeline.io.legacy.fits_set import FitsPixels
from pipeline.io.legacy.fits_stamp import AUTO, read_keys, write_stamp
from pipeline.io.results.cutout_file import CutoutFile

SOURCE = "gmadet folder"
EDGE = "touches the edge of its image"
FOLDERS = {REAL: "true", BOGUS: "false", UNLABELLED: "."}
MISSING = (-99.0, 99.0)
"""What these programs write for a magnitude that is not known."""

NUMBERS = {
    "magnitude": ("MAG", "MAG_CALIB"), "magnitude_error": ("MAGERR", "MAG_CALIB_ERR"), "fwhm_pixel": ("FWHM",),
    "ra_deg": ("RA",), "dec_deg": ("DEC",), "x_pixel": ("XPOS",), "y_pixel": ("YPOS",),
}  # fmt: skip
"""Header keys that hold each candidate column; the first that is found counts."""
TEXTS = {"candidate_id": ("CANDID", "NAME"), "band": ("FILTER",), "exposure_id": ("FILE",)}
PLACE = ("YSTAMP", "XSTAMP")
"""Header keys in which cutouts written here say which of their pixels, from 1, holds the candidate."""

_READ = ("EDGE", "FWHMPSF", *PLACE, *(key for keys in (*NUMBERS.values(), *TEXTS.values()) for key in keys))
_NO_BAND = "Clear"
_BLOCK = 256


@dataclass(frozen=True, kw_only=True)
class GmadetOptions:
    """Options of the format ``gmadet``.

    Attributes
    ----------
    edge : {"drop", "pad"}
        What becomes of a cutout at the edge of its image (key ``EDGE``, or smaller than the others): left out and
        counted (``drop``), or padded with NaN on the side that lay outside (``pad``).
    hdu : str or int
        HDU of the image; ``auto``: the one named DIFF, else the first with an image.
    pixel_origin : {0, 1}, in pixel
        Number of the first pixel in ``XPOS`` and ``YPOS``; 0 or 1.
    channel : str
        On writing, which channel; empty: the difference.
    """

    edge: Literal["drop", "pad"] = "drop"
    hdu: str | int = AUTO
    pixel_origin: Literal[0, 1] = 1
    channel: str = ""


@dataclass(frozen=True, kw_only=True)
class _Header:
    """What the header of one file says."""

    path: Path
    label: int
    shape: tuple[int, int]
    keys: Mapping[str, object]

    @property
    def at_edge(self) -> bool:
        """Whether its own key says so; it is text in some files."""
        return str(self.keys.get("EDGE", "")).strip().lower() in ("true", "t", "y", "1")


@STAMP_SETS.register("gmadet", settings=GmadetOptions)
class Gmadet:
    """Folders of FITS cutouts from gmadet or otrain: ``true`` and ``false``, or one without labels."""

    writes_directory: ClassVar[bool] = True

    def __init__(self, options: GmadetOptions) -> None:
        self.options = options

    def open(self, paths: Sequence[Path], *, channels: tuple[str, ...] = (), size_pixel: int = 0) -> StampSet:
        """Return the cutouts below folders; headers are read now, pixels later."""
        where = ", ".join(map(str, paths[:3]))
        headers, unreadable = _headers([entry for path in paths for entry in _files(path)], self.options.hdu)
        if not headers and len(unreadable):
            raise InputError(f"{where}: no cutout can be read; {unreadable['reason'].iloc[0]}")
        usual = _usual_side(headers)
        at_edge = [header.at_edge or min(header.shape) < usual for header in headers]
        kept = [h for h, edge in zip(headers, at_edge, strict=True) if not edge or self.options.edge == "pad"]
        dropped = [
            h.path.stem for h, edge in zip(headers, at_edge, strict=True) if edge and self.options.edge == "drop"
        ]
        rows, extra = self._rows(kept)
        require_unique(rows["candidate_id"], where)
        size = size_pixel or usual
        return StampSet(
            rows=rows,
            extra=extra,
            pixels=FitsPixels(
                paths=pd.Series([str(header.path) for header in kept], dtype="str"),
                size_pixel=size,
                hdu=self.options.hdu,
                pad=self.options.edge == "pad",
                before=self._before(rows, usual),
                shift=_shift(kept, rows, usual),
            ),
            channels=channel_names(channels, ("difference",), where),
            size_pixel=size,
            dropped=pd.concat([unreadable, _dropped(dropped, EDGE)], ignore_index=True),
        )

    def _rows(self, headers: Sequence[_Header]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the candidate columns and the others."""
        labels = np.array([header.label for header in headers], dtype=np.int8)
        rows = pd.DataFrame({"label": labels})
        for name, keys in NUMBERS.items():
            rows[name] = np.array([_number(header, keys) for header in headers], dtype=np.float64)
        for name, keys in TEXTS.items():
            rows[name] = pd.Series([_text(header, keys) for header in headers], dtype="str")
        rows["candidate_id"] = _ids(rows["candidate_id"], headers)
        rows["object_id"] = rows["candidate_id"]
        rows["band"] = rows["band"].where(rows["band"] != "", _NO_BAND)
        rows["label_source"] = pd.Series(np.where(labels == UNLABELLED, "", SOURCE), dtype="str")
        rows[["x_pixel", "y_pixel"]] -= self.options.pixel_origin
        width = [_number(header, ("FWHMPSF",)) for header in headers]
        return rows, pd.DataFrame({"fwhmpsf": pd.Series([f"{v:.9g}" if v == v else "" for v in width], dtype="str")})

    def _before(self, rows: pd.DataFrame, side: int) -> NDArray[np.object_]:
        """Tell for each row and axis (y, x) whether a short cutout lacks its first pixels; None without a place."""
        place = rows[["y_pixel", "x_pixel"]].to_numpy(float)
        before = (place < side // 2).astype(object)
        before[~np.isfinite(place)] = None
        return before

    def write(self, path: Path, cutouts: CutoutFile) -> None:
        """Write ``true`` and ``false`` folders (rows without a label beside them) with all header keys."""
        require_two_classes(cutouts)
        channel = chosen_channel(cutouts, self.options.channel)
        extra = extra_columns(cutouts)
        width = extra["fwhmpsf"].tolist() if "fwhmpsf" in extra else [""] * len(cutouts)
        for label in (REAL, BOGUS):
            (path / FOLDERS[label]).mkdir()
        for block, pixels in cutouts.batches(_BLOCK):
            rows = cutouts.candidates(block).to_dict("records")
            for number, (row, image) in enumerate(zip(rows, pixels, strict=True), start=block.start):
                keys = self._keys(row) | {"FWHMPSF": float(width[number]) if width[number] else None}
                keys |= dict.fromkeys(PLACE, len(image) // 2 + 1)
                write_stamp(path / FOLDERS[row["label"]] / f"candidate_{number}.fits", image[..., channel], keys)

    def _keys(self, row: Mapping[str, float | str]) -> dict[str, float | str | None]:
        keys = {names[0]: float(row[column]) for column, names in NUMBERS.items()}
        for key in ("XPOS", "YPOS"):
            keys[key] += self.options.pixel_origin
        keys |= {key: -99.0 for key in ("MAG", "MAGERR") if not np.isfinite(keys[key])}
        texts = {names[0]: row[column] for column, names in TEXTS.items()}
        return {name: value if np.isfinite(value) else None for name, value in keys.items()} | texts | {"EDGE": "False"}


def _shift(headers: Sequence[_Header], rows: pd.DataFrame, side: int) -> NDArray[np.intp]:
    """Return by how much each cutout is moved along y and x: as its header says, else by `source_pixel`."""
    said = np.array([[_number(header, (key,)) for key in PLACE] for header in headers], float).reshape(-1, 2)
    found = source_pixel(side, rows[["y_pixel", "x_pixel"]].to_numpy(float))
    inside = (said >= 1) & (said <= side)
    return np.asarray(side // 2 - np.where(inside, said - 1, found), np.intp)


def _files(path: Path) -> Iterator[tuple[Path, int]]:
    """Yield the FITS files below a folder with the label that their folder says."""
    if path.is_file():
        yield path, _label_of(path.parent.name)
        return
    if not path.is_dir():
        raise MissingInputError(f"no folder {path}")
    inner = [path / name for name in ("true", "false") if (path / name).is_dir()]
    for folder in inner or [path]:
        yield from ((file, _label_of(folder.name)) for file in sorted(folder.iterdir()) if is_fits(file.name))
    if inner:
        yield from ((file, UNLABELLED) for file in sorted(path.iterdir()) if is_fits(file.name))


def _label_of(folder: str) -> int:
    return {"true": REAL, "false": BOGUS}.get(folder.lower(), UNLABELLED)


def _headers(files: Iterable[tuple[Path, int]], hdu: str | int) -> tuple[list[_Header], pd.DataFrame]:
    """Return the headers that can be read, and the others as dropped rows."""
    headers, lost, reasons = [], [], []
    for path, label in files:
        try:
            shape, keys = read_keys(path, hdu)
            known = {name: keys[name] for name in _READ if name in keys}
            header = _Header(path=path, label=label, shape=shape, keys=known)
            for names in (*NUMBERS.values(), ("FWHMPSF",), *((key,) for key in PLACE)):
                _number(header, names)
            headers.append(header)
        except NightsiftError as error:
            lost.append(path.stem)
            reasons.append(f"unreadable: {error}")
    return headers, _dropped(lost, pd.Series(reasons, dtype="str"))


def _usual_side(headers: Sequence[_Header]) -> int:
    """Return the side that most cutouts have; of two as frequent, the larger."""
    counts = Counter(max(header.shape) for header in headers)
    return max(counts, key=lambda side: (counts[side], side), default=1)


def _number(header: _Header, names: Sequence[str]) -> float:
    value = next((header.keys[name] for name in names if header.keys.get(name) is not None), None)
    if value is None or str(value).strip() == "":
        return float("nan")
    try:
        number = float(value if isinstance(value, int | float) else str(value))
    except (TypeError, ValueError):
        raise InputError(f"{header.path}: header key {names[0]} is {str(value)[:40]!r}; allowed: a number") from None
    return float("nan") if names[0].startswith("MAG") and round(number, 3) in MISSING else number


def _text(header: _Header, names: Sequence[str]) -> str:
    return next((str(header.keys[name]).strip() for name in names if header.keys.get(name) is not None), "")


def _ids(stated: pd.Series, headers: Sequence[_Header]) -> pd.Series:
    """Return ``CANDID``, or the file's name if it is absent; a repeated one follows the name of its image."""
    stems = [header.path.stem for header in headers]
    named = stated.mask(stated == "", pd.Series(stems, dtype="str"))
    again = named.duplicated(keep=False)
    images = [re.sub(r"\.fits?$", "", _text(header, ("FILE",)).rpartition("/")[2]) for header in headers]
    folder = [header.path.parent.name for header in headers]
    longer = [f"{image or place}:{name}" for image, place, name in zip(images, folder, named, strict=True)]
    return named.mask(again, pd.Series(longer, dtype="str"))


def _dropped(names: Sequence[str], reason: object) -> pd.DataFrame:
    return pd.DataFrame({"candidate_id": pd.Series(names, dtype="str"), "step": "import", "reason": reason})
