"""What a classifier gains and loses by saying nothing where no class is probable enough."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError
from pipeline.metrics.class_confusion import counts_of
from pipeline.metrics.class_rows import checked_classes, predicted_class
from pipeline.metrics.curves import ratio

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(20))
"""Least probabilities of the called class: 0, 0.05 ... 0.95."""

ABSTENTION_COLUMNS = [
    "threshold",
    "class_index",
    "kept",
    "n_class",
    "n_kept",
    "n_called",
    "precision",
    "recall_of_kept",
    "recall",
    "fpr",
    "f1",
]


def abstention(labels: ArrayLike, probabilities: ArrayLike, thresholds: Sequence[float] = THRESHOLDS) -> pd.DataFrame:
    """Return precision and recall of each class if rows are dropped whose largest probability is below a threshold.

    Parameters
    ----------
    labels : array_like, shape (n,)
        Index of the class, 0 to k - 1.
    probabilities : array_like, shape (n, k)
        The probability of each class.
    thresholds : sequence of float
        The least probabilities, from 0 to 1.

    Returns
    -------
    DataFrame
        Columns ABSTENTION_COLUMNS, a row for each threshold and class: ``kept`` is the share of all rows that are not
        dropped, ``n_class`` the rows of the class and ``n_kept`` those not dropped, ``n_called`` the kept rows called
        so. ``recall_of_kept`` counts only kept rows and rises as hard ones are dropped; ``recall`` is that times the
        share of the class that is kept, so that a dropped row counts as missed. ``fpr`` is FP / (FP + TN) over all
        rows of other classes, and ``f1`` is of ``precision`` and ``recall``. NaN where there is nothing to count.

    Raises
    ------
    InputError
        If a threshold lies outside 0 ... 1, or as raised by `checked_classes`.
    """
    label, chances = checked_classes(labels, probabilities)
    strange = [threshold for threshold in thresholds if not 0.0 <= threshold <= 1.0]
    if strange:
        raise InputError(f"threshold of abstention is {strange[0]}; allowed: 0 to 1")
    called, top, k = predicted_class(chances), chances.max(axis=1), chances.shape[1]
    of_class = np.bincount(label, minlength=k).astype(np.float64)
    tables = [
        _at(threshold, counts_of(label[top >= threshold], called[top >= threshold], k).astype(np.float64), of_class)
        for threshold in thresholds
    ]
    found = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=ABSTENTION_COLUMNS)
    return found[ABSTENTION_COLUMNS]


def _at(threshold: float, counts: NDArray[np.float64], of_class: NDArray[np.float64]) -> pd.DataFrame:
    right, kept, called = np.diagonal(counts), counts.sum(axis=1), counts.sum(axis=0)
    total = of_class.sum()
    return pd.DataFrame(
        {
            "threshold": threshold,
            "class_index": np.arange(len(of_class)),
            "kept": kept.sum() / total if total else np.nan,
            "n_class": of_class.astype(np.int64),
            "n_kept": kept.astype(np.int64),
            "n_called": called.astype(np.int64),
            "precision": ratio(right, called),
            "recall_of_kept": ratio(right, kept),
            "recall": ratio(right, of_class),
            "fpr": ratio(called - right, total - of_class),
            "f1": np.where(of_class > 0, ratio(2.0 * right, of_class + called), np.nan),
        }
    )
