"""Databases through SQLAlchemy: named queries with bound parameters, ordered rows, read-only."""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

from pipeline.errors import InputError, MissingInputError, SettingsError, UnknownNameError
from pipeline.io.ids import id_text
from pipeline.io.settings_files import config_folder

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def sqlite_engine(path: Path) -> sqlalchemy.Engine:
    """Return an engine that reads an SQLite file and cannot write it."""
    if not path.is_file():
        raise MissingInputError(f"no database file {path}")
    url = f"sqlite:///file:{path.resolve().as_posix()}?mode=ro&uri=true"
    return sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)


def query_text(folder: str, name: str) -> str:
    """Return the named query ``config/queries/<folder>/<name>.sql``, one SELECT without its semicolon."""
    home = config_folder() / "queries" / folder
    known = sorted(path.stem for path in home.glob("*.sql"))
    if name not in known:
        raise UnknownNameError(f"query of {folder!r}", name, known)
    lines = (home / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("--")).strip().rstrip(";")
    if not text.lower().startswith(("select", "with")):
        raise SettingsError(f"queries/{folder}/{name}.sql does not begin with SELECT or WITH")
    return text


def identifier(name: str) -> str:
    """Return a table or column name that is safe to stand in SQL, or raise."""
    if not _IDENTIFIER.fullmatch(name):
        raise SettingsError(f"{name!r} is no name of a table or column; allowed: letters, digits, underscores")
    return name


def select(
    engine: sqlalchemy.Engine,
    query: str,
    parameters: Mapping[str, object],
    *,
    order_by: str = "",
    where: str,
    text_columns: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Run a query and return its rows in an order that no server's collation decides.

    Parameters
    ----------
    engine : Engine
        Where to ask.
    query : str
        A SELECT with ``:name`` parameters; those that it does not name are ignored.
    parameters : mapping
        Values of the parameters; they are bound, never pasted.
    order_by : str
        A column of the result, sorted here as text; rows that tie are sorted by their other columns. Empty: by
        all columns.
    where : str
        The query's name for messages.
    text_columns : tuple of str
        Columns that are ids: they come as text, whatever the server's type, and never pass a float; an absent
        one is empty.

    Raises
    ------
    InputError
        If the database refuses, the ordering column is missing, or an id is a float that may be rounded.
    """
    try:
        with engine.connect() as connection:
            result = connection.execute(sqlalchemy.text(query), dict(parameters))
            columns, rows = list(result.keys()), [tuple(row) for row in result]
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise InputError(f"query {where}: {said}") from error
    if order_by and order_by not in columns:
        raise InputError(f"query {where}: column {order_by!r} is missing; there: {', '.join(columns)}")
    first = columns.index(order_by) if order_by else 0
    rows.sort(key=lambda row: (str(row[first]), *map(str, row)))
    return pd.DataFrame(
        {
            name: _ids([row[index] for row in rows], f"query {where}: column {name!r}")
            if name in text_columns
            else pd.Series([row[index] for row in rows])
            for index, name in enumerate(columns)
        }
    )


def _ids(values: list[object], what: str) -> pd.Series:
    return pd.Series([id_text(value, what) for value in values], dtype="str")
