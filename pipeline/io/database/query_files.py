"""Named queries: the SQL files of ``config/queries``, one SELECT each, with ``:name`` parameters.

``<set>/<name>.sql`` serves every database; ``<name>.postgresql.sql``, ``<name>.mysql.sql`` or
``<name>.sqlite.sql`` beside it is taken by that one alone.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.errors import SettingsError, UnknownNameError
from pipeline.io.settings_files import config_folder

Dialect = Literal["sqlite", "postgresql", "mysql"]
Kind = Literal["sql", "quoted", "parameter"]

_TOKEN = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\*.*?\*/ )
  | (?P<quoted> (?<!\w)[Ee]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*`
              | (?<!\w)\$(?P<tag>\w*)\$.*?\$(?P=tag)\$ )
  | (?P<unclosed> ['"`] | /\* )
  | (?P<cast> :: )
  | :(?P<parameter> [A-Za-z_]\w* )
  | (?P<sql> [^-/'"`$:Ee]+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


@dataclass(frozen=True, kw_only=True)
class Query:
    """One SELECT without its comments.

    Attributes
    ----------
    name : str
        Set and file for messages, as ``atlas/junk``.
    parts : tuple of (kind, text)
        SQL, quoted text, and names of parameters, in their order.
    """

    name: str
    parts: tuple[tuple[Kind, str], ...]

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the names of the parameters, each once."""
        return tuple(dict.fromkeys(text for kind, text in self.parts if kind == "parameter"))

    @property
    def sha256(self) -> str:
        """Return the digest of what the query asks: comments and the length of blanks do not count."""
        said = [(kind, re.sub(r"\s+", " ", text) if kind == "sql" else text) for kind, text in self.parts if text]
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def written_for(self, dialect: Dialect) -> str:
        """Return the SQL with its parameters in the form that the dialect's driver binds."""
        if dialect == "sqlite":
            return "".join(f":{text}" if kind == "parameter" else text for kind, text in self.parts)
        return "".join(f"%({text})s" if kind == "parameter" else text.replace("%", "%%") for kind, text in self.parts)


def parse_query(text: str, name: str) -> Query:
    r"""Return the query of an SQL text.

    Colons in comments, in quoted text and in casts (``::text``) do not begin parameters.

    Raises
    ------
    SettingsError
        If it is not one SELECT: another statement, several, an open quote or bracket.

    Examples
    --------
    >>> parse_query("SELECT ':a', b::text FROM t -- of :c\nWHERE d = :night;", "set/name").parameters
    ('night',)
    """
    parts: list[tuple[Kind, str]] = []
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        if kind == "unclosed":
            raise SettingsError(f"queries/{name}.sql: {match[0]} in line {_line(text, match.start())} is never closed")
        if kind == "parameter":
            parts.append(("parameter", match["parameter"]))
        elif kind == "quoted":
            parts.append(("quoted", match[0]))
        else:
            piece = " " if kind == "comment" else match[0]
            if parts and parts[-1][0] == "sql":
                piece = parts.pop()[1] + piece
            parts.append(("sql", piece))
    return Query(name=name, parts=_one_select(parts, name))


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _one_select(parts: list[tuple[Kind, str]], name: str) -> tuple[tuple[Kind, str], ...]:
    """Return the parts without the semicolon at the end, after a look at what they are."""
    if parts and parts[-1][0] == "sql":
        parts[-1] = ("sql", re.sub(r"[\s;]*\Z", "", parts[-1][1]))
    bare = "".join(text if kind == "sql" else "?" for kind, text in parts)
    if not re.match(r"(select|with)\b", bare.lstrip(), re.IGNORECASE):
        raise SettingsError(f"queries/{name}.sql does not begin with SELECT or WITH")
    if ";" in bare or "\0" in bare:
        raise SettingsError(f"queries/{name}.sql holds more than one statement; allowed: one SELECT")
    depth = 0
    for letter in re.findall("[()]", bare):
        depth += 1 if letter == "(" else -1
        if depth < 0:
            break
    if depth:
        raise SettingsError(f"queries/{name}.sql: its brackets do not match")
    first = parts[0][1].lstrip() if parts[0][0] == "sql" else parts[0][1]
    return ((parts[0][0], first), *parts[1:])


def read_query(folder: str, name: str, dialect: str = "sqlite") -> Query:
    """Return the named query of a set, in the dialect's own variant where there is one.

    Raises
    ------
    UnknownNameError
        If there is no such set or query; the known ones are named.
    """
    home = _home(folder)
    known = {path.name.split(".")[0] for path in home.glob("*.sql")}
    if name not in known:
        raise UnknownNameError(f"query of {folder!r}", name, known)
    path = next((path for path in (home / f"{name}.{dialect}.sql", home / f"{name}.sql") if path.is_file()), None)
    if path is None:
        raise SettingsError(f"query {folder}/{name} has no variant for {dialect}, and no {name}.sql for all")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError(f"queries/{folder}/{path.name} is not UTF-8 text: byte {error.start}") from error
    return parse_query(text, f"{folder}/{path.name.removesuffix('.sql')}")


def _home(folder: str) -> Path:
    queries = config_folder() / "queries"
    known = [path.name for path in queries.glob("*/")]
    if not _NAME.fullmatch(folder) or folder not in known:
        raise UnknownNameError("set of queries", folder, known)
    return queries / folder


def query_digests(survey_input: Mapping[str, object], more: Iterable[str] = ()) -> dict[str, str]:
    """Return the digest of each query that decides what a survey's ``input`` holds.

    Parameters
    ----------
    survey_input : mapping
        The ``input`` of a survey's settings as parsed; one without the key ``queries`` has no digests.
    more : iterable of str
        Names of further queries, such as the tables of the label chain.

    Returns
    -------
    dict
        Digest by name; ``absent`` for a query that does not exist, which fails when it is asked.
    """
    if "queries" not in survey_input:
        return {}
    database = survey_input.get("database")
    dialect = database.get("engine", "sqlite") if isinstance(database, Mapping) else "sqlite"
    candidates = _names(survey_input.get("candidates", ("candidates",)))
    names = {"exposures", *candidates, *_names(survey_input.get("tables", ())), *more}
    digests = {}
    for name in sorted(names):
        try:
            digests[name] = read_query(str(survey_input["queries"]), name, dialect).sha256
        except UnknownNameError:
            digests[name] = "absent"
    return digests


def _names(listed: object) -> list[str]:
    return [str(name) for name in listed] if isinstance(listed, Iterable) else []
