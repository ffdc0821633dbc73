"""The store of verdicts: each batch is one transaction, confirmed once it is on disk; no row is ever changed."""

import sqlite3
import weakref
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.classes import CLASS_NAMES
from pipeline.errors import InputError, SettingsError, StorageError, UnknownNameError
from pipeline.io.database.settings import DatabaseSettings, WritingUser
from pipeline.io.database.writing import WritableDatabase
from pipeline.io.verdicts.verdict import ABOUT, COLUMNS, METADATA, SCHEMA, STATES, UNDO, VERDICTS, Verdict
from pipeline.path_names import require_path_name

PLACE: Final = Path("verdicts", "verdicts.sqlite")
"""The SQLite file of a survey, below its folder of results."""

_WHAT, _NEEDED = "table verdicts", "SELECT and INSERT on the tables verdicts and verdicts_schema"
_AT_ONCE: Final = 500
"""How many verdicts one statement names, below the limits of every server."""
_ALONE: Final = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "SELECT pg_advisory_xact_lock(hashtext('nightsift verdicts'))",
}
"""What makes others wait that would make the tables at the same time."""


class VerdictStore(WritableDatabase):
    """An open store; use `open_store`.

    Parameters
    ----------
    settings : DatabaseSettings
        The database, with the key ``write``.
    folder : Path
        Where an SQLite file lies.
    class_names : sequence of str
        What a verdict may be, beside `STATES`.
    """

    def __init__(self, settings: DatabaseSettings, folder: Path, class_names: Sequence[str]) -> None:
        super().__init__(settings, folder)
        self.allowed = (*class_names, *STATES)
        self._open = ExitStack()
        weakref.finalize(self, self._open.close)
        if self.dialect == "sqlite":  # one connection stays open, or else each batch would fold the log into the file
            kept = self._open.enter_context(closing(sqlite3.connect(self._file, check_same_thread=False)))
            kept.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def close(self) -> None:
        """Close what is kept open."""
        self._open.close()

    def _open_sqlite(self) -> sqlite3.Connection:
        connection = super()._open_sqlite()
        connection.execute("PRAGMA synchronous = FULL")
        return connection


def open_store(
    survey: str,
    settings: DatabaseSettings | None = None,
    *,
    data: Path,
    class_names: Sequence[str] = CLASS_NAMES,
) -> VerdictStore:
    """Open the store of a survey's verdicts; make it if it is not there.

    Parameters
    ----------
    survey : str
        Name of the survey.
    settings : DatabaseSettings or None
        A PostgreSQL database, with the key ``write``; None stands for ``<data>/<survey>/verdicts/verdicts.sqlite``.
    data : Path
        Folder of all results.
    class_names : sequence of str
        What a verdict may be, beside `STATES`.

    Raises
    ------
    SettingsError
        If the database is neither SQLite nor PostgreSQL, or may not be written.
    StorageError
        If the folder cannot be made, or the file not be opened.
    InputError
        If the table is of another version, or the database refuses.
    """
    if settings is None:
        settings, folder = _own_file(data / require_path_name(survey, "survey"))
    elif settings.engine != "postgresql":
        raise SettingsError(f"verdicts: engine is {settings.engine!r}; allowed: postgresql, or no key `verdicts`")
    else:
        folder = Path()
    store = VerdictStore(settings, folder, class_names)
    _require_tables(store)
    return store


def append(store: VerdictStore, verdicts: Sequence[Verdict]) -> list[int]:
    """Add verdicts in one transaction, and return their numbers once they are on disk.

    A verdict whose token is there already is not added again: its number is that of the first time.

    Raises
    ------
    InputError
        If a verdict is none that the store allows, or a token was used for another verdict.
    UnreachableError
        If the connection breaks; nothing of the batch is known to be kept, and it may be sent again.
    """
    for verdict in verdicts:
        if verdict.verdict not in store.allowed:
            raise InputError(
                f"verdict on candidate {verdict.candidate_id!r} is {verdict.verdict!r}; "
                f"allowed: {', '.join(store.allowed)}"
            )
    return _add(store, [_row(verdict) for verdict in verdicts])


def undo(store: VerdictStore, verdict_ids: Sequence[int], person: str, tokens: Sequence[str]) -> list[int]:
    """Take verdicts of a person back, by a row for each in one transaction; return the numbers of these rows.

    Parameters
    ----------
    store : VerdictStore
        Where they are.
    verdict_ids : sequence of int
        Their numbers.
    person : str
        Who gave them, and takes them back.
    tokens : sequence of str
        Of each new row, as for `append`.

    Raises
    ------
    InputError
        If there is no such verdict, another person gave it, or it is itself an undo.
    """
    with store.transaction(_WHAT, _NEEDED) as connection:
        found = _by(connection, "verdict_id", list(verdict_ids))
    known = {row["verdict_id"]: row for row in found}
    rows = []
    for number, token in zip(verdict_ids, tokens, strict=True):
        row = known.get(number)
        if row is None or row["person"] != person or row["verdict"] == UNDO:
            raise InputError(f"verdict {number} cannot be undone by {person!r}; allowed: verdicts of one's own")
        kept = {name: row[name] for name in COLUMNS if name != "verdict_id"}
        share = 1.0 / len(verdict_ids)  # one key takes all of them back
        rows.append(
            kept | {"verdict": UNDO, "undoes": number, "token": token, "at_utc": _now(), "keys": share, "seconds": None}
        )
    return _add(store, rows)


def read(store: VerdictStore, *, resolved: bool = False, after: int = 0, **of: str) -> pd.DataFrame:
    """Return the verdicts, the oldest first.

    Parameters
    ----------
    store : VerdictStore
        The open store.
    resolved : bool
        Whether verdicts that were undone, and the rows that undid them, are left out.
    after : int
        Only those with a larger number; what they undo may be among the others.
    **of : str
        Only those whose columns are so, such as ``night="2026-01-05"``, ``person="ada"``.

    Returns
    -------
    DataFrame
        With `COLUMNS`; a score or time that is not known is NaN, and ``undoes`` is missing but for an undo.
    """
    wanted = sql.select(VERDICTS).where(VERDICTS.c.verdict_id > after).order_by(VERDICTS.c.verdict_id)
    for name, value in of.items():
        if name not in COLUMNS:
            raise UnknownNameError("column of verdicts", name, COLUMNS)
        wanted = wanted.where(VERDICTS.c[name] == value)
    with store.transaction(_WHAT, _NEEDED) as connection:
        rows = connection.execute(wanted).mappings().all()
    table = pd.DataFrame([dict(row) for row in rows], columns=list(COLUMNS))
    table = table.astype({"undoes": "Int64", "score": "float64", "seconds": "float64", "verdict_id": "int64"})
    if not resolved:
        return table
    undone = table["verdict_id"].isin(set(table["undoes"].dropna()))
    return table[(table["verdict"] != UNDO) & ~undone].reset_index(drop=True)


def _own_file(folder: Path) -> tuple[DatabaseSettings, Path]:
    """Make the SQLite file of a survey if it is not there; return its settings, and its folder."""
    path = folder / PLACE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
    except (OSError, sqlite3.Error) as error:
        raise StorageError(f"{path} cannot hold verdicts: {error}") from error
    return DatabaseSettings(file=path.name, write=WritingUser(), statement_timeout_s=30.0), path.parent


def _require_tables(store: VerdictStore) -> None:
    """Make the tables if they are not there, and refuse those of another version."""
    with store.transaction(_WHAT, f"{_NEEDED}, and CREATE where they are not there yet") as connection:
        connection.exec_driver_sql(_ALONE[store.dialect])
        METADATA.create_all(connection)
        if not (versions := set(connection.scalars(sql.select(ABOUT.c.version)))):
            connection.execute(ABOUT.insert().values(version=SCHEMA))
            versions = {SCHEMA}
        connection.commit()
    if versions != {SCHEMA}:
        said = ", ".join(map(str, sorted(versions)))
        raise InputError(f"{store.place}: verdicts of schema {said}; this version reads schema {SCHEMA}")


def _row(verdict: Verdict) -> dict[str, Any]:
    """Return the columns of a verdict as they are kept; what is not a number is NULL."""
    row = asdict(verdict) | {"at_utc": _now(), "gold": int(verdict.gold), "undoes": None}
    return row | {name: None if row[name] != row[name] else float(row[name]) for name in ("score", "seconds")}


def _add(store: VerdictStore, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert rows in one transaction, but those that are there by their token; return the numbers of all."""
    if not rows:
        return []
    tokens = [row["token"] for row in rows]
    with store.transaction(_WHAT, _NEEDED) as connection:
        for start in range(0, len(rows), _AT_ONCE):
            connection.execute(_unless_there(store), list(rows[start : start + _AT_ONCE]))
        found = {row["token"]: row for row in _by(connection, "token", tokens)}
        for row in rows:
            _require_same(found[row["token"]], row)
        connection.commit()
    return [int(found[token]["verdict_id"]) for token in tokens]


def _unless_there(store: VerdictStore) -> sql.Insert:
    """Return the statement that adds a row unless its token is there."""
    if store.dialect == "sqlite":
        return sqlite.insert(VERDICTS).on_conflict_do_nothing(index_elements=["token"])
    return postgresql.insert(VERDICTS).on_conflict_do_nothing(index_elements=["token"])


def _require_same(kept: dict[str, Any], sent: dict[str, Any]) -> None:
    names = ("survey", "candidate_id", "of", "verdict", "person", "undoes")
    if any(kept[name] != sent[name] for name in names):
        raise InputError(
            f"token {sent['token']!r} of {sent['person']!r} was used for candidate {kept['candidate_id']!r} before; "
            "allowed: a new token for each verdict"
        )


def _by(connection: sql.Connection, column: str, values: Sequence[object]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for start in range(0, len(values), _AT_ONCE):
        wanted = sql.select(VERDICTS).where(VERDICTS.c[column].in_(values[start : start + _AT_ONCE]))
        found += [dict(row) for row in connection.execute(wanted).mappings()]
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
