"""A second connection to a survey's database, which may write: another user, another password, one transaction.

Tested by tests/integration/databases/test_write_back.py.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import sqlalchemy
from sqlalchemy.exc import DBAPIError

from pipeline.errors import InputError, SettingsError, UnreachableError
from pipeline.io.database.connections import Database, is_broken, is_timeout, what_was_said
from pipeline.io.database.settings import DatabaseSettings

_LOCKED: Final = ("lock timeout", "Lock wait timeout", "database is locked")


class WritableDatabase(Database):
    """One database that may be written, by the user of the settings' key ``write``.

    Parameters
    ----------
    settings : DatabaseSettings
        Which one, with the key ``write``.
    folder : Path
        Where a relative path of an SQLite file starts.

    Raises
    ------
    SettingsError
        If the settings allow no writing, or do not name the user who writes to a server.
    MissingInputError, MissingExtraError
        As `Database` raises them.
    """

    _sqlite_mode = "rw"

    def __init__(self, settings: DatabaseSettings, folder: Path = Path()) -> None:
        if settings.write is None:
            raise SettingsError(
                "database has no key `write`, so nothing is written into it; allowed: "
                "`write: {user: NAME, password_variable: VARIABLE}`, of an sqlite file `write: {}`"
            )
        if settings.engine != "sqlite" and not settings.write.user:
            raise SettingsError(f"database: write: user is empty; engine {settings.engine} needs the user who writes")
        user, variable = settings.write.user, settings.write.password_variable
        super().__init__(replace(settings, user=user, password_variable=variable), folder)

    @contextmanager
    def transaction(self, what: str, needed: str) -> Iterator[sqlalchemy.Connection]:
        """Give a connection in a transaction; unless the block commits, all that was done in it is undone.

        Parameters
        ----------
        what : str
            What is written, for messages, such as ``column score of table candidates``.
        needed : str
            The rights that the user needs, for messages.

        Raises
        ------
        UnreachableError
            If the connection breaks.
        InputError
            If the database refuses; the message names server, table, column and what is needed.
        """
        try:
            with self.connect() as connection:
                yield connection
        except DBAPIError as error:
            said, where = what_was_said(error), f"{what} in the database {self.place}"
            limit = f"{self.settings.statement_timeout_s:g} s"
            if any(text in str(error.orig) for text in _LOCKED):
                raise InputError(f"{where}: locked by another transaction for {limit}: {said}") from error
            if is_timeout(error):
                raise InputError(f"{where}: took longer than statement_timeout_s, {limit}") from error
            if is_broken(error):
                raise UnreachableError(f"{where}: nothing is known to be written, run it again: {said}") from error
            raise InputError(f"{where} cannot be written: {said}; needed for user {self._writer}: {needed}") from error

    @property
    def _writer(self) -> str:
        return "of the file" if self.dialect == "sqlite" else repr(self._expanded("user"))

    def _open_sqlite(self) -> sqlite3.Connection:
        connection = super()._open_sqlite()
        connection.isolation_level = "IMMEDIATE"  # the first row that is inserted locks the file for other writers
        return connection

    def _limit(self, connection: sqlalchemy.Connection) -> None:
        """Limit the time of a statement, and of its wait for locks."""
        seconds = self.settings.statement_timeout_s
        if self.dialect == "postgresql":
            for name in ("statement_timeout", "lock_timeout"):
                connection.exec_driver_sql(f"SET LOCAL {name} = {round(1000 * seconds)}")
        elif self.dialect == "mysql":
            maria = bool(getattr(connection.dialect, "is_mariadb", False))
            if maria:  # MySQL limits the time of SELECT alone
                connection.exec_driver_sql(f"SET SESSION max_statement_time = {seconds:g}")
            connection.exec_driver_sql(f"SET SESSION innodb_lock_wait_timeout = {max(1, round(seconds))}")
