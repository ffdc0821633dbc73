"""A night's rows of a table of alerts, one block at a time: memory holds one block, and no rows of other nights."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.errors import InputError, MissingInputError
from pipeline.ids.hashes import id_hashes, repeated_hashes
from pipeline.ids.text import id_texts
from pipeline.io.files.bounded_parquet import rows_at_once
from pipeline.io.files.damaged import naming
from pipeline.io.files.size_limits import stored_bytes
from pipeline.io.results.content import frame_digest
from pipeline.io.results.night_manifest import Entry
from pipeline.io.results.sealed_parquet import require_credible_parquet
from pipeline.night import MJD_EPOCH, night_name, night_number, parse_night
from pipeline.surveys.alerts.packet_layouts import TimeFormat
from pipeline.times import allowed_times, column_mjd, is_possible

_IDS = ("candidate_id", "object_id", "exposure_id")
_READ_ROWS = 16_384
"""Rows of the file that are looked at together."""


@dataclass(frozen=True, kw_only=True)
class AlertRows:
    """The rows of a Parquet table of alerts.

    Attributes
    ----------
    path : Path
        The table.
    columns : mapping
        Candidate column to the table's column; ``candidate_id`` and ``time_mjd`` are among them.
    time_format : str
        Of the column for ``time_mjd``.
    longitude_deg : float
        Of the site, which decides what a night is.
    """

    path: Path
    columns: Mapping[str, str]
    time_format: TimeFormat
    longitude_deg: float

    def nights(self) -> list[str]:
        """Return the nights that hold alerts, sorted."""
        found: set[int] = set()
        for _, numbers in self._night_numbers():
            found |= set(np.unique(numbers).tolist())
        return [night_name(number) for number in sorted(found)]

    def blocks(
        self, night: str, size: int, *, columns: tuple[str, ...] = (), extra: tuple[str, ...] = ()
    ) -> Iterator[pd.DataFrame]:
        """Yield the night's rows in the file's order, ``size`` at a time and the rest in the last block.

        Parameters
        ----------
        night : str
            An ISO date; empty for the rows of all nights.
        size : int
            Rows per block.
        columns : tuple of str
            Candidate columns to read; all if it is empty.
        extra : tuple of str
            Further columns of the table, which come as ``extra_<name>``.

        Yields
        ------
        DataFrame
            The columns asked for, and ``row``, the row of the file.

        Raises
        ------
        MissingInputError, InputError
            If there is no such file, it is not a table, a column is missing, or a time is not finite.
        """
        read = {name: column for name, column in self.columns.items() if not columns or name in columns}
        names = [*dict.fromkeys([*read.values(), *extra])]
        self._require(names)
        held: pa.Table | None = None
        for part in self._chosen(night, names):
            held = part if held is None else pa.concat_tables([held, part])
            while len(held) >= size:
                yield self._frame(held.slice(0, size), read, extra)
                held = held.slice(size)
        if held is not None and len(held):
            yield self._frame(held, read, extra)

    def summary(self, night: str, size: int) -> Entry:
        """Return ``rows`` and ``sha256`` of a night, wherever in the file its rows are; 8 bytes are held of each id.

        Raises
        ------
        InputError
            If a ``candidate_id`` is empty or appears twice, or as of `blocks`.
        """
        digest, count, hashes = hashlib.sha256(), 0, []
        for block in self.blocks(night, size):
            digest.update(frame_digest(block.drop(columns="row")).encode())
            count += len(block)
            empty = block["row"][block["candidate_id"] == ""]
            if len(empty):
                raise InputError(f"{self.path.name}: row {empty.iloc[0]}: candidate_id '' is empty")
            hashes.append(id_hashes(block["candidate_id"]))
        self._require_once(night, size, repeated_hashes(hashes))
        return {"rows": count, "sha256": digest.hexdigest()}

    def _require_once(self, night: str, size: int, suspects: NDArray[np.uint64]) -> None:
        """Raise `InputError` where an id appears twice; ids with equal hashes are compared in another pass."""
        seen: set[str] = set()
        for block in self.blocks(night, size, columns=("candidate_id",)) if len(suspects) else ():
            for place in np.flatnonzero(np.isin(id_hashes(block["candidate_id"]), suspects)):
                name = block["candidate_id"].iloc[place]
                if name in seen:
                    row = block["row"].iloc[place]
                    raise InputError(f"{self.path.name}: row {row}: candidate_id {name!r} appears twice")
                seen.add(name)

    @contextmanager
    def _open(self) -> Iterator[pq.ParquetFile]:
        if not self.path.is_file():
            raise MissingInputError(f"no file {self.path}")
        with naming(self.path, "Parquet file"):
            require_credible_parquet(self.path)
            with pq.ParquetFile(self.path, page_checksum_verification=True) as file:
                yield file

    def _rows_at_once(self, file: pq.ParquetFile) -> int:
        return rows_at_once(file.metadata, stored_bytes(self.path), _READ_ROWS)

    def _require(self, names: list[str]) -> None:
        with self._open() as file:
            there = file.schema_arrow.names
        absent = [name for name in names if name not in there]
        if absent:
            raise InputError(f"{self.path}: column {absent[0]!r} is missing; there: {', '.join(there)}")

    def _night_numbers(self) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Yield the first row of each batch and the nights of its rows, as MJDs of their dates."""
        column, start = self.columns["time_mjd"], 0
        self._require([column])
        with self._open() as file:
            for batch in file.iter_batches(self._rows_at_once(file), columns=[column]):
                times = self._times(batch.column(0), start)
                timeless = np.flatnonzero(~is_possible(times))
                if len(timeless):
                    row, value = start + timeless[0], batch.column(0)[timeless[0]].as_py()
                    what = "is not finite" if value is None or value != value else f"is {value!r}"
                    raise InputError(
                        f"{self.path}: row {row}: {column!r} {what}; an alert without a time has no night; "
                        f"allowed: {allowed_times(self.time_format)}"
                    )
                yield start, night_number(times, self.longitude_deg)
                start += batch.num_rows

    def _times(self, column: pa.Array | pa.ChunkedArray, start: int = 0) -> NDArray[np.float64]:
        what = f"{self.path}: column {self.columns['time_mjd']!r}"
        return column_mjd(column.to_pandas(), what, time_format=self.time_format, first_row=start)

    def _chosen(self, night: str, names: list[str]) -> Iterator[pa.Table]:
        """Yield the night's rows, with their row in the file as ``_ROW``; row groups without any are not read."""
        asked = (parse_night(night) - MJD_EPOCH).days if night else None
        mine = [
            start + np.flatnonzero((numbers == asked) | (asked is None)) for start, numbers in self._night_numbers()
        ]
        rows = np.concatenate([np.zeros(0, np.int64), *mine])
        with self._open() as file:
            start = 0
            for group in range(file.num_row_groups):
                end = start + file.metadata.row_group(group).num_rows
                first, last = np.searchsorted(rows, [start, end])
                if last > first:
                    yield from _taken(file, group, names, rows[first:last] - start, start, self._rows_at_once(file))
                start = end

    def _frame(self, table: pa.Table, columns: Mapping[str, str], extra: tuple[str, ...]) -> pd.DataFrame:
        frame = pd.DataFrame(
            {
                name: id_texts(table[column], f"{self.path}: column {column!r}")
                if name in _IDS
                else table[column].to_pandas()
                for name, column in columns.items()
            }
        )
        if "time_mjd" in frame:
            frame["time_mjd"] = self._times(table[columns["time_mjd"]])
        for column in extra:
            frame[f"extra_{column}"] = table[column].to_pandas()
        return frame.assign(row=table[_ROW].to_numpy())


_ROW = "\0row"


def _taken(
    file: pq.ParquetFile, group: int, names: list[str], rows: NDArray[np.int64], offset: int, at_once: int
) -> Iterator[pa.Table]:
    """Yield some rows of a row group, counted within it."""
    start = 0
    for batch in file.iter_batches(at_once, row_groups=[group], columns=names):
        first, last = np.searchsorted(rows, [start, start + batch.num_rows])
        if last > first:
            part = pa.Table.from_batches([batch]).take(pa.array(rows[first:last] - start))
            yield part.append_column(_ROW, pa.array(rows[first:last] + offset))
        start += batch.num_rows
