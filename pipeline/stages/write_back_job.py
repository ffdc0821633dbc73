"""What is written back, and where: made by the task, light to import.

Tested by tests/integration/test_write_back_scores.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.io.database.settings import DatabaseSettings
from pipeline.surveys.write_back_settings import WriteBackSettings


@dataclass(frozen=True, kw_only=True)
class WriteBack:
    """What is written, and where.

    Attributes
    ----------
    settings : WriteBackSettings
        Table and columns.
    database : DatabaseSettings
        The database.
    folder : Path
        Where a relative path of an SQLite file starts.
    scores : sequence of Path
        Scores files of candidates, or the CSV of `ScoreObjects`; Parquet or CSV.
    made_of : sequence of Path
        Scores files that say which packages scored, and when; those of the images where ``scores`` are of objects.
    replace_newer : bool
        Whether scores may replace those of a newer release.
    """

    settings: WriteBackSettings
    database: DatabaseSettings
    folder: Path
    scores: Sequence[Path]
    made_of: Sequence[Path]
    replace_newer: bool = False
