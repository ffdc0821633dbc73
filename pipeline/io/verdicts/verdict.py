"""One verdict of a person on a candidate or an object, and the table that holds them.

Tested by tests/pipeline/io/verdicts/test_store.py.
"""

from dataclasses import dataclass
from typing import Final, Literal

import sqlalchemy as sql

from pipeline.errors import InputError

SCHEMA: Final = 1
"""Version of the table; docs/formats.md describes it."""

STATES: Final = ("unsure", "snooze", "fast_track")
"""What a person may say beside the name of a class."""
UNDO: Final = "undo"
"""A row that takes back the verdict that its ``undoes`` names."""
LONGEST: Final = 200
"""The most characters of a text."""

METADATA: Final = sql.MetaData()
VERDICTS: Final = sql.Table(
    "verdicts",
    METADATA,
    sql.Column("verdict_id", sql.BigInteger().with_variant(sql.Integer, "sqlite"), primary_key=True),
    sql.Column("survey", sql.String(LONGEST), nullable=False),
    sql.Column("candidate_id", sql.String(LONGEST), nullable=False),
    sql.Column("object_id", sql.String(LONGEST), nullable=False),
    sql.Column("night", sql.String(LONGEST), nullable=False),
    sql.Column("of", sql.String(LONGEST), nullable=False),
    sql.Column("verdict", sql.String(LONGEST), nullable=False),
    sql.Column("undoes", sql.BigInteger, nullable=True),
    sql.Column("person", sql.String(LONGEST), nullable=False),
    sql.Column("at_utc", sql.String(LONGEST), nullable=False),
    sql.Column("package", sql.String(LONGEST), nullable=False),
    sql.Column("score", sql.Double, nullable=True),
    sql.Column("page_version", sql.String(LONGEST), nullable=False),
    sql.Column("queue", sql.String(LONGEST), nullable=False),
    sql.Column("gold", sql.SmallInteger, nullable=False),
    sql.Column("seconds", sql.Double, nullable=True),
    sql.Column("keys", sql.Double, nullable=False),
    sql.Column("token", sql.String(LONGEST), nullable=False, unique=True),
    sql.Index("verdicts_of_candidates", "candidate_id"),
    sql.Index("verdicts_of_nights", "night", "person"),
    sqlite_autoincrement=True,
)
"""The table of verdicts; ids grow and are never used twice."""

ABOUT: Final = sql.Table("verdicts_schema", METADATA, sql.Column("version", sql.Integer, primary_key=True))
"""The version of the table, one row."""

COLUMNS: Final = tuple(VERDICTS.columns.keys())
"""Columns of the table, in their order."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a person said of one candidate; the store adds its number and the time.

    Attributes
    ----------
    survey, candidate_id, object_id, night : str
        What was judged; ``object_id`` and ``night`` may be empty.
    of : {"detection", "object"}
        Whether the detection was judged, or its object with all of its detections.
    verdict : str
        The name of a class, or one of `STATES`.
    person : str
        Who said so.
    token : str
        Made by who sends the verdict and used once, so that a verdict that is sent again counts once.
    package : str
        The model whose score was shown; empty if none was.
    score : float
        The score that was shown; NaN if none was.
    page_version : str
        Version of the page.
    queue : str
        In which queue the candidate came up.
    gold : bool
        Whether its class was known already, which the page did not show.
    seconds : float, in s
        From when the candidate was shown to the verdict; NaN if it is not known.
    keys : float
        Keystrokes and clicks that it cost; of many that one key confirmed, its share of that key.

    Raises
    ------
    InputError
        If a text is missing (of an object ``object_id``, too), longer than `LONGEST` or holds a control character, or
        ``of`` is neither.
    """

    survey: str
    candidate_id: str
    verdict: str
    person: str
    token: str
    object_id: str = ""
    night: str = ""
    of: Literal["detection", "object"] = "detection"
    package: str = ""
    score: float = float("nan")
    page_version: str = ""
    queue: str = ""
    gold: bool = False
    seconds: float = float("nan")
    keys: float = 1.0

    def __post_init__(self) -> None:
        for name in ("survey", "candidate_id", "verdict", "person", "token"):
            if not getattr(self, name).strip():
                raise InputError(f"a verdict has no {name}; allowed: 1 to {LONGEST} characters")
        for name, text in vars(self).items():
            if isinstance(text, str) and (len(text) > LONGEST or not text.isprintable()):
                raise InputError(
                    f"{name} of a verdict is {text[:60]!r}; allowed: up to {LONGEST} characters, none of them a "
                    "control character"
                )
        if self.of == "object" and not self.object_id.strip():
            raise InputError(f"a verdict on the object of candidate {self.candidate_id!r} has no object_id")
        if self.of not in ("detection", "object"):
            raise InputError(f"of of a verdict is {self.of!r}; allowed: detection, object")
