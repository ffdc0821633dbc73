"""The generic survey schema in SQLite: written from tables, by the script in ``config/queries``."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pandas as pd

from pipeline.errors import InputError
from pipeline.io.settings_files import config_folder

_SCHEMA = "generic_schema.sql"


def write_generic_survey(path: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write tables into a new database of the generic schema; NaN becomes NULL.

    Parameters
    ----------
    path : Path
        The SQLite file to write; it must not exist.
    tables : mapping of str to DataFrame
        Rows by the name of their table; columns that the schema does not know are left out,
        those that are absent become NULL.

    Raises
    ------
    InputError
        If rows break a rule of the schema, such as two candidates with one id.
    """
    script = (config_folder() / "queries" / _SCHEMA).read_text(encoding="utf-8")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(script)
        for name, table in tables.items():
            known = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
            rows = table[[column for column in known if column in table]]
            try:
                rows.to_sql(name, connection, if_exists="append", index=False)
            except pd.errors.DatabaseError as error:
                raise InputError(f"table {name} does not fit the generic schema: {error.__cause__}") from error
