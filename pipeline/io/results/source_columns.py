"""Columns of several cutout files as if of one: each file is opened once, and its columns copied to a temporary file.

Tested by tests/pipeline/stages/test_build_dataset.py.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.ids.text_blocks import TEXTS_AT_ONCE, RowTexts
from pipeline.io.results import schema
from pipeline.io.results.cutout_file import CutoutFile
from pipeline.io.results.cutout_header import CutoutHeader

DIGEST: Final = "digest"
"""The hash of each row's pixels, beside the candidate columns."""


class SourceColumns:
    """The candidate columns of cutout files, whose rows are counted through all of them; use it by ``with``.

    A data set looks at some columns many times, and at others when the rows' order is known. Hundreds of files are
    neither opened again for each look nor kept open: while this is made each is opened once, one at a time, and its
    columns go to a temporary file, about 250 bytes per row. Memory holds a block of rows.

    Parameters
    ----------
    sources : list of Path
        The files, in order.
    folder : Path
        Where the temporary file is made; it has no name, and its space is given back when this is closed.

    Attributes
    ----------
    header : CutoutHeader
        The header that all files share.
    ends : ndarray of int, (sources + 1,)
        Where the rows of each file begin, and those of the last end.

    Raises
    ------
    InputError
        If there is no file, or the files differ in survey, channels or size.
    """

    def __init__(self, sources: list[Path], folder: Path) -> None:
        if not sources:
            raise InputError("no cutout file was given")
        self.sources = sources
        self._file = tempfile.TemporaryFile(prefix="nightsift-columns-", dir=folder)  # noqa: SIM115  (`close` does)
        self._blocks: list[tuple[slice, dict[str, tuple[int, int]]]] = []
        try:
            self.header, self.ends = self._copy()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the disk's space back."""
        self._file.close()

    def __len__(self) -> int:
        return int(self.ends[-1])

    def spans(self) -> Iterator[slice]:
        """Yield all rows in the blocks in which they are read."""
        return (rows for rows, _ in self._blocks)

    def read(self, name: str, rows: slice) -> pd.Series:
        """Return one column of rows of one block."""
        block, places = self._blocks[self._block_at(rows.start)]
        start, length = places[name]
        content = os.pread(self._file.fileno(), length, start)
        return _unpacked(content, name).iloc[rows.start - block.start : rows.stop - block.start]

    def whole(self, name: str) -> NDArray[np.number]:
        """Return one column of numbers of all rows, or :data:`DIGEST`, ``(n,)``."""
        return np.concatenate([self.read(name, rows).to_numpy() for rows in self.spans()] or [np.zeros(0)])

    def texts(self, name: str) -> RowTexts:
        """Return a text column that is read again whenever it is asked for."""
        return _Texts(self, name)

    def taken(self, name: str, places: NDArray[np.integer]) -> Iterator[pd.DataFrame]:
        """Yield a column's values at some rows in the order given, block by block; the column is in memory once."""
        if _type_of(name) == schema.TEXT:
            yield from taken_texts(self.texts(name), places, name)
            return
        values = self.whole(name)
        for start in range(0, len(places), TEXTS_AT_ONCE):
            yield pd.DataFrame({name: values[places[start : start + TEXTS_AT_ONCE]]})

    def _copy(self) -> tuple[CutoutHeader, NDArray[np.int64]]:
        """Copy the columns of all files; return what these share, and where the rows of each begin."""
        headers, counts = [], []
        waiting: list[pd.DataFrame] = []
        for source in self.sources:
            with CutoutFile(source) as file:
                headers.append(file.header)
                if headers[-1] != headers[0]:
                    raise InputError(f"{source} does not fit {self.sources[0]}: {headers[-1]} against {headers[0]}")
                counts.append(len(file))
                digests = file.pixel_digests()
                for start in range(0, len(file), TEXTS_AT_ONCE):
                    rows = slice(start, min(start + TEXTS_AT_ONCE, len(file)))
                    columns = tuple(headers[0].columns)
                    waiting.append(file.candidates(rows, columns).assign(**{DIGEST: digests[rows]}))
                    waiting = self._write_full(waiting)
        self._write(waiting)
        return headers[0], np.cumsum([0, *counts])

    def _write_full(self, waiting: list[pd.DataFrame]) -> list[pd.DataFrame]:
        """Write rows once they fill a block; return those that still wait, fewer than a block."""
        if sum(map(len, waiting)) < TEXTS_AT_ONCE:
            return waiting
        self._write(waiting)
        return []

    def _write(self, parts: list[pd.DataFrame]) -> None:
        if not sum(map(len, parts)):
            return
        rows = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
        first = self._blocks[-1][0].stop if self._blocks else 0
        places = {}
        for name in rows:
            content = _packed(rows[name], str(name))
            places[str(name)] = self._file.seek(0, os.SEEK_END), len(content)
            self._file.write(content)
        self._file.flush()
        self._blocks.append((slice(first, first + len(rows)), places))

    def _block_at(self, row: int) -> int:
        return int(np.searchsorted([rows.stop for rows, _ in self._blocks], row, "right"))


def taken_texts(texts: RowTexts, places: NDArray[np.integer], name: str) -> Iterator[pd.DataFrame]:
    """Yield texts at some rows in the order given, as column ``name``, block by block; they are in memory once."""
    parts = [pa.array(texts.read(rows), pa.large_string()) for rows in texts.spans()]
    whole = pa.chunked_array(parts, pa.large_string())
    del parts
    whole = whole.combine_chunks()
    for start in range(0, len(places), TEXTS_AT_ONCE):
        block = whole.take(pa.array(places[start : start + TEXTS_AT_ONCE]))
        yield pd.DataFrame({name: pd.Series(block.to_pandas(), dtype="str")})


def _type_of(name: str) -> str:
    kinds = {DIGEST: "uint64", **schema.ROW_COLUMNS, **schema.CANDIDATE_COLUMNS}
    return kinds.get(name, schema.METADATA_TYPE)


def _packed(values: pd.Series, name: str) -> bytes:
    """Return a column as bytes: numbers as they lie in memory, texts as an Arrow stream."""
    if _type_of(name) != schema.TEXT:
        return values.to_numpy(_type_of(name)).tobytes()
    sink = pa.BufferOutputStream()
    table = pa.table({name: pa.array(values, pa.large_string())})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _unpacked(content: bytes, name: str) -> pd.Series:
    if _type_of(name) != schema.TEXT:
        return pd.Series(np.frombuffer(content, _type_of(name)))
    return pd.Series(pa.ipc.open_stream(content).read_all()[name].to_pandas(), dtype="str")


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
