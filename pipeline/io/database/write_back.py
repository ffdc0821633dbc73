"""Scores written into a column of a table, with a marker row of the run, in one transaction: all of it or nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, cast

import sqlalchemy
from sqlalchemy import CursorResult, false, func, insert, or_, select, update
from sqlalchemy.types import TypeEngine

from pipeline.errors import ChangedInputError, InputError, SettingsError
from pipeline.io.database.score_columns import ScoreColumn, key_binder, reflected, require_types
from pipeline.io.database.writing import WritableDatabase
from pipeline.io.results.provenance import now

MARKER_TABLE: Final = "nightsift_runs"
"""What the script ``config/queries/write_back.sql`` calls the table of runs."""

_GIVEN: Final = "nightsift_given_to_write_back"
"""The temporary table of the scores; a table of the survey that is called so would be hidden by it."""

ROWS_AT_ONCE: Final = 10_000
"""How many scores go to the server in one statement."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What the marker row says of a run beside its counts; each is a column.

    Attributes
    ----------
    fingerprint : str
        Of the run: of what is written, and of what it was made.
    survey, release_name, packages, nights : str
        What was scored, and by what.
    scored_at : str
        When the last of the scores was made, ISO, UTC.
    version : str
        Of Nightsift.
    """

    fingerprint: str
    survey: str
    release_name: str
    packages: str
    nights: str
    scored_at: str
    version: str


@dataclass(frozen=True, kw_only=True)
class Counted:
    """How scores and table meet.

    Attributes
    ----------
    matched : int
        Scored rows that the table has: those ``updated`` and those ``unchanged``.
    updated : int
        Rows that held another value, or none.
    unchanged : int
        Rows that held what would be written.
    missing : tuple of str
        Ids of scored rows that the table does not have.
    """

    matched: int
    updated: int
    unchanged: int
    missing: tuple[str, ...]


def write_back(
    database: WritableDatabase,
    to: ScoreColumn,
    scores: Sequence[tuple[str, float]],
    run: Run,
    *,
    what: str,
    marker_table: str = MARKER_TABLE,
    replace_newer: bool = False,
    dry: bool = True,
) -> Counted:
    """Write scores into the rows that have their ids, and a row that says so into the marker table.

    Rows are locked and compared first; those that hold their score already are left alone. What the table holds in the
    end is read again before the transaction is committed.

    Parameters
    ----------
    database : WritableDatabase
        Where the table is.
    to : ScoreColumn
        Its columns.
    scores : sequence of (str, float)
        Id and finite score of each row, each id once.
    run : Run
        What the marker row says.
    what : str
        What the ids are, for messages: ``candidate_id`` or ``object_id``.
    marker_table : str
        The table of runs.
    replace_newer : bool
        Whether scores may replace those of a newer release.
    dry : bool
        Whether to undo everything in the end, and so only tell what would be written.

    Raises
    ------
    SettingsError
        If the table holds scores of a newer release of the survey.
    InputError
        If a table or column is missing or cannot be written, no id is in the table, or one is in several rows.
    ChangedInputError
        If the table does not hold in the end what was written, because something changed it meanwhile.
    UnreachableError
        If the connection breaks.
    """
    needed = f"SELECT and UPDATE on {to.table}, SELECT, INSERT and UPDATE on {marker_table}, temporary tables"
    with database.transaction(to.words, needed) as connection:
        table = reflected(connection, to.table, [to.key, *to.columns], database.place)
        require_types(table, to, database.place)
        runs = _marker_table(connection, marker_table, database.place)
        _require_rights(connection, table, to, runs)
        if not replace_newer:
            _require_no_newer(connection, runs, to, run)
        with _scores_beside(connection, table, to, scores, what) as given:
            counted = _compare(connection, table, given, to, scores, what)
            if not dry:
                _update(connection, table, given, to, counted)
                _mark(connection, runs, to, run, counted)
                connection.commit()
    return counted


def _marker_table(connection: sqlalchemy.Connection, name: str, where: str) -> sqlalchemy.Table:
    columns = [*Run.__annotations__, "target_table", "target_column", "written_at"]
    columns += ["rows_matched", "rows_updated", "rows_unchanged", "rows_missing"]
    try:
        return reflected(connection, name, columns, where)
    except InputError as error:
        raise InputError(
            f"{error}; the marker table says which runs wrote: make it with config/queries/write_back.sql"
        ) from error


def _require_rights(
    connection: sqlalchemy.Connection, table: sqlalchemy.Table, to: ScoreColumn, runs: sqlalchemy.Table
) -> None:
    """Ask for what will be done, of no row: the database says whether the user may."""
    connection.execute(update(table).values({name: table.c[name] for name in to.columns}).where(false()))
    connection.execute(insert(runs).from_select(list(runs.c.keys()), select(runs).where(false())))
    connection.execute(update(runs).values(version=runs.c.version).where(false()))


def _require_no_newer(connection: sqlalchemy.Connection, runs: sqlalchemy.Table, to: ScoreColumn, run: Run) -> None:
    """Refuse to write over a newer release; a release is as old as the first of its scores that were written."""
    first = func.min(runs.c.scored_at)
    asked = select(runs.c.release_name, first).where(_is_of(runs, to), runs.c.survey == run.survey)
    since = {str(name): str(time) for name, time in connection.execute(asked.group_by(runs.c.release_name))}
    own = min(since.pop(run.release_name, run.scored_at), run.scored_at)
    newer = [name for name, time in since.items() if time > own]
    if newer:
        raise SettingsError(
            f"{to.words} holds scores of release {newer[0]!r}, the first of which were made at {since[newer[0]]}; "
            f"those of release {run.release_name!r} are older ({own}) and do not replace them, unless you say "
            "--replace-newer"
        )


def _is_of(runs: sqlalchemy.Table, to: ScoreColumn) -> sqlalchemy.ColumnElement[bool]:
    return (runs.c.target_table == to.table) & (runs.c.target_column == to.score)


@contextmanager
def _scores_beside(
    connection: sqlalchemy.Connection,
    table: sqlalchemy.Table,
    to: ScoreColumn,
    scores: Sequence[tuple[str, float]],
    what: str,
) -> Iterator[sqlalchemy.Table]:
    """Give a temporary table of the scores, whose columns have the types of the table: it rounds as the table does."""
    columns = [
        sqlalchemy.Column("id", table.c[to.key].type, autoincrement=False),
        sqlalchemy.Column("score", table.c[to.score].type),
    ]
    given = sqlalchemy.Table(_GIVEN, sqlalchemy.MetaData(), *columns, prefixes=["TEMPORARY"])
    given.create(connection, checkfirst=False)
    bound = key_binder(table.c[to.key].type, what)
    for start in range(0, len(scores), ROWS_AT_ONCE):
        rows = [{"id": bound(key), "score": score} for key, score in scores[start : start + ROWS_AT_ONCE]]
        connection.execute(insert(given), rows)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE {_GIVEN}")  # else the server takes it for small
    yield given


def _compare(
    connection: sqlalchemy.Connection,
    table: sqlalchemy.Table,
    given: sqlalchemy.Table,
    to: ScoreColumn,
    scores: Sequence[tuple[str, float]],
    what: str,
) -> Counted:
    """Lock the rows that have the ids, and return what writing would do to them."""
    same = table.c[to.key] == given.c.id
    asked = select(given.c.id, table.c[to.key], _differs(table, given, to)).join_from(given, table, same)
    found: dict[str, bool] = {}
    for wanted, there, differs in connection.execute(asked.with_for_update()):
        name, key = str(wanted).rstrip(" "), str(there).rstrip(" ")  # which CHAR(n) puts behind texts
        if name in found:
            raise InputError(f"{what} {name!r} is in several rows of table {to.table}, column {to.key}; allowed: one")
        if name != key:
            raise InputError(
                f"{what} {name!r} meets {key!r} in column {to.key} of table {to.table}, whose collation takes them for "
                "the same; allowed: a collation that compares bytes, such as utf8mb4_bin"
            )
        found[name] = bool(differs)
    if scores and not found:
        raise InputError(
            f"none of the {len(scores)} scored {what}, the first {scores[0][0]!r}, is in column {to.key} of table "
            f"{to.table} in the database: is it another table, or another id?"
        )
    updated = sum(found.values())
    held = key_binder(given.c.id.type, what)  # as the table writes it: a UUID has several spellings
    missing = tuple(key for key, _ in scores if str(held(key)).rstrip(" ") not in found)
    return Counted(matched=len(found), updated=updated, unchanged=len(found) - updated, missing=missing)


def _differs(table: sqlalchemy.Table, given: sqlalchemy.Table, to: ScoreColumn) -> sqlalchemy.ColumnElement[bool]:
    texts = [table.c[name].is_distinct_from(text) for name, text in to.texts.items()]
    return or_(table.c[to.score].is_distinct_from(given.c.score), *texts)


def _update(
    connection: sqlalchemy.Connection,
    table: sqlalchemy.Table,
    given: sqlalchemy.Table,
    to: ScoreColumn,
    counted: Counted,
) -> None:
    """Write the rows that differ, and see that they hold what was written."""
    same = table.c[to.key] == given.c.id
    values: dict[str, Any] = {to.score: given.c.score, **to.texts}
    if to.time:
        values[to.time] = _time_for(table.c[to.time].type)
    changing = update(table).where(same, _differs(table, given, to)).values(values)
    done = cast("CursorResult[Any]", connection.execute(changing))
    wrong = select(func.count()).select_from(given.join(table, same)).where(_differs(table, given, to))
    there = select(func.count()).select_from(given.join(table, same))
    still, matched = connection.scalar(wrong) or 0, connection.scalar(there) or 0
    if still or matched != counted.matched or done.rowcount not in (-1, counted.updated):
        raise ChangedInputError(
            f"{to.words} changed while it was written: {counted.updated} rows to update and {done.rowcount} updated, "
            f"{counted.matched} rows before and {matched} after, {still} of which do not hold their score: a trigger, "
            "or another transaction; nothing was written"
        )


def _time_for(kind: TypeEngine[Any]) -> str | datetime:
    """Return the UTC time as a column holds it; one that knows its zone would take a bare time for the session's."""
    if isinstance(kind, sqlalchemy.String):
        return now()
    time = datetime.fromisoformat(now())
    return time if getattr(kind, "timezone", False) else time.replace(tzinfo=None)


def _mark(
    connection: sqlalchemy.Connection, runs: sqlalchemy.Table, to: ScoreColumn, run: Run, counted: Counted
) -> None:
    """Write the marker row; that of the same run stays if nothing was updated since."""
    own = _is_of(runs, to) & (runs.c.fingerprint == run.fingerprint)
    counts = {
        "rows_matched": counted.matched,
        "rows_updated": counted.updated,
        "rows_unchanged": counted.unchanged,
        "rows_missing": len(counted.missing),
        "written_at": now(),
    }
    if not connection.scalar(select(func.count()).select_from(runs).where(own)):
        place = {"target_table": to.table, "target_column": to.score}
        connection.execute(insert(runs).values(**asdict(run), **place, **counts))
    elif counted.updated:
        connection.execute(update(runs).where(own).values(**counts))
