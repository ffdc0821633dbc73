"""gotorb's labelled set: ``data_labels.csv`` beside ``data_stamps.h5`` with ``/src``, and its hickle pack."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from pipeline.cutouts.missing import to_missing
from pipeline.errors import InputError, MissingInputError, SettingsError
from pipeline.io.files.csv_cells import write_csv
from pipeline.io.legacy.base import (
    STAMP_SETS,
    Pixels,
    Rows,
    StampSet,
    channel_names,
    extra_columns,
    one_path,
    require_two_classes,
)
from pipeline.io.legacy.columns import labels, listed, numbers, read_csv, require_unique
from pipeline.io.legacy.crop_or_pad import crop_or_pad_stack
from pipeline.io.legacy.hdf5_nodes import node, reading, take
from pipeline.io.legacy.hickle_pack import read_pack
from pipeline.io.results import hdf5
from pipeline.io.results.cutout_file import CutoutFile

CHANNELS = ("science", "template", "difference", "frames_ptp", "frames_min", "frames_max")
"""Layers of ``/src``; the last three are over the individual frames."""

COLUMNS = {
    "id": "candidate_id", "image_id": "exposure_id", "ut": "detector", "ra": "ra_deg", "dec": "dec_deg",
    "x": "x_pixel", "y": "y_pixel", "mag": "magnitude", "fwhm": "fwhm_pixel", "label": "label",
    "metalabel": "label_source",
}  # fmt: skip
EXTRA = ("fits_filepath", "ncoadd", "number", "realbogus")
KINDS = {
    "mp": "mover", "randjunk": "bogus", "marshall": "", "syntransient": "injected_host", "glxresid": "bogus",
}  # fmt: skip
_TEXTS = ("candidate_id", "exposure_id", "detector", "label_source")
_UNKNOWN = 99.99
_BLOCK = 256


@dataclass(frozen=True, kw_only=True)
class GotorbOptions:
    """Options of the format ``gotorb``.

    Attributes
    ----------
    fill_value : float
        What gotorb puts where a cutout leaves its image; read as missing, and written for missing pixels.
    pixel_origin : {0, 1}, in pixel
        Number of the first pixel in the columns ``x`` and ``y``; 0 or 1.
    labels : str
        CSV file with gotorb's columns, for a hickle pack whose own table is pickled.
    prefix : str
        Prefix of the two files' names, such as ``clean_``; empty: the pair without a prefix, else the only one.
    """

    fill_value: float = 1e-6
    pixel_origin: int = 1
    labels: str = ""
    prefix: str = ""

    def __post_init__(self) -> None:
        if self.pixel_origin not in (0, 1):
            raise SettingsError(f"pixel_origin is {self.pixel_origin}; allowed: 0, 1")


@STAMP_SETS.register("gotorb", settings=GotorbOptions)
class Gotorb:
    """A folder of gotorb with its csv and HDF5 file, or its hickle pack, read without pickle."""

    writes_directory: ClassVar[bool] = True

    def __init__(self, options: GotorbOptions) -> None:
        self.options = options

    def open(self, paths: Sequence[Path], *, channels: tuple[str, ...] = (), size_pixel: int = 0) -> StampSet:
        """Return the rows of the csv with the stamps of the same rows."""
        path = one_path(paths, "the folder, or a .hkl file")
        if path.suffix == ".hkl":
            stamps, name, columns = read_pack(path, want_columns=not self.options.labels)
            table = read_csv(Path(self.options.labels)) if self.options.labels else pd.DataFrame(columns)
            where, what = stamps, self.options.labels or str(path)
        else:
            csv, where = self._pair(path)
            name, table, what = "src", read_csv(csv), str(csv)
        with reading(where) as file:
            shape = node(file, name, 4, "(n, y, x, layer)").shape
        if shape[0] != len(table):
            raise InputError(f"{what} has {len(table)} rows and {where} {shape[0]} stamps; allowed: one for each")
        if shape[1] != shape[2] or not 1 <= shape[1] <= 512:
            raise InputError(f"{where}: stamps of {shape[1]} x {shape[2]} pixels; allowed: square, 1 to 512")
        rows = self._rows(table, what)
        require_unique(rows["candidate_id"], what)
        size = size_pixel or shape[1]
        own = CHANNELS[: shape[3]] if shape[3] <= len(CHANNELS) else tuple(f"layer_{i}" for i in range(shape[3]))
        return StampSet(
            rows=rows,
            extra=table[[column for column in EXTRA if column in table]].astype("str"),
            pixels=_reader(where, name, size, self.options.fill_value),
            channels=channel_names(channels, own, where),
            size_pixel=size,
        )

    def _pair(self, path: Path) -> tuple[Path, Path]:
        """Return the csv and the HDF5 file that belong together."""
        folder = path if path.is_dir() else path.parent
        found = [path]
        if path.is_dir():
            plain = folder / f"{self.options.prefix}data_labels.csv"
            found = [plain] if plain.is_file() or self.options.prefix else sorted(folder.glob("*data_labels.csv"))
        if len(found) != 1 or not found[0].name.endswith("data_labels.csv") or not found[0].is_file():
            names = ", ".join(csv.name for csv in found) or "none"
            raise MissingInputError(f"{path}: {names}; allowed: one data_labels.csv; the option prefix names one")
        stamps = folder / found[0].name.replace("data_labels.csv", "data_stamps.h5")
        if not stamps.is_file():
            raise MissingInputError(f"no file {stamps}, which belongs to {found[0].name}")
        return found[0], stamps

    def _rows(self, table: pd.DataFrame, where: str) -> pd.DataFrame:
        """Return the csv's columns as candidate columns."""
        for column in ("id", "label"):
            if column not in table:
                raise InputError(f"{where}: column {column!r} is missing; there: {listed(table)}")
        rows = pd.DataFrame(index=table.index)
        for column, name in COLUMNS.items():
            if column not in table:
                continue
            if name == "label":
                rows[name] = labels(table[column], f"{where}: {column}")
            elif name in _TEXTS:
                rows[name] = table[column].astype("str")
            else:
                rows[name] = numbers(
                    table[column], f"{where}: {column}", (_UNKNOWN,) if column in ("mag", "fwhm") else ()
                )
        for name in {"x_pixel", "y_pixel"} & set(rows):
            rows[name] -= self.options.pixel_origin
        rows["object_id"] = rows["candidate_id"]
        if "label_source" in rows:
            rows["kind"] = rows["label_source"].map(KINDS).fillna("").astype("str")
        return rows

    def write(self, path: Path, cutouts: CutoutFile) -> None:
        """Write ``data_labels.csv`` and ``data_stamps.h5``, row by row the same."""
        require_two_classes(cutouts)
        header = cutouts.header
        with hdf5.create(path / "data_stamps.h5") as file:
            shape = (len(cutouts), header.size_pixel, header.size_pixel, len(header.channels))
            data = file.create_dataset("src", shape, "f8", track_times=False)
            for block, pixels in cutouts.batches(_BLOCK):
                data[block] = np.where(np.isnan(pixels), self.options.fill_value, pixels.astype(np.float64))
        write_csv(path / "data_labels.csv", self._table(cutouts))

    def _table(self, cutouts: CutoutFile) -> pd.DataFrame:
        """Return the csv's columns in their alphabetical order."""
        rows = cutouts.candidates()
        table = pd.DataFrame({column: rows[name] for column, name in COLUMNS.items()})
        for column in ("x", "y"):
            table[column] = table[column] + self.options.pixel_origin
        for column in ("mag", "fwhm"):
            table[column] = [f"{value:.9g}" for value in table[column].fillna(_UNKNOWN).to_numpy(np.float64)]
        kept = extra_columns(cutouts)
        for column in EXTRA:
            table[column] = kept[column] if column in kept else _BLANK.get(column, "")
        return table[sorted(table)]


_BLANK: Mapping[str, object] = {"realbogus": _UNKNOWN, "ncoadd": 99}


def _reader(path: Path, name: str, size: int, fill_value: float) -> Callable[[Rows], Pixels]:
    def read(rows: Rows) -> Pixels:
        with reading(path) as file:
            cutouts, _ = to_missing(take(file[name], rows), (fill_value,))
        return crop_or_pad_stack(cutouts, size), np.full(len(rows), "", dtype=object)

    return read
