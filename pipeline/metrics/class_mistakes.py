"""The rows that are confused with the most confidence, by pair of true and called class."""

import numpy as np
import pandas as pd

from pipeline.metrics.class_rows import judged_rows, predicted_class

SURELY = "p_called"
"""Column with the probability of the called class."""


def class_mistakes(table: pd.DataFrame, n_classes: int, *, of_pair: int = 3, most: int = 24) -> pd.DataFrame:
    """Return the worst confused rows of the pairs of classes that are confused most often.

    Parameters
    ----------
    table : DataFrame
        ``candidate_id label p_0 ... p_{k-1}``; one row per candidate. It is not changed.
    n_classes : int
        How many classes there are.
    of_pair : int
        How many rows of each pair of true and called class there are at most.
    most : int
        How many rows there are at most.

    Returns
    -------
    DataFrame
        The rows with ``called``, ``p_called``, ``p_true`` and ``pair_rows`` (how many rows are confused alike), the
        commonest pair first, within it by falling probability of the wrong class.
    """
    chances = table[[f"p_{index}" for index in range(n_classes)]].to_numpy(dtype=np.float64)
    usable = judged_rows(table["label"].fillna(-1), chances)
    rows, chances = table[usable], chances[usable]
    label, called = rows["label"].to_numpy(int), predicted_class(chances)
    place = np.arange(len(rows))
    rows = rows.assign(called=called, p_called=chances[place, called], p_true=chances[place, label])
    wrong = rows[label != called]
    size = wrong.groupby(["label", "called"])["candidate_id"].transform("size").astype(int)
    ordered = wrong.assign(pair_rows=size).sort_values(
        ["pair_rows", "label", "called", SURELY, "candidate_id"], ascending=[False, True, True, False, True]
    )
    return ordered.groupby(["label", "called"], sort=False).head(of_pair).head(most).reset_index(drop=True)
