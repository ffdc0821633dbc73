"""Writes and reads the data set file: a cutout file with ``/split``, its rows permuted once and sorted by part.

Tested by tests/pipeline/io/results/test_malformed_cutouts.py.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.classes import PARTS
from pipeline.errors import InputError, UnknownNameError
from pipeline.ids.text_blocks import RowTexts, texts_of
from pipeline.io.results.cutout_file import CutoutFile, CutoutWriter
from pipeline.io.results.schema import WEIGHT
from pipeline.io.results.source_columns import SourceColumns, taken_texts

_BLOCK, _FEATURE_BLOCK = 512, 8192
"""Rows at once: of cutouts, and of the features of a table."""
_DECIDED = ("label", "label_source", "group_id", WEIGHT)
"""Candidate columns that the choice of rows decides anew, the weight where it gives one."""


class DataSetFile:
    """Reads a data set; serves as a :class:`pipeline.datasets.dataset.DataSet`."""

    def __init__(self, path: Path) -> None:
        self.file = CutoutFile(path)
        header = self.file.header
        self.survey = header.survey
        self.channels = header.channels
        self.class_names = header.class_names
        self.pixel_scale_arcsec = header.pixel_scale_arcsec
        self.pixel_state = header.pixel_state
        self.size_pixel = header.size_pixel
        self.kind = header.kind
        try:
            self.split, self.fingerprint = self.file.split()
        except InputError:
            self.file.close()
            raise

    def part(self, name: str) -> slice:
        """Return the rows of a part, which follow each other."""
        if name not in PARTS:
            raise UnknownNameError("part", name, PARTS)
        first, last = np.searchsorted(self.split, [PARTS[name], PARTS[name] + 1])
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
    *,
    columns: SourceColumns,
    names: RowTexts,
    chosen: pd.DataFrame,
    dropped: pd.DataFrame,
    fingerprint: str,
    provenance: Mapping[str, object],
) -> None:
    """Stream the chosen rows of cutout files into a data set, in memory that holds one of their columns at most.

    Parameters
    ----------
    path : Path
        The file to write.
    columns : SourceColumns
        The candidate columns of the sources, and what these share.
    names : RowTexts
        Names of groups, by the row after which a group is named.
    chosen : DataFrame
        Its rows in their final order: ``place split label label_source named``, as of
        :class:`pipeline.datasets.choice.Choice`; ``weight`` where it decides that.
    dropped : DataFrame
        ``place reason`` of the rows that were left out.
    fingerprint : str
        Identity of the data set, kept in the file for packages to name.
    provenance : mapping
        Provenance of the data set.
    """
    header = columns.header
    decided = [name for name in _DECIDED if name != WEIGHT or name in chosen]
    if WEIGHT in chosen and (chosen[WEIGHT] != 1).any():
        header = replace(header, weighted=True)
    row_shape, many = header.row_shape, _FEATURE_BLOCK if header.is_table else _BLOCK
    places = chosen["place"].to_numpy()
    with tempfile.TemporaryFile(dir=path.parent) as scratch, CutoutWriter(path, header, provenance) as writer:
        _scatter(scratch.fileno(), row_shape, columns, places)
        row_bytes = 4 * int(np.prod(row_shape))
        for start in range(0, len(chosen), many):
            block = os.pread(scratch.fileno(), row_bytes * min(many, len(chosen) - start), row_bytes * start)
            writer.append_pixels(np.frombuffer(block, dtype=np.float32).reshape(-1, *row_shape))
        for name in header.columns:
            if name not in decided:
                for rows in columns.taken(name, places):
                    writer.append_columns(rows)
        writer.append_columns(chosen[[name for name in ("label", "label_source", WEIGHT) if name in chosen]])
        for rows in taken_texts(names, chosen["named"].to_numpy(), "group_id"):
            writer.append_columns(rows)
        for rows in _dropped(columns.texts("candidate_id"), dropped):
            writer.drop(rows)
        writer.write_split(chosen["split"].to_numpy(np.int8), fingerprint)


def _dropped(ids: RowTexts, dropped: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield ``candidate_id step reason`` of the rows that were left out, block by block, in the order of their ids."""
    gone = np.zeros(len(ids), bool)
    gone[dropped["place"]] = True
    reason = dropped["reason"].astype("str").astype("category").cat
    texts = pa.array(texts_of(ids, gone), pa.large_string())
    table = pa.table({"candidate_id": texts, "reason": reason.codes.to_numpy()})
    order = pc.sort_indices(table, [("candidate_id", "ascending"), ("reason", "ascending")])
    for start in range(0, len(order), _BLOCK):
        some = table.take(order.slice(start, _BLOCK))
        words = reason.categories.to_numpy(object)[some["reason"].to_numpy()]
        yield pd.DataFrame({"candidate_id": some["candidate_id"].to_pandas(), "step": "data set", "reason": words})


def _scatter(scratch: int, row_shape: tuple[int, ...], columns: SourceColumns, places: NDArray[np.integer]) -> None:
    """Write every chosen row's pixels at its final place in a scratch file."""
    row_bytes = 4 * int(np.prod(row_shape))
    final = np.full(len(columns), -1, np.int32)
    final[places] = np.arange(len(places), dtype=np.int32)
    for source, first in zip(columns.sources, columns.ends[:-1].tolist(), strict=True):
        with CutoutFile(source) as file:
            for block, pixels in file.batches(_FEATURE_BLOCK if file.header.is_table else _BLOCK, hashed=True):
                mine = final[first + block.start : first + block.stop]
                for row in np.flatnonzero(mine >= 0).tolist():
                    os.pwrite(scratch, pixels[row].tobytes(), row_bytes * int(mine[row]))
