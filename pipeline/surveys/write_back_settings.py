"""Where a survey's scores are written back to: a column of a table of its database, or of another one."""

from dataclasses import dataclass
from typing import Literal

from pipeline.errors import SettingsError
from pipeline.io.database.identifiers import identifier
from pipeline.io.database.settings import DatabaseSettings


@dataclass(frozen=True, kw_only=True)
class WriteBackSettings:
    """The key ``write_back`` of a survey: what `WriteBackScores` writes, and where.

    Attributes
    ----------
    table : str
        Table that gets the scores, ``name`` or ``schema.name``.
    key_column : str
        Its column of ids, whole numbers or text: the rows are found by it, so it should have an index.
    score_column : str
        Its column for scores, of numbers with a fraction.
    key : {"candidate_id", "object_id"}
        Whose ids these are: of candidates, each with its own score, or of objects, with the score of `ScoreObjects`.
    rule : str
        How the scores of an object's images become one, see docs/tasks.md#scoreobjects.
    model_column : str
        Column for the names of the packages that scored, text; empty: none.
    release_column : str
        Column for the release, text; empty: none.
    time_column : str
        Column for the time of writing, UTC; empty: none.
    marker_table : str
        Table that gets one row for each run, as ``config/queries/write_back.sql`` makes it.
    database : DatabaseSettings or None
        Another database than that of the survey's input.
    """

    table: str
    key_column: str
    score_column: str
    key: Literal["candidate_id", "object_id"] = "candidate_id"
    rule: str = "longest_median"
    model_column: str = ""
    release_column: str = ""
    time_column: str = ""
    marker_table: str = "nightsift_runs"
    database: DatabaseSettings | None = None

    def __post_init__(self) -> None:
        for name in (self.table, self.marker_table):
            for part in name.split(".", 1):
                identifier(part)
        columns = [self.key_column, self.score_column, self.model_column, self.release_column, self.time_column]
        given = [identifier(name) for name in columns if name]
        twice = [name for index, name in enumerate(given) if name in given[:index]]
        if twice:
            raise SettingsError(f"column {twice[0]!r} is named twice; allowed: each column once")
        if not self.key_column or not self.score_column:
            raise SettingsError("key_column or score_column is empty; allowed: names of columns")
