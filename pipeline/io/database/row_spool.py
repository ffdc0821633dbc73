"""Rows of a query kept in a temporary file, sorted by group, and read back one group at a time."""

import heapq
import tempfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.io.database.typed_columns import TypedColumns, in_order, widest_type

_BLOCK_ROWS = 10_000


class RowSpool:
    """Typed rows in a temporary file of the folder ``TMPDIR``, in the order of two ids; use it by ``with``.

    Memory holds a block of rows, whatever their number. Some servers do not sort by bytes, for example ids padded with
    blanks: then, and only then, all rows are read once and sorted here.

    Parameters
    ----------
    names : sequence of str
        The columns.
    ids : sequence of str
        Those that are ids, as for `TypedColumns`; both of ``order_by`` are among them.
    order_by : (str, str)
        The column of the groups, and the column that orders the rows of a group; both as text by their bytes.
    what : str
        Where the rows come from, for messages.
    """

    def __init__(self, names: Sequence[str], ids: Sequence[str], order_by: Sequence[str], what: str) -> None:
        self._typed = TypedColumns(names, ids, what)
        self._group, self._key = order_by
        self._file = tempfile.TemporaryFile(prefix="nightsift-rows-")  # noqa: SIM115  (`close` does)
        self._places: list[tuple[int, int]] = []
        self._types: dict[str, pa.DataType] = {}
        self._last: pa.Table | None = None
        self._in_order = True
        self.rows = 0

    @property
    def names(self) -> list[str]:
        """Return the columns."""
        return self._typed.names

    def append(self, rows: Sequence[Sequence[object]]) -> None:
        """Add a block of rows as a driver gives them."""
        self._typed.append(rows)
        self._write(self._typed.table())

    def close_writing(self) -> None:
        """Make the rows ready to be read; those that came in another order are sorted."""
        self._types = {name: self._types.get(name, self._typed.narrowest(name)) for name in self.names}
        if not self._in_order:
            table = in_order(pa.concat_tables(self._blocks()), (self._group, self._key))
            self._restart()
            for start in range(0, len(table), _BLOCK_ROWS):
                self._write(table.slice(start, _BLOCK_ROWS))
        self._last = None

    def groups(self) -> Iterator[tuple[str, pa.Table]]:
        """Yield each value of the group's column with its rows, all groups in one set of types."""
        parts = ((name, part) for block in self._blocks() for name, part in self._parts(block))
        for name, mine in groupby(parts, key=itemgetter(0)):
            yield name, pa.concat_tables([part for _, part in mine])

    def no_rows(self) -> pa.Table:
        """Return a table of no rows in the types of the groups."""
        return pa.table({name: pa.array([], kind) for name, kind in self._types.items()})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the disk's space back."""
        self._file.close()

    def _restart(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._places, self._last, self._in_order, self.rows = [], None, True, 0

    def _write(self, table: pa.Table) -> None:
        """Put a block behind the others; each states its own types."""
        for name, column in zip(table.column_names, table.columns, strict=True):
            self._types[name] = widest_type([self._types.get(name, column.type), column.type])
        ids = table.select([self._group, self._key])
        self._in_order &= _ascends(ids if self._last is None else pa.concat_tables([self._last, ids]))
        self._last = ids.slice(len(ids) - 1)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        buffer = sink.getvalue()
        self._places.append((self._file.tell(), self._file.write(buffer)))
        self.rows += len(table)

    def _blocks(self) -> Iterator[pa.Table]:
        for start, length in self._places:
            self._file.seek(start)
            table = pa.ipc.open_stream(self._file.read(length)).read_all()
            yield pa.table({name: table[name].cast(kind) for name, kind in self._types.items()})

    def _parts(self, block: pa.Table) -> Iterator[tuple[str, pa.Table]]:
        """Cut a block where the group changes."""
        ends = pc.run_end_encode(block[self._group].combine_chunks())
        start = 0
        for name, end in zip(ends.values.to_pylist(), ends.run_ends.to_pylist(), strict=True):
            yield name, block.slice(start, end - start)
            start = end


def merged_groups(spools: Sequence[RowSpool]) -> Iterator[tuple[str, list[pa.Table]]]:
    """Yield each group with its rows in each spool, in the order of the groups' bytes; rows may be missing in a spool.

    Parameters
    ----------
    spools : sequence of RowSpool
        Closed for writing, all grouped by the same id.
    """
    streams = [_numbered(spool, number) for number, spool in enumerate(spools)]
    for name, mine in groupby(heapq.merge(*streams, key=itemgetter(0, 1)), key=itemgetter(0)):
        tables = {number: table for _, number, table in mine}
        yield name.decode(), [tables.get(number, spool.no_rows()) for number, spool in enumerate(spools)]


def _numbered(spool: RowSpool, number: int) -> Iterator[tuple[bytes, int, pa.Table]]:
    for name, table in spool.groups():
        yield name.encode(), number, table


def _ascends(ids: pa.Table) -> bool:
    """Tell whether rows are sorted by their two ids; rows that tie may follow each other."""
    (first, second) = (column.combine_chunks() for column in ids.columns)
    before, after = slice(0, len(ids) - 1), slice(1, len(ids))
    less = pc.less(first[before], first[after])
    tied = pc.and_(pc.equal(first[before], first[after]), pc.less_equal(second[before], second[after]))
    return len(ids) < 2 or bool(pc.all(pc.or_(less, tied)).as_py())
