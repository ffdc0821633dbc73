"""psat-ml's data set in HDF5: one Fortran-ravelled vector per row, ``X y train_files testX testy test_files``."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import TEST, TRAIN, UNLABELLED
from pipeline.cutouts import normalise
from pipeline.cutouts.missing import to_missing
from pipeline.errors import InputError, SettingsError, UnknownNameError
from pipeline.io.fits.file_names import stem_of
from pipeline.io.legacy.base import (
    STAMP_SETS,
    Pixels,
    Rows,
    StampSet,
    channel_names,
    chosen_channel,
    one_path,
    require_two_classes,
)  # fmt: skip
from pipeline.io.legacy.columns import file_names, labels, numbered_again, object_of, require_unique
from pipeline.io.legacy.crop_or_pad import crop_or_pad_stack
from pipeline.io.legacy.hdf5_nodes import node, reading, take, texts
from pipeline.io.results import hdf5
from pipeline.io.results.cutout_file import CutoutFile
from pipeline.io.results.schema import CANDIDATE_COLUMNS

SOURCE = "psat dataset"
UNSTATED = "sign_log"
"""What psat-ml did to the pixels unless it was told otherwise."""
THEIR_NAMES = {
    "signPreserveNorm": "sign_log",
    "spn": "sign_log",
    "bg_sub_signPreserveNorm": "bg_sub",
    "bg_sub_spn": "bg_sub",
    "noNorm": "raw",
}
"""What psat-ml calls its normalisations."""
_OWN = "nightsift"
"""Group with the candidate columns, which psat-ml does not look at."""
_BLOCK = 256
_PLAIN = {"track_times": False}
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class PsatHdf5Options:
    """Options of the format ``psat_hdf5``.

    Attributes
    ----------
    pixel_state : str
        What was done to the pixels: ``raw``, a normalisation, or psat-ml's name for one (``signPreserveNorm``,
        ``spn``, ``noNorm``). Empty: what the file says, else ``sign_log``, which psat-ml applies by default.
    channel : str
        On writing, which channel; empty: the difference.
    extent : int, in pixel
        On writing, half the side of the middle that is kept (psat-ml: 10), or 0 for the whole cutout; at least 0.
    normalisation : str
        On writing, ``raw`` or a normalisation, applied to the middle; missing pixels are 0 before it, as in psat-ml.
    missing_value : float
        On writing, what missing pixels become; old programs know no NaN.
    """

    pixel_state: str = ""
    channel: str = ""
    extent: int = 0
    normalisation: str = "raw"
    missing_value: float = 0.0

    def __post_init__(self) -> None:
        if self.extent < 0:
            raise SettingsError(f"extent is {self.extent}; allowed: 0 (all), or half the side of the middle")
        for key in ("pixel_state", "normalisation"):
            name = THEIR_NAMES.get(getattr(self, key), getattr(self, key))
            if name not in ("", "raw", *normalise.NORMALISATIONS):
                raise UnknownNameError("normalisation", name, ["raw", *normalise.NORMALISATIONS])
            object.__setattr__(self, key, name)


@STAMP_SETS.register("psat_hdf5", settings=PsatHdf5Options)
class PsatHdf5:
    """The HDF5 file of psat-ml's buildMLDataSet, labelled in two parts or unlabelled."""

    writes_directory: ClassVar[bool] = False

    def __init__(self, options: PsatHdf5Options) -> None:
        self.options = options

    def open(self, paths: Sequence[Path], *, channels: tuple[str, ...] = (), size_pixel: int = 0) -> StampSet:
        """Return the rows of both parts, the training part first."""
        path = one_path(paths, "the HDF5 file of psat-ml")
        with reading(path) as file:
            parts = [_Part.of(file, *names) for names in _parts(file)]
            own = self._own_rows(file, parts)
            state = self.options.pixel_state or str(file.attrs.get("pixel_state", UNSTATED))
            stated = file.attrs.get("channel")
        side = _side(path, parts)
        rows = pd.concat([part.rows() for part in parts], ignore_index=True)
        if own is None:
            rows["object_id"] = pd.Series([object_of(name) for name in rows["candidate_id"]], dtype="str")
            rows["candidate_id"] = pd.Series(numbered_again([stem_of(n) for n in rows["candidate_id"]]), dtype="str")
        else:
            rows = rows.drop(columns=[name for name in own if name in rows]).join(own)
        require_unique(rows["candidate_id"], str(path))
        size = size_pixel or side
        return StampSet(
            rows=rows,
            pixels=_reader(path, parts, side, size),
            channels=channel_names(channels, (str(stated) if stated is not None else "difference",), path),
            size_pixel=size,
            pixel_state=state,
        )

    def _own_rows(self, file: h5py.File, parts: Sequence["_Part"]) -> pd.DataFrame | None:
        """Return the candidate columns that our own writer left beside the vectors."""
        if not isinstance(file.get(_OWN), h5py.Group):
            return None
        table = hdf5.read_table(file[_OWN], columns=tuple(name for name in file[_OWN] if name in CANDIDATE_COLUMNS))
        if len(table) != sum(part.count for part in parts) or "candidate_id" not in table:
            raise InputError(f"{file.filename}: the columns in {_OWN!r} do not fit its rows")
        return table

    def write(self, path: Path, cutouts: CutoutFile) -> None:
        """Write train and validation rows as ``X``, test rows as ``testX``; without labels, ``X`` and ``images``."""
        require_two_classes(cutouts)
        options = self.options
        if options.normalisation != "raw" and cutouts.header.pixel_state != "raw":
            raise InputError(
                f"{cutouts.path} holds pixels under {cutouts.header.pixel_state!r}; allowed for a normalisation: raw"
            )
        size, channel = cutouts.header.size_pixel, chosen_channel(cutouts, options.channel)
        side = 2 * options.extent or size
        if side > size:
            raise InputError(f"extent {options.extent} asks for {side} pixels; {cutouts.path} has {size}")
        with hdf5.create(path) as file:
            file.attrs["channel"] = cutouts.header.channels[channel]
            is_raw = options.normalisation == "raw"
            file.attrs["pixel_state"] = cutouts.header.pixel_state if is_raw else options.normalisation
            table = hdf5.create_table(file, _OWN, CANDIDATE_COLUMNS)
            for names, rows in _parts_to_write(cutouts):
                self._write_vectors(file.create_dataset(names[0], (len(rows), side**2), "f8", **_PLAIN),
                                    cutouts, rows, channel)  # fmt: skip
                chosen = cutouts.candidates().iloc[rows]
                hdf5.append_table(table, chosen)
                files = [name.encode() for name in file_names(chosen["candidate_id"], chosen["object_id"])]
                file.create_dataset(names[2], data=np.array(files, dtype="S" if files else "S1"), **_PLAIN)
                if names[1]:
                    file.create_dataset(names[1], data=chosen["label"].to_numpy(np.float64), **_PLAIN)

    def _write_vectors(self, data: h5py.Dataset, cutouts: CutoutFile, rows: Rows, channel: int) -> None:
        """Fill the vectors of one part, block by block in the order of the cutout file."""
        side, done = round(data.shape[1] ** 0.5), 0
        for block, pixels in cutouts.batches(_BLOCK):
            mine = rows[(rows >= block.start) & (rows < block.stop)] - block.start
            images = crop_or_pad_stack(pixels[mine][..., channel : channel + 1], side)
            data[done : done + len(mine)] = self._vectors(images)
            done += len(mine)

    def _vectors(self, images: NDArray[np.float32]) -> NDArray[np.float64]:
        if self.options.normalisation != "raw":
            images = normalise.apply(self.options.normalisation, images, missing="psat")
        filled = np.where(np.isnan(images), self.options.missing_value, images.astype(np.float64))[..., 0]
        return filled.transpose(0, 2, 1).reshape(len(images), images.shape[1] ** 2)  # column by column: Fortran order


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One part of the file: names of its data sets, how many rows, of which width, and what they say."""

    vectors: str
    count: int
    width: int
    split: int
    label: NDArray[np.int8]
    names: pd.Series

    @classmethod
    def of(cls, file: h5py.File, vectors: str, answers: str, names: str, split: int) -> "_Part":
        data = node(file, vectors, 2, "one vector per row")
        count, width = data.shape
        label = np.full(count, UNLABELLED, dtype=np.int8)
        if answers:
            stated = node(file, answers, 1, "one label per row")
            if stated.shape != (count,):
                raise InputError(f"{file.filename}: {answers!r} has {stated.shape[0]} labels for {count} rows")
            label = labels(stated[:], f"{file.filename}: {answers}")
        return cls(vectors=vectors, count=count, width=width, split=split, label=label,
                   names=texts(file, names, count))  # fmt: skip

    def rows(self) -> pd.DataFrame:
        """Return the rows, with the file's name in place of an id."""
        frame = pd.DataFrame({"candidate_id": self.names, "label": self.label, "split": np.int8(self.split)})
        source = "" if (self.label == UNLABELLED).all() else SOURCE
        return frame.assign(label_source=pd.Series([source] * self.count, dtype="str"))


def _parts(file: h5py.File) -> list[tuple[str, str, str, int]]:
    if "y" not in file and "images" in file:
        return [("X", "", "images", TRAIN)]
    train = ("X", "y", "train_files", TRAIN)
    return [train, ("testX", "testy", "test_files", TEST)] if "testX" in file else [train]


def _side(path: Path, parts: Sequence[_Part]) -> int:
    widths = {part.width for part in parts}
    side = round(max(widths) ** 0.5)
    if len(widths) != 1 or side * side != max(widths) or not side:
        shown = " and ".join(map(str, sorted(widths)))
        raise InputError(f"{path}: vectors of {shown} values; allowed: one square number, such as 400 for 20 x 20")
    return side


def _reader(path: Path, parts: Sequence[_Part], side: int, size: int) -> Callable[[Rows], Pixels]:
    """Return what reads rows of all parts, counted through them in order."""
    starts = np.cumsum([0, *(part.count for part in parts)])

    def read(rows: Rows) -> Pixels:
        with reading(path) as file:
            vectors = [
                take(file[part.vectors], rows[(rows >= start) & (rows < start + part.count)] - start)
                for part, start in zip(parts, starts, strict=False)
            ]
        images, _ = to_missing(np.concatenate(vectors).reshape(-1, side, side).transpose(0, 2, 1))
        return crop_or_pad_stack(images[..., None], size), np.full(len(rows), "", dtype=object)

    return read


def _parts_to_write(cutouts: CutoutFile) -> list[tuple[tuple[str, str, str], Rows]]:
    """Return the names of each part's data sets with its rows; unlabelled rows stay out where others have labels."""
    label = cutouts.candidates(columns=("label",))["label"].to_numpy()
    labelled = label != UNLABELLED
    if len(label) and not labelled.any():
        return [(("X", "", "images"), np.arange(len(label)))]
    if not labelled.all():
        log.warning("%s: %d rows without a label are not written", cutouts.path, int((~labelled).sum()))
    try:
        testing = cutouts.split()[0] == TEST
    except InputError:
        testing = np.zeros(len(label), dtype=bool)
    return [
        (("X", "y", "train_files"), np.flatnonzero(labelled & ~testing)),
        (("testX", "testy", "test_files"), np.flatnonzero(labelled & testing)),
    ]
