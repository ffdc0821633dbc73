"""Runs named queries with bound parameters; rows come typed, and in the same order from every server."""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import NoReturn, TypeVar

import pandas as pd
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pipeline.errors import InputError, UnknownNameError, UnreachableError
from pipeline.io.database.connections import Database, is_broken, is_timeout, letting_go, what_was_said
from pipeline.io.database.identifiers import identifier
from pipeline.io.database.query_files import Dialect, Query
from pipeline.io.database.row_spool import RowSpool
from pipeline.io.database.typed_columns import TypedColumns, bound_values, in_order, to_frame

log = logging.getLogger(__name__)
Rows = TypeVar("Rows", TypedColumns, RowSpool)

BLOCK_ROWS = 10_000
"""How many rows are Python objects at a time."""
_POSTGRESQL_CHAR = 1042
"""What PostgreSQL calls the type CHAR(n), bpchar, in a result's description."""
_AS_BYTES: Mapping[Dialect, str] = {
    "postgresql": 'CAST(q.{} AS text) COLLATE "C" NULLS FIRST',
    "mysql": "CONVERT(q.{} USING utf8mb4) COLLATE utf8mb4_bin",
    "sqlite": "CAST(q.{} AS TEXT) COLLATE BINARY",
}
"""How each server sorts a column as text by its bytes, whatever its collation."""


def select(
    database: Database,
    query: Query,
    parameters: Mapping[str, object],
    *,
    order_by: str = "",
    ids: Sequence[str] = (),
) -> pd.DataFrame:
    """Run a query and return its rows in an order that no server's collation decides.

    The rows are streamed from the server in blocks and kept as typed columns. A connection that breaks is
    tried again, from the query's start, after a wait that doubles.

    Parameters
    ----------
    database : Database
        Where to ask.
    query : Query
        A SELECT with ``:name`` parameters.
    parameters : mapping
        Values of the parameters; they are bound, never pasted. Those that the query does not name are ignored.
    order_by : str
        A column of the result, sorted as text by its bytes; rows that tie are sorted by their other columns.
        Empty: by all columns.
    ids : sequence of str
        Columns that are ids: they come as text, whatever the server's type, and never pass a float; an absent
        one is empty.

    Raises
    ------
    UnreachableError
        If the connection breaks as often as ``attempts`` allows.
    InputError
        If the database refuses, a statement takes too long, the ordering column is missing, or an id is a
        float that may be rounded.
    """
    keys = (order_by,) if order_by else ()
    found = _tried(database, query, parameters, keys, lambda names: TypedColumns(names, ids, f"query {query.name}"))
    return to_frame(in_order(found.table(), keys))


@contextmanager
def spooled(
    database: Database,
    query: Query,
    parameters: Mapping[str, object],
    *,
    order_by: tuple[str, str],
    ids: Sequence[str],
) -> Iterator[RowSpool]:
    """Run a query and keep its rows on disk, in the order of two ids.

    No row is yielded before the last one has come, so that a connection that breaks, and is tried again, yields no row
    twice; and no connection stays open while the rows are worked on.

    Parameters
    ----------
    database : Database
        Where to ask.
    query : Query
        A SELECT with ``:name`` parameters.
    parameters : mapping
        Values of the parameters, as for `select`.
    order_by : (str, str)
        The column of the groups in which the rows are read back, and the column that orders a group's rows.
    ids : sequence of str
        Columns that are ids, as for `select`; both of ``order_by`` are among them.

    Yields
    ------
    RowSpool
        Closed for writing; its temporary file is removed when the block ends.

    Raises
    ------
    UnreachableError, InputError
        As `select` raises them.
    """
    with ExitStack() as kept:

        def start(names: list[str]) -> RowSpool:
            kept.close()  # what came before the connection broke
            return kept.enter_context(RowSpool(names, ids, order_by, f"query {query.name}"))

        spool = _tried(database, query, parameters, order_by, start)
        spool.close_writing()
        yield spool


def _tried(
    database: Database,
    query: Query,
    parameters: Mapping[str, object],
    order_by: Sequence[str],
    start: Callable[[list[str]], Rows],
) -> Rows:
    """Return all rows in what ``start`` makes for their columns, made anew whenever the connection breaks."""
    values = _values(query, parameters)
    attempts, wait = database.settings.attempts, database.settings.wait_s
    for attempt in range(1, attempts + 1):
        try:
            return _read(database, query, values, order_by, start)
        except DBAPIError as error:
            if not is_broken(error):
                _refuse(database, query, error, order_by, values)
            said = what_was_said(error)
        if attempt < attempts:
            log.warning(
                "query %s: attempt %d of %d failed: %s; again in %g s", query.name, attempt, attempts, said, wait
            )
            time.sleep(wait)
            wait *= 2
    raise UnreachableError(
        f"query {query.name}: the database {database.place} does not answer, asked {attempts} times: {said}"
    )


def columns_of(database: Database, query: Query, parameters: Mapping[str, object]) -> list[str]:
    """Return the columns of a query's result without fetching a row; errors are those of `select`."""
    values = _values(query, parameters)
    try:
        with database.connect() as connection:
            result = connection.exec_driver_sql(f"{_wrapped(query, database.dialect)} LIMIT 0", _used(query, values))
            return list(result.keys())
    except DBAPIError as error:
        if is_broken(error):
            raise UnreachableError(f"the database {database.place} does not answer: {what_was_said(error)}") from error
        _refuse(database, query, error, (), values)


def _values(query: Query, parameters: Mapping[str, object]) -> dict[str, object]:
    absent = [name for name in query.parameters if name not in parameters]
    if absent:
        raise UnknownNameError(f"parameter of query {query.name}", absent[0], parameters)
    return bound_values(parameters, f"query {query.name}")


def _wrapped(query: Query, dialect: Dialect) -> str:
    """Return a SELECT around the query, within which nothing but one SELECT is valid SQL."""
    return f"SELECT * FROM (\n{query.written_for(dialect)}\n) AS q"  # noqa: S608  (a file of the settings)


def _used(query: Query, values: Mapping[str, object]) -> dict[str, object]:
    return {name: values[name] for name in query.parameters}


def _read(
    database: Database,
    query: Query,
    values: Mapping[str, object],
    order_by: Sequence[str],
    start: Callable[[list[str]], Rows],
) -> Rows:
    sql = _wrapped(query, database.dialect)
    if order_by:
        keys = [_AS_BYTES[database.dialect].format(_quoted(name, database.dialect)) for name in order_by]
        sql += f" ORDER BY {', '.join(keys)}"
    with database.connect() as connection:
        streaming = connection.execution_options(stream_results=True, max_row_buffer=BLOCK_ROWS)
        result = streaming.exec_driver_sql(sql, _used(query, values))
        found = start(list(result.keys()))
        with letting_go(result.cursor):
            for rows in result.partitions(BLOCK_ROWS):
                found.append(_unpadded(rows, _padded(result.cursor, database.dialect)))
    return found


def _padded(cursor: object, dialect: Dialect) -> list[int]:
    """Return the places of the columns of CHAR(n), which PostgreSQL alone fills up with blanks."""
    described = getattr(cursor, "description", None) or () if dialect == "postgresql" else ()
    return [place for place, column in enumerate(described) if column[1] == _POSTGRESQL_CHAR]


def _unpadded(rows: Sequence[Sequence[object]], places: Collection[int]) -> Sequence[Sequence[object]]:
    """Return rows without the trailing blanks of the columns in some places."""
    if not places:
        return rows
    return [
        [value.rstrip(" ") if place in places and isinstance(value, str) else value for place, value in enumerate(row)]
        for row in rows
    ]


def _quoted(name: str, dialect: Dialect) -> str:
    mark = "`" if dialect == "mysql" else '"'
    return f"{mark}{identifier(name)}{mark}"


def _refuse(
    database: Database, query: Query, error: SQLAlchemyError, order_by: Sequence[str], values: Mapping[str, object]
) -> NoReturn:
    """Raise the error that says why the database refused a query."""
    if isinstance(error, DBAPIError) and is_timeout(error):
        limit = database.settings.statement_timeout_s
        raise InputError(f"query {query.name}: took longer than statement_timeout_s, {limit:g} s") from error
    if order_by:
        there = columns_of(database, query, values)
        absent = [name for name in order_by if name not in there]
        if absent:
            raise InputError(
                f"query {query.name}: column {absent[0]!r} is missing; there: {', '.join(there)}"
            ) from error
    raise InputError(f"query {query.name}: {what_was_said(error)}") from error
