"""What a comparison of two models is made from, and which rows change side.

Tested by tests/pipeline/report/compare/test_numbers.py.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from pipeline.classes import BOGUS, REAL
from pipeline.report.binary.numbers import BinaryNumbers

CHANGES: Final = {
    "real_gained": "reals that only the challenger finds",
    "real_lost": "reals that only the champion finds",
    "bogus_let_in": "bogus that only the challenger lets pass",
    "bogus_turned_away": "bogus that only the champion lets pass",
}
"""How a labelled row changes side, and what that is called."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two models.

    Attributes
    ----------
    name : str
        The model's name in its report.
    place : str
        Where its report lies.
    numbers : BinaryNumbers
        Its report.
    """

    name: str
    place: str
    numbers: BinaryNumbers

    @property
    def threshold(self) -> float:
        """The lowest score that it calls real."""
        return self.numbers["models"][self.name]["threshold"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two models on the same rows.

    Attributes
    ----------
    champion, challenger : Side
        Who serves now, and who may take its place.
    rows : DataFrame
        The judged rows that both scored: columns of candidates, ``label``, ``score_champion``, ``score_challenger``.
    only_one : int
        How many judged rows only one of them scored.
    night : str
        A night that both scored as a whole; empty for none.
    of_night : DataFrame or None
        Its candidates: ``candidate_id label score_champion score_challenger``.
    """

    champion: Side
    challenger: Side
    rows: pd.DataFrame
    only_one: int = 0
    night: str = ""
    of_night: pd.DataFrame | None = None


def calls(rows: pd.DataFrame, comparison: Comparison) -> tuple[pd.Series, pd.Series]:
    """Return which rows champion and challenger call real, each at its own threshold, compared as float32."""
    champion = rows["score_champion"] >= np.float32(comparison.champion.threshold)
    return champion, rows["score_challenger"] >= np.float32(comparison.challenger.threshold)


def changes(comparison: Comparison) -> pd.Series:
    """Return how each row changes side, by the keys of `CHANGES`; empty text where both call it the same."""
    champion, challenger = calls(comparison.rows, comparison)
    label = comparison.rows["label"]
    kinds = {
        "real_gained": (label == REAL) & challenger & ~champion,
        "real_lost": (label == REAL) & champion & ~challenger,
        "bogus_let_in": (label == BOGUS) & challenger & ~champion,
        "bogus_turned_away": (label == BOGUS) & champion & ~challenger,
    }
    return pd.Series(np.select(list(kinds.values()), list(kinds), default=""), comparison.rows.index, dtype="str")
