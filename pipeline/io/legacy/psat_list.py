"""psat-ml's lists of FITS stamps: ``good.txt`` and ``bad.txt``, folders ``good`` and ``bad``, any list of files."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import BOGUS, REAL, UNLABELLED
from pipeline.errors import InputError
from pipeline.io.files.csv_cells import neutral
from pipeline.io.fits.file_names import stem_of
from pipeline.io.legacy.base import STAMP_SETS, StampSet, channel_names, chosen_channel, require_two_classes
from pipeline.io.legacy.columns import file_names, object_of, read_csv, require_unique, typed
from pipeline.io.legacy.fits_set import FitsPixels, size_of
from pipeline.io.legacy.fits_stamp import AUTO, write_stamp
from pipeline.io.legacy.psat_files import FOLDERS, StampFiles, field_of, mjd_of
from pipeline.io.results.cutout_file import CutoutFile
from pipeline.io.results.schema import CANDIDATE_COLUMNS

SIDECAR = "candidates.csv"
"""The file beside an exported list with what file names cannot say, one row per file."""

SOURCE = "psat list"
_BLOCK = 256
_BY_WORD = {"by_name": None, "real": REAL, "bogus": BOGUS, "none": UNLABELLED}


@dataclass(frozen=True, kw_only=True)
class PsatListOptions:
    """Options of the format ``psat_list``.

    Attributes
    ----------
    hdu : str or int
        HDU of the image: a name, a number, or ``auto``, the first that holds one.
    magic_values : tuple of float
        Pixel values that mean "bad".
    label : {"by_name", "real", "bogus", "none"}
        ``by_name``: lists and folders called good, real or true are real, those called bad, bogus or false are
        bogus. The other words are the label of all stamps, ``none`` for no label.
    folder : str
        Folder of the files that are named without one; empty: beside their list, or in ``good`` or ``bad`` there.
    edge : {"drop", "pad"}
        What becomes of a stamp smaller than the cutout: left out (``drop``) or padded with NaN (``pad``).
    channel : str
        On writing, which channel; empty: the difference.
    """

    hdu: str | int = AUTO
    magic_values: tuple[float, ...] = (-31415.0,)
    label: Literal["by_name", "real", "bogus", "none"] = "by_name"
    folder: str = ""
    edge: Literal["drop", "pad"] = "drop"
    channel: str = ""


@STAMP_SETS.register("psat_list", settings=PsatListOptions)
class PsatList:
    """Lists, folders and single files of FITS stamps as psat-ml makes and scores them."""

    writes_directory: ClassVar[bool] = True

    def __init__(self, options: PsatListOptions) -> None:
        self.options = options

    def open(self, paths: Sequence[Path], *, channels: tuple[str, ...] = (), size_pixel: int = 0) -> StampSet:
        """Return the stamps that lists, folders and FITS files name."""
        options = self.options
        finder = StampFiles(label=_BY_WORD[options.label], folder=options.folder)
        files, labels, tiles = _found(finder, paths)
        where = f"{paths[0]} and {len(paths) - 1} more" if len(paths) > 1 else str(paths[0])
        rows = _rows(files, labels)
        for folder in dict.fromkeys(path if path.is_dir() else path.parent for path in paths):
            rows = _with_sidecar(rows, files, folder / SIDECAR)
        require_unique(rows["candidate_id"], where)
        size = size_pixel or size_of(files, options.hdu, where)
        return StampSet(
            rows=rows,
            pixels=FitsPixels(
                paths=files,
                size_pixel=size,
                hdu=options.hdu,
                magic_values=options.magic_values,
                pad=options.edge == "pad",
            ),
            channels=channel_names(channels, ("difference",), where),
            size_pixel=size,
            dropped=pd.DataFrame(
                {
                    "candidate_id": pd.Series(tiles, dtype="str"),
                    "step": "import",
                    "reason": "an image of tiles, no stamp",
                }
            ),
        )

    def write(self, path: Path, cutouts: CutoutFile) -> None:
        """Write ``good`` and ``bad`` folders of FITS stamps, their lists, and the columns beside them."""
        require_two_classes(cutouts)
        channel = chosen_channel(cutouts, self.options.channel)
        lists: dict[int, list[str]] = {REAL: [], BOGUS: []}
        with (path / SIDECAR).open("w", encoding="utf-8", newline="") as stream:
            sidecar = csv.writer(stream)
            sidecar.writerow(["file", *CANDIDATE_COLUMNS])
            for block, pixels in cutouts.batches(_BLOCK):
                rows = cutouts.candidates(block, tuple(CANDIDATE_COLUMNS))
                for name, label, image, row in zip(
                    file_names(rows["candidate_id"], rows["object_id"]), rows["label"].tolist(), pixels,
                    rows.astype(object).to_numpy().tolist(), strict=True,
                ):  # fmt: skip
                    folder = path / FOLDERS[label]
                    folder.mkdir(exist_ok=True)
                    write_stamp(folder / name, image[..., channel], {})
                    lists.setdefault(label, []).append(name)
                    sidecar.writerow([f"{folder.name}/{name}", *map(neutral, row)])
        for label in (REAL, BOGUS):
            text = "".join(f"{name}\n" for name in lists[label])
            (path / f"{FOLDERS[label]}.txt").write_text(text, encoding="utf-8")


def _found(finder: StampFiles, paths: Sequence[Path]) -> tuple[pd.Series, NDArray[np.int8], list[str]]:
    """Return the files with their labels, and the names of those that show tiles of an exposure."""
    files: list[str] = []
    labels: list[int] = []
    tiles: list[str] = []
    for file, label in (entry for path in paths for entry in finder.find(path)):
        if "tiles" in file.rpartition("/")[2]:
            tiles.append(stem_of(file))
        else:
            files.append(file)
            labels.append(label)
    return pd.Series(files, dtype="str"), np.array(labels, dtype=np.int8), tiles


def rows_of_names(files: Sequence[str]) -> pd.DataFrame:
    """Return what names of files say, ``<object>_<mjd>_<exposure>_...``: candidate, object, exposure and time."""
    stems = pd.Series([stem_of(file) for file in files], dtype="str")
    return pd.DataFrame(
        {
            "candidate_id": stems,
            "object_id": pd.Series([object_of(stem) for stem in stems], dtype="str"),
            "exposure_id": pd.Series([field_of(stem, 2) for stem in stems], dtype="str"),
            "time_mjd": np.array([mjd_of(stem) for stem in stems], dtype=np.float64),
        }
    )


def _rows(files: pd.Series, label: NDArray[np.int8]) -> pd.DataFrame:
    """Return what file names say, and the labels."""
    source = pd.Series(np.where(label == UNLABELLED, "", SOURCE), dtype="str")
    return rows_of_names(files.tolist()).assign(label=label, label_source=source)


def _with_sidecar(rows: pd.DataFrame, files: pd.Series, sidecar: Path) -> pd.DataFrame:
    """Return rows with the columns of ``candidates.csv``, joined by file, where that file lies beside them.

    The lists and folders have the last word on the label: people move names from one to the other.
    """
    if not sidecar.is_file():
        return rows
    table = read_csv(sidecar)
    if "file" not in table:
        return rows
    require_unique(table["file"], f"{sidecar}: file")
    place = pd.Series(np.arange(len(table)), index=[str(sidecar.parent / name) for name in table["file"]])
    found = place.reindex(files).to_numpy(float)
    if not np.isfinite(found).any():  # files of another folder
        return rows
    if not np.isfinite(found).all():
        stranger = files[int(np.argmin(np.isfinite(found)))]
        raise InputError(f"{sidecar} has no row for {stranger}; remove it, or add the file's row")
    taken = typed(table, str(sidecar)).iloc[found.astype(int)].reset_index(drop=True)
    if "label" in taken:
        moved = taken["label"] != rows["label"]
        taken = taken.assign(label=rows["label"])
        for name in {"label_source", "kind"} & set(taken):
            taken[name] = taken[name].mask(moved, SOURCE if name == "label_source" else "")
    return rows.drop(columns=[name for name in taken if name in rows]).join(taken)
