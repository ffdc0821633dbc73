"""Co-teaching of estimators on features: rows of the first class that models of other rows find unlikely are left out.

Tested by tests/models/training/test_trimming.py.
"""

import logging
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.recipes.co_teaching import CoTeaching
from pipeline.errors import DataSetError

log = logging.getLogger(__name__)

FOLDS: Final = 3
"""Models that judge the rows; each learns from those of two thirds of the groups."""

DOUBTED: Final = 0

Rows = tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]
"""Features ``(n, f)``, labels and weights ``(n,)``."""


def groups_of(candidates: pd.DataFrame) -> NDArray[Any]:
    """Return the group of each row, ``(n,)``; where groups are not known each row is its own."""
    return np.asarray(candidates["group_id" if "group_id" in candidates else "candidate_id"])


def trimmed(rows: Rows, groups: NDArray[Any], setting: CoTeaching, fit: Callable[[Rows], Any], *, seed: int) -> Rows:
    """Return the rows without those of the first class that are least likely to be of it.

    Each row is judged by a model that learned from no row of its group.

    Parameters
    ----------
    rows : tuple of ndarray
        Features, labels and weights.
    groups : ndarray, shape (n,)
        Group of each row.
    setting : CoTeaching
        What share is left out.
    fit : callable
        From rows to a fitted estimator of scikit-learn.
    seed : int
        Of the folds.

    Raises
    ------
    DataSetError
        When a class has rows of fewer than `FOLDS` groups.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    features, labels, weights = rows
    few = [label for label in np.unique(labels) if len(np.unique(groups[labels == label])) < FOLDS]
    if few:
        raise DataSetError(
            f"'co_teaching' judges rows by models of other groups; class {few[0]} has rows of "
            f"{len(np.unique(groups[labels == few[0]]))}; allowed: at least {FOLDS}"
        )
    likely = np.full(len(labels), np.inf)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed % 2**32)
    for others, judged in folds.split(features, labels, groups):
        estimator = fit((features[others], labels[others], weights[others]))
        likely[judged] = _likely(estimator, features[judged])
    doubted = np.flatnonzero(labels == DOUBTED)
    count = round(setting.dropped * len(doubted))
    kept = np.ones(len(labels), dtype=bool)
    kept[doubted[np.argsort(likely[doubted], kind="stable")][:count]] = False
    log.info("co-teaching leaves out %d of %d training rows of class %d", count, len(doubted), DOUBTED)
    return features[kept], labels[kept], weights[kept]


def _likely(estimator: Any, features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return a number for each row that rises with the probability of class `DOUBTED`."""
    if hasattr(estimator, "predict_proba"):
        return np.asarray(estimator.predict_proba(features), np.float64)[:, DOUBTED]
    distances = np.asarray(estimator.decision_function(features), np.float64)
    return -distances.reshape(-1) if distances.size == len(features) else distances[:, DOUBTED]
