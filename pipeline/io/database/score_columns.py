"""The column of a table that scores are written to, looked at beforehand: is it there, and can it hold a score.

Tested by tests/integration/databases/test_write_back.py.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy
from sqlalchemy.types import TypeEngine

from pipeline.errors import InputError
from pipeline.io.database.identifiers import identifier

_WHOLE: Final = r"0|-?[1-9]\d{0,19}"
_TRANSACTIONS: Final = (
    "SELECT t.engine, e.transactions FROM information_schema.tables AS t "
    "JOIN information_schema.engines AS e ON e.engine = t.engine WHERE t.table_schema = {} AND t.table_name = %(name)s"
)


@dataclass(frozen=True, kw_only=True)
class ScoreColumn:
    """Where scores go.

    Attributes
    ----------
    table : str
        The table, as ``name`` or ``schema.name``.
    key : str
        Its column of ids, by which rows are found.
    score : str
        Its column of scores.
    texts : mapping of str to str
        Further columns with what they shall hold in every row that is written, such as the name of the model; other
        values there make a row one to update.
    time : str
        Column of the time of writing; empty: none.
    """

    table: str
    key: str
    score: str
    texts: Mapping[str, str] = field(default_factory=dict)
    time: str = ""

    @property
    def words(self) -> str:
        """What is written, for messages."""
        return f"column {self.score} of table {self.table}"

    @property
    def columns(self) -> list[str]:
        """The columns that are written."""
        return [self.score, *self.texts, *filter(None, [self.time])]


def reflected(connection: sqlalchemy.Connection, name: str, wanted: list[str], where: str) -> sqlalchemy.Table:
    """Return a table with some of its columns and their types, as the database has them.

    Parameters
    ----------
    connection : Connection
        To the database.
    name : str
        The table, as ``name`` or ``schema.name``.
    wanted : list of str
        The columns.
    where : str
        The database, for messages.

    Raises
    ------
    SettingsError
        If a name is none that a table or column may have.
    InputError
        If the table or a column is missing, or the table cannot be written in a transaction.
    """
    schema, _, bare = name.rpartition(".")
    for part in (*filter(None, [schema]), bare, *wanted):
        identifier(part)
    inspector = sqlalchemy.inspect(connection)
    if not inspector.has_table(bare, schema or None):
        raise InputError(f"the database {where} has no table {name} that this user may see")
    found = {column["name"]: column for column in inspector.get_columns(bare, schema or None)}
    absent = [column for column in wanted if column not in found]
    if absent:
        raise InputError(f"table {name} in the database {where} has no column {absent[0]!r}; there: {', '.join(found)}")
    computed = [column for column in wanted if found[column].get("computed")]
    if computed:
        raise InputError(f"column {computed[0]} of table {name} in the database {where} is computed by the database")
    if connection.dialect.name == "mysql":
        _require_transactions(connection, schema, bare, where)
    columns = [sqlalchemy.Column(column, found[column]["type"]) for column in wanted]
    return sqlalchemy.Table(bare, sqlalchemy.MetaData(), *columns, schema=schema or None)


def _require_transactions(connection: sqlalchemy.Connection, schema: str, name: str, where: str) -> None:
    """Refuse a table of MySQL's engines without transactions: half of the rows would stay after a failure."""
    place = "%(schema)s" if schema else "DATABASE()"
    found = connection.exec_driver_sql(_TRANSACTIONS.format(place), {"name": name, "schema": schema}).first()
    if found and str(found[1]).upper() != "YES":
        raise InputError(
            f"table {name} in the database {where} is of engine {found[0]}, which has no transactions; allowed: "
            f"InnoDB, as by ALTER TABLE {name} ENGINE=InnoDB"
        )


def require_types(table: sqlalchemy.Table, to: ScoreColumn, where: str) -> None:
    """Refuse columns that cannot hold what is written to them.

    Raises
    ------
    InputError
        If the column of scores holds no fractions, that of the key neither whole numbers nor text, or another no text.
    """

    def refuse(column: str, allowed: str) -> None:
        raise InputError(
            f"column {column} of table {to.table} in the database {where} is {table.c[column].type}; allowed: {allowed}"
        )

    score: TypeEngine[Any] = table.c[to.score].type
    if not isinstance(score, sqlalchemy.Float | sqlalchemy.Numeric) or getattr(score, "scale", None) == 0:
        refuse(to.score, "a type of numbers with a fraction, such as DOUBLE PRECISION")
    if not isinstance(table.c[to.key].type, sqlalchemy.Integer | sqlalchemy.String | sqlalchemy.Uuid):
        refuse(to.key, "whole numbers, such as BIGINT, or text")
    for column, text in to.texts.items():
        kind = table.c[column].type
        if not isinstance(kind, sqlalchemy.String) or (kind.length or len(text)) < len(text):
            refuse(column, f"text of {len(text)} characters or more, such as VARCHAR(128)")
    if to.time and not isinstance(table.c[to.time].type, sqlalchemy.String | sqlalchemy.DateTime):
        refuse(to.time, "a date with a time, such as TIMESTAMP, or text")


def key_binder(kind: TypeEngine[Any], what: str) -> Callable[[str], object]:
    """Return the function that turns an id, which is text, into what a column of a type is compared with.

    Parameters
    ----------
    kind : TypeEngine
        The type of the key column.
    what : str
        What the ids are, for messages, such as ``object_id``.
    """
    low, high = (0, 2**64) if getattr(kind, "unsigned", False) else (-(2**63), 2**63)

    def whole(text: str) -> int:
        if not re.fullmatch(_WHOLE, text) or not low <= int(text) < high:
            raise InputError(f"{what} {text!r} is no whole number that the key column can hold, of type {kind}")
        return int(text)

    def unique(text: str) -> uuid.UUID:
        try:
            return uuid.UUID(text)
        except ValueError as error:
            raise InputError(f"{what} {text!r} is no UUID, and the key column holds {kind}") from error

    if isinstance(kind, sqlalchemy.Integer):
        return whole
    return unique if isinstance(kind, sqlalchemy.Uuid) else str
