"""When people looked at candidates, and how fast: verdicts of one person without a long pause are a session."""

from collections.abc import Collection
from typing import Final

import numpy as np
import pandas as pd

from pipeline.people.votes import UNDO

PAUSE_MINUTES: Final = 30.0
"""After so long without a verdict a new session begins."""
COLUMNS: Final = (
    "person", "begin", "minutes", "verdicts", "undone", "per_minute", "seconds_per_verdict", "keys_per_verdict"
)  # fmt: skip


def sessions(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return the sessions of everybody, by person and time.

    Parameters
    ----------
    verdicts : DataFrame
        The table of verdicts (docs/formats.md#verdicts), undone ones among them: they took time and keys too.

    Returns
    -------
    DataFrame
        One row per session with `COLUMNS`: ``begin`` (UTC) is when the first candidate was shown, as far as that is
        known, ``minutes`` from then to the last verdict; ``verdicts`` how many were given, ``undone`` how many of them
        were taken back since, in this session or a later one, each counted once; ``per_minute`` and
        ``seconds_per_verdict`` are of the whole session, for many verdicts may be confirmed at once;
        ``keys_per_verdict`` is all keys, those that undid others among them, by verdict that stands. What cannot be
        known is NaN.
    """
    if not len(verdicts):
        return pd.DataFrame({name: [] for name in COLUMNS})
    rows = verdicts.assign(at=pd.to_datetime(verdicts["at_utc"], utc=True, format="ISO8601"))
    rows = rows.sort_values(["person", "at", "verdict_id"])
    pause = rows.groupby("person")["at"].diff() > pd.Timedelta(minutes=PAUSE_MINUTES)
    numbered = rows.assign(session=pause.groupby(rows["person"]).cumsum())
    taken_back = set(verdicts.loc[verdicts["verdict"] == UNDO, "undoes"])
    found = [_session(str(person), part, taken_back) for (person, _), part in numbered.groupby(["person", "session"])]
    return pd.DataFrame(found, columns=list(COLUMNS))


def _session(person: str, rows: pd.DataFrame, taken_back: Collection[int]) -> dict[str, object]:
    given = rows[rows["verdict"] != UNDO]
    undone, number = int(given["verdict_id"].isin(taken_back).sum()), len(given)
    looked = pd.to_timedelta(rows["seconds"].astype("float64").fillna(0.0).clip(0.0, 60.0 * PAUSE_MINUTES), unit="s")
    begin = (rows["at"] - looked).min()
    minutes = (rows["at"].iloc[-1] - begin).total_seconds() / 60.0
    stand = number - undone
    return {
        "person": person,
        "begin": begin.isoformat(timespec="seconds"),
        "minutes": minutes,
        "verdicts": number,
        "undone": undone,
        "per_minute": number / minutes if minutes > 0 else np.nan,
        "seconds_per_verdict": 60.0 * minutes / number if minutes > 0 and number else np.nan,
        "keys_per_verdict": float(rows["keys"].sum() / stand) if stand > 0 else np.nan,
    }
