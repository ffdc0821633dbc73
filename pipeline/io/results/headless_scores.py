"""psat-ml's CSV of scores, ``file,label,score`` or ``object,score``, which has no head or one of its own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from pipeline.io.fits.file_names import is_fits, stem_of

_COLUMNS: Final = {2: ("candidate_id", "score"), 3: ("candidate_id", "label", "score")}
PSAT_IDS: Final = "file"
"""What psat-ml calls the ids, where it writes a head."""


def columns_without_head(path: Path) -> Sequence[str]:
    """Return the columns of a CSV file of scores that has no head; empty if it has one.

    Such a file has two or three columns, and its first line ends with a number.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        cells = [cell.strip().strip('"') for cell in file.readline().split(",")]
    return _COLUMNS.get(len(cells), ()) if _is_number(cells[-1]) else ()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def with_ids(scores: pd.DataFrame, *, has_head: bool) -> pd.DataFrame:
    """Return scores whose ids are called ``candidate_id``, of psat-ml's files without folder and ending.

    Where a head says ``candidate_id``, ids stay as they are, also those that end like a file.
    """
    if "candidate_id" in scores and has_head:
        return scores
    named = scores.rename(columns={PSAT_IDS: "candidate_id"}) if "candidate_id" not in scores else scores
    if "candidate_id" not in named:
        return named
    ids = named["candidate_id"].astype("str")
    files = ids.map(is_fits)
    return named.assign(candidate_id=ids.mask(files, ids[files].map(stem_of))) if files.any() else named
