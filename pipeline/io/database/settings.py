"""Settings of a survey's database: which one it is, its time limits and retries. A password is not a setting."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipeline.errors import SettingsError
from pipeline.fingerprint import DECIDES_NOTHING, what_decides


@dataclass(frozen=True, kw_only=True)
class WritingUser:
    """The key ``write`` of a database: who may write scores into one of its tables; reading never uses it.

    Attributes
    ----------
    user : str
        Name of the database user that writes; a server needs one, an ``sqlite`` file has none.
    password_variable : str
        Variable of the environment, or of ``.env``, that holds the password of this user; unset: ``~/.pgpass``.
    """

    user: str = ""
    password_variable: str = "NIGHTSIFT_DB_WRITE_PASSWORD"  # noqa: S105  (the name of a variable)


@dataclass(frozen=True, kw_only=True)
class DatabaseSettings:
    """The key ``database`` of a survey's input.

    Attributes
    ----------
    engine : {"sqlite", "postgresql", "mysql"}
        ``mysql`` serves MariaDB as well.
    file : str
        The file of an ``sqlite`` database, below the survey's folder.
    name : str
        Name of the database on a server, which needs one.
    host : str
        Host of the server, without user and port. One that begins with ``/`` is a Unix socket (its folder for
        PostgreSQL, its file for MySQL); if it is empty, the driver decides.
    port : int or str
        Port of the server, 1 to 65535; if it is empty, the server's usual one.
    user : str
        Name of the database user that connects to the server; if it is empty, the driver's default.
    password_variable : str
        Variable of the environment, or of ``.env``, that holds the password; unset: ``~/.pgpass``.
    statement_timeout_s : float, in s
        A statement that takes longer fails; above 0.
    connect_timeout_s : int, in s
        How long to wait for a connection; above 0.
    attempts : int
        How often a query is asked when the connection breaks; above 0.
    wait_s : float, in s
        Wait before the second attempt, doubled before each further one; at least 0.
    write : WritingUser or None
        Who may write scores back; none: nothing is ever written.
    """

    engine: Literal["sqlite", "postgresql", "mysql"] = "sqlite"
    file: str = "survey.sqlite"
    name: str = ""
    host: str = ""
    port: int | str = ""
    user: str = field(default="", metadata=DECIDES_NOTHING)
    password_variable: str = field(default="NIGHTSIFT_DB_PASSWORD", metadata=DECIDES_NOTHING)
    statement_timeout_s: float = field(default=600.0, metadata=DECIDES_NOTHING)
    connect_timeout_s: int = field(default=10, metadata=DECIDES_NOTHING)
    attempts: int = field(default=4, metadata=DECIDES_NOTHING)
    wait_s: float = field(default=2.0, metadata=DECIDES_NOTHING)
    write: WritingUser | None = field(default=None, metadata=DECIDES_NOTHING)

    def __post_init__(self) -> None:
        if self.engine != "sqlite" and not self.name:
            raise SettingsError(f"name is empty; engine {self.engine} needs the name of a database")
        if "@" in self.host or "://" in self.host:
            raise SettingsError("host holds more than a host; user, port and name are keys of their own")
        for key in ("statement_timeout_s", "connect_timeout_s", "attempts"):
            if getattr(self, key) <= 0:
                raise SettingsError(f"{key} is {getattr(self, key)}; allowed: above 0")
        if self.wait_s < 0:
            raise SettingsError(f"wait_s is {self.wait_s}; allowed: 0 or above")


def deciding_input(content: Mapping[str, object]) -> dict[str, object]:
    """Return a survey's ``input`` as parsed, without the database settings that cannot change its rows."""
    database = content.get("database")
    if not isinstance(database, Mapping):
        return dict(content)
    return {**content, "database": what_decides(DatabaseSettings, database)}
