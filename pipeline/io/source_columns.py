"""Columns of several cutout files as of one, read a block at a time."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.io import schema
from pipeline.io.cutout_file import CutoutFile
from pipeline.row_texts import TEXTS_AT_ONCE, RowTexts


class SourceColumns:
    """The candidate columns of cutout files, whose rows are counted through all of them.

    Parameters
    ----------
    sources : list of Path
        The files, in order.
    """

    def __init__(self, sources: list[Path]) -> None:
        self.sources = sources
        counts = []
        for source in sources:
            with CutoutFile(source) as file:
                counts.append(len(file))
        self.ends = np.cumsum([0, *counts])
        """Where each file begins, and the last ends."""

    def __len__(self) -> int:
        return int(self.ends[-1])

    def spans(self) -> Iterator[slice]:
        """Yield all rows in blocks, of which none crosses from one file to the next."""
        for first, last in zip(self.ends[:-1].tolist(), self.ends[1:].tolist(), strict=True):
            for start in range(first, last, TEXTS_AT_ONCE):
                yield slice(start, min(start + TEXTS_AT_ONCE, last))

    def read(self, name: str, rows: slice) -> pd.Series:
        """Return one column of a block."""
        index = int(np.searchsorted(self.ends, rows.start, "right")) - 1
        first = int(self.ends[index])
        with CutoutFile(self.sources[index]) as file:
            return file.candidates(slice(rows.start - first, rows.stop - first), (name,))[name]

    def texts(self, name: str) -> RowTexts:
        """Return a text column that is read again whenever it is asked for."""
        return _Texts(self, name)

    def taken(self, name: str, places: NDArray[np.integer]) -> Iterator[pd.DataFrame]:
        """Yield a column's values at some rows in the order given, block by block; the column is in memory once."""
        yield from (
            taken_texts(self.texts(name), places, name)
            if schema.CANDIDATE_COLUMNS[name] == schema.TEXT
            else (self._taken_numbers(name, places))
        )

    def _taken_numbers(self, name: str, places: NDArray[np.integer]) -> Iterator[pd.DataFrame]:
        parts = [self.read(name, rows).to_numpy() for rows in self.spans()]
        values = np.concatenate(parts) if parts else np.zeros(0)
        for start in range(0, len(places), TEXTS_AT_ONCE):
            yield pd.DataFrame({name: values[places[start : start + TEXTS_AT_ONCE]]})


def taken_texts(texts: RowTexts, places: NDArray[np.integer], name: str) -> Iterator[pd.DataFrame]:
    """Yield texts at some rows in the order given, as column ``name``, block by block; they are in memory once."""
    parts = [pa.array(texts.read(rows), pa.large_string()) for rows in texts.spans()]
    whole = pa.chunked_array(parts, pa.large_string())
    del parts
    whole = whole.combine_chunks()
    for start in range(0, len(places), TEXTS_AT_ONCE):
        block = whole.take(pa.array(places[start : start + TEXTS_AT_ONCE]))
        yield pd.DataFrame({name: pd.Series(block.to_pandas(), dtype="str")})


class _Texts:
    """One text column of the files."""

    def __init__(self, columns: SourceColumns, name: str) -> None:
        self._columns, self._name = columns, name

    def __len__(self) -> int:
        return len(self._columns)

    def spans(self) -> Iterator[slice]:
        return self._columns.spans()

    def read(self, rows: slice) -> pd.Series:
        return self._columns.read(self._name, rows)
