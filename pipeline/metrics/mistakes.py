"""The worst mistakes of a classifier: reals with the lowest scores, bogus with the highest."""

import numpy as np
import pandas as pd

from pipeline.classes import BOGUS, REAL

MISSED_REAL = "missed real"
FALSE_ALARM = "false alarm"


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
