"""The worst mistakes of a classifier: reals with the lowest scores, bogus with the highest."""

import numpy as np
import pandas as pd

from pipeline.classes import BOGUS, REAL

MISSED_REAL = "missed real"
FALSE_ALARM = "false alarm"


EXAMPLES = ("true positive", "true negative", "most uncertain", "drawn at random")
"""Kinds of rows that show what is usual, beside the worst mistakes."""


def example_rows(table: pd.DataFrame, threshold: float, most: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return rows of each kind of `EXAMPLES`: right ones of both classes and any ones by lot, and the least sure ones.

    Parameters
    ----------
    table : DataFrame
        Labelled, scored rows with ``label`` and ``score``.
    threshold : float
        Rows with ``score >= threshold`` are called real; the least sure are closest to it.
    most : int
        The most rows of each kind.
    rng : Generator
        Draws the lots.

    Returns
    -------
    DataFrame
        The rows, with a column ``mistake`` that names their kind; a row may be of several.
    """
    score, label = table["score"].to_numpy(dtype=np.float64), table["label"].to_numpy()
    places = {
        "true positive": np.flatnonzero((label == REAL) & (score >= threshold)),
        "true negative": np.flatnonzero((label == BOGUS) & (score < threshold)),
        "drawn at random": np.arange(len(table)),
    }
    chosen = {name: np.sort(rng.permutation(own)[:most]) for name, own in places.items()}
    chosen["most uncertain"] = np.argsort(np.abs(score - threshold), kind="stable")[:most]
    return pd.concat([table.iloc[chosen[name]].assign(mistake=name) for name in EXAMPLES], ignore_index=True)


def worst_mistakes(table: pd.DataFrame, threshold: float, per_class: int = 8) -> pd.DataFrame:
    """Return the rows on the wrong side of a threshold, the furthest from it first, false alarms before missed reals.

    Parameters
    ----------
    table : DataFrame
        With ``label`` and ``score``; unlabelled rows and rows without a score are ignored.
    threshold : float
        Rows with ``score >= threshold`` are called real.
    per_class : int
        The most mistakes of each class.

    Returns
    -------
    DataFrame
        The rows with their index kept, and a column ``mistake``: ``false alarm`` or ``missed real``.
    """
    score, label = table["score"].to_numpy(dtype=np.float64), table["label"].to_numpy()
    false = table[(label == BOGUS) & (score >= threshold)].assign(mistake=FALSE_ALARM)
    missed = table[(label == REAL) & (score < threshold)].assign(mistake=MISSED_REAL)
    false = false.sort_values("score", ascending=False, kind="stable").head(per_class)
    missed = missed.sort_values("score", ascending=True, kind="stable").head(per_class)
    return pd.concat([false, missed])
