"""The data set file: a cutout file whose rows stand part by part, permuted once, with ``/split``."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import InputError, UnknownNameError
from pipeline.io import schema
from pipeline.io.cutout_file import CutoutFile, CutoutHeader, CutoutWriter

_BLOCK = 512
_COLUMNS_AT_ONCE = 1
_DECIDED = ("label", "label_source", "group_id")
"""Candidate columns that the choice of rows decides anew."""


class DataSetFile:
    """Reads a data set; serves as a :class:`pipeline.datasets.DataSet`."""

    def __init__(self, path: Path) -> None:
        self.file = CutoutFile(path)
        header = self.file.header
        self.survey = header.survey
        self.channels = header.channels
        self.class_names = header.class_names
        self.pixel_scale_arcsec = header.pixel_scale_arcsec
        self.pixel_state = header.pixel_state
        self.size_pixel = header.size_pixel
        try:
            self.split, self.fingerprint = self.file.split()
        except InputError:
            self.file.close()
            raise

    def part(self, name: str) -> slice:
        """Return the rows of a part, which stand together."""
        if name not in schema.SPLITS:
            raise UnknownNameError("part", name, schema.SPLITS)
        first, last = np.searchsorted(self.split, [schema.SPLITS[name], schema.SPLITS[name] + 1])
        return slice(int(first), int(last))

    def candidates(self, part: str) -> pd.DataFrame:
        """Return the candidate columns of one part."""
        return self.file.candidates(self.part(part))

    def cutouts(self, part: str) -> NDArray[np.float32]:
        """Return all raw cutouts of one part, ``(n, y, x, channel)``."""
        return self.file.pixels(self.part(part))

    def batches(self, part: str, size: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield ``(rows, cutouts)`` of one part in order, rows counted from the part's first."""
        whole = self.part(part)
        for start in range(whole.start, whole.stop, size):
            rows = slice(start, min(start + size, whole.stop))
            yield slice(rows.start - whole.start, rows.stop - whole.start), self.file.pixels(rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()


def open_dataset(path: Path) -> DataSetFile:
    """Open a data set to read."""
    return DataSetFile(path)


def write_dataset(
    path: Path,
    header: CutoutHeader,
    *,
    sources: list[Path],
    chosen: pd.DataFrame,
    dropped: pd.DataFrame,
    fingerprint: str,
    provenance: Mapping[str, Any],
) -> None:
    """Stream the chosen rows of cutout files into a data set, in memory that holds a few of their columns at most.

    Parameters
    ----------
    path : Path
        The file to write.
    header : CutoutHeader
        What the sources share.
    sources : list of Path
        Cutout files.
    chosen : DataFrame
        One row for each row of the data set, in its final order: ``source`` (index of the file), ``row``
        (in it), ``split``, ``label``, ``label_source``, ``group_id``.
    dropped : DataFrame
        Columns ``candidate_id step reason``.
    fingerprint : str
        Identity of the data set, kept in the file for packages to name.
    provenance : mapping
        What made it.
    """
    row_shape = (header.size_pixel, header.size_pixel, len(header.channels))
    places = {int(index): rows for index, rows in chosen.groupby("source").indices.items()}
    with tempfile.TemporaryFile(dir=path.parent) as scratch, CutoutWriter(path, header, provenance) as writer:
        _scatter(scratch.fileno(), row_shape, sources, chosen["row"].to_numpy(), places)
        row_bytes = 4 * int(np.prod(row_shape))
        for start in range(0, len(chosen), _BLOCK):
            block = os.pread(scratch.fileno(), row_bytes * min(_BLOCK, len(chosen) - start), row_bytes * start)
            writer.append_pixels(np.frombuffer(block, dtype=np.float32).reshape(-1, *row_shape))
        for columns in _column_groups():
            writer.append_columns(_gather(columns, sources, chosen["row"].to_numpy(), places))
        writer.append_columns(chosen[list(_DECIDED)])
        writer.drop(dropped)
        writer.write_split(chosen["split"].to_numpy(np.int8), fingerprint)


def _column_groups() -> Iterator[tuple[str, ...]]:
    """Yield the columns that come from the sources, a few at once, so that few are in memory together."""
    names = [name for name in schema.CANDIDATE_COLUMNS if name not in _DECIDED]
    for start in range(0, len(names), _COLUMNS_AT_ONCE):
        yield tuple(names[start : start + _COLUMNS_AT_ONCE])


def _scatter(
    scratch: int,
    row_shape: tuple[int, ...],
    sources: list[Path],
    rows: NDArray[np.int64],
    places: Mapping[int, NDArray[np.intp]],
) -> None:
    """Write every chosen row's pixels at its final place in a scratch file."""
    row_bytes = 4 * int(np.prod(row_shape))
    for index, mine in places.items():
        ordered = mine[np.argsort(rows[mine])]
        with CutoutFile(sources[index]) as file:
            for block, pixels in file.batches(_BLOCK):
                first, last = np.searchsorted(rows[ordered], (block.start, block.stop))
                for place in ordered[first:last].tolist():
                    os.pwrite(scratch, pixels[rows[place] - block.start].tobytes(), row_bytes * place)


def _gather(
    columns: tuple[str, ...],
    sources: list[Path],
    rows: NDArray[np.int64],
    places: Mapping[int, NDArray[np.intp]],
) -> pd.DataFrame:
    """Return some candidate columns of the chosen rows, in the order of the data set."""
    frames = []
    for index, mine in places.items():
        with CutoutFile(sources[index]) as file:
            frames.append(file.candidates(columns=columns).iloc[rows[mine]].set_axis(mine))
    return pd.concat(frames).sort_index() if frames else pd.DataFrame(columns=list(columns))
