"""Connections to a survey's database: read-only, with a time limit, credentials kept out of sight.

Tested by tests/pipeline/io/database/test_select.py.
"""

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import sqlalchemy
from sqlalchemy.exc import DBAPIError

from pipeline.errors import MissingInputError, SettingsError
from pipeline.extras import demand
from pipeline.io.database.settings import DatabaseSettings
from pipeline.io.settings_files import expand
from pipeline.redaction import redacted

_DRIVERS = {"postgresql": "postgresql+psycopg2", "mysql": "mysql+pymysql"}
_MODULES = {"postgresql": "psycopg2", "mysql": "pymysql"}
_STANDARD = "ANSI_QUOTES,NO_BACKSLASH_ESCAPES,NO_ENGINE_SUBSTITUTION,PIPES_AS_CONCAT,STRICT_TRANS_TABLES"
"""MySQL's modes of standard SQL, in which ``||``, quotes and backslashes mean what they mean elsewhere."""
_REFUSED = (1044, 1045, 1049, 1142, 1698)
"""What MySQL says of credentials, rights and names that are wrong: asking again does not help."""
_AT_THE_DOOR = re.compile("FATAL:|no password supplied")
_LATER = re.compile("starting up|shutting down|recovery mode|too many clients|connection slots")
_TIMEOUT = re.compile("statement timeout|max_statement_time|max_execution_time|maximum statement execution|interrupted")


class Database:
    """One database of a survey, opened anew for each query and never written.

    Parameters
    ----------
    settings : DatabaseSettings
        Which one; ``${NAME}`` in host, port, name, user and file is filled from the environment.
    folder : Path
        Where a relative path of an SQLite file starts.

    Raises
    ------
    MissingInputError
        If a variable of the environment or the SQLite file is not there.
    MissingExtraError
        If the driver is not installed.
    SettingsError
        If the port is not a number from 1 to 65535.
    """

    _sqlite_mode = "ro"

    def __init__(self, settings: DatabaseSettings, folder: Path = Path()) -> None:
        self.settings = settings
        self.dialect = settings.engine
        self._folder = folder
        if settings.engine == "sqlite":
            self._file = folder / expand(settings.file, "the survey's database file")
            if not self._file.is_file():
                raise MissingInputError(f"no database file {self._file}")
        else:
            demand("databases", f"database: engine {settings.engine}", _MODULES[settings.engine])

    def __repr__(self) -> str:
        return f"Database({self.place})"

    @property
    def place(self) -> str:
        """Where the database is, for messages: never with credentials."""
        if self.dialect == "sqlite":
            return f"file {self._file}"
        host, port = self._expanded("host") or "the default host", self._port
        return f"{self._expanded('name')!r} at {host}" + (f":{port}" if port else "")

    @contextmanager
    def connect(self) -> Iterator[sqlalchemy.Connection]:
        """Open a connection in a read-only transaction with the time limit of a statement."""
        with self._engine.connect() as connection:
            self._limit(connection)
            yield connection

    def _expanded(self, key: str) -> str:
        return expand(str(getattr(self.settings, key)), f"the database's {key}")

    @property
    def _port(self) -> int | None:
        text = self._expanded("port")
        if text and not (text.isdigit() and 0 < int(text) < 65536):
            raise SettingsError(f"database: port is {text!r}; allowed: 1 to 65535")
        return int(text) if text else None

    @cached_property
    def _engine(self) -> sqlalchemy.Engine:
        shared = {"poolclass": sqlalchemy.pool.NullPool, "hide_parameters": True}
        if self.dialect == "sqlite":
            return sqlalchemy.create_engine("sqlite://", creator=self._open_sqlite, **shared)
        host = self._expanded("host")
        url = sqlalchemy.URL.create(
            _DRIVERS[self.dialect],
            username=self._expanded("user") or None,
            password=os.environ.get(self.settings.password_variable) or None,
            host=None if self.dialect == "mysql" and host.startswith("/") else host or None,
            port=self._port,
            database=self._expanded("name"),
        )
        options = self._postgresql() if self.dialect == "postgresql" else self._mysql(host)
        return sqlalchemy.create_engine(url, connect_args=options, **shared)

    def _open_sqlite(self) -> sqlite3.Connection:
        uri = f"file:{quote(self._file.resolve().as_posix())}?mode={self._sqlite_mode}"
        connection = sqlite3.connect(uri, uri=True, timeout=self.settings.connect_timeout_s)
        connection.create_function("regexp", 2, _matches, deterministic=True)
        deadline = time.monotonic() + self.settings.statement_timeout_s
        connection.set_progress_handler(lambda: time.monotonic() > deadline, 100_000)
        return connection

    def _postgresql(self) -> dict[str, object]:
        """Return what libpq is told: a server that vanished is noticed within about a minute."""
        return {
            "connect_timeout": self.settings.connect_timeout_s,
            "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
            "application_name": "nightsift",
        }  # fmt: skip

    def _mysql(self, host: str) -> dict[str, object]:
        socket = {"unix_socket": host} if host.startswith("/") else {}
        return {
            "charset": "utf8mb4", "sql_mode": _STANDARD, "connect_timeout": self.settings.connect_timeout_s,
            "read_timeout": self.settings.statement_timeout_s + 30,
            **socket,
        }  # fmt: skip

    def _limit(self, connection: sqlalchemy.Connection) -> None:
        """Make the transaction read-only and limit its statements' time."""
        seconds = self.settings.statement_timeout_s
        if self.dialect == "postgresql":
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {round(1000 * seconds)}")
        elif self.dialect == "mysql":
            maria = bool(getattr(connection.dialect, "is_mariadb", False))
            limit = f"max_statement_time = {seconds:g}" if maria else f"max_execution_time = {round(1000 * seconds)}"
            connection.exec_driver_sql(f"SET SESSION {limit}")
            connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
            connection.exec_driver_sql("START TRANSACTION READ ONLY")
        else:
            connection.exec_driver_sql("PRAGMA query_only = 1")


def _matches(pattern: str, text: object) -> bool:
    return text is not None and re.search(pattern, str(text)) is not None


@contextmanager
def letting_go(cursor: object) -> Iterator[None]:
    """Make PyMySQL's cursor forget the rows of a connection that broke: it would try to read them when collected."""
    unread: object = getattr(cursor, "_result", None)
    try:
        yield
    except DBAPIError:
        if hasattr(unread, "unbuffered_active"):
            unread.unbuffered_active = False
        raise


def what_was_said(error: Exception) -> str:
    """Return the first line of what a database said, without the secrets of a connection text that it repeats."""
    said = getattr(error, "orig", None) or error
    if isinstance(getattr(said, "args", None), tuple) and len(said.args) > 1 and isinstance(said.args[0], int):
        return redacted(str(said.args[1])).splitlines()[0]
    return (redacted(str(said)).strip() or type(said).__name__).splitlines()[0]


def is_broken(error: DBAPIError) -> bool:
    """Tell whether the connection failed, rather than the query, so that it is worth another try."""
    said = error.orig
    if error.connection_invalidated:
        return True
    if isinstance(said, sqlite3.Error):
        return "locked" in str(said)
    if not isinstance(error, sqlalchemy.exc.OperationalError | sqlalchemy.exc.InterfaceError):
        return False
    if error.statement is not None:
        return False
    if said is not None and said.args and said.args[0] in _REFUSED:
        return False
    return _AT_THE_DOOR.search(str(said)) is None or _LATER.search(str(said)) is not None


def is_timeout(error: DBAPIError) -> bool:
    """Tell whether a statement took longer than it may."""
    return _TIMEOUT.search(str(error.orig)) is not None
