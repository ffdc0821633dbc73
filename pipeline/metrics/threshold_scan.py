"""What each of many thresholds gives on one sample: rates, F1, Matthews correlation and the share that is wrong."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pipeline.classes import BOGUS, REAL
from pipeline.metrics.curves import checked, ratio
from pipeline.metrics.definitions import f1_of_counts, mcc_of_counts

SCAN_COLUMNS = ("threshold", "recall", "fnr", "fpr", "precision", "f1", "mcc", "mmce")


def threshold_scan(labels: ArrayLike, scores: ArrayLike, thresholds: NDArray[np.float64]) -> pd.DataFrame:
    """Return what thresholds give; a row is called real if its score is at or above one.

    Parameters
    ----------
    labels, scores : array_like, shape (n,)
        0 bogus and 1 real; finite scores.
    thresholds : ndarray of float64, shape (k,)
        The thresholds.

    Returns
    -------
    DataFrame
        `SCAN_COLUMNS`, one row a threshold: ``fnr`` is the share of the reals that is missed, ``mmce`` the share of all
        rows on the wrong side; NaN where there is no such share.

    Examples
    --------
    >>> threshold_scan([0, 0, 1, 1], [0.1, 0.7, 0.6, 0.8], np.array([0.65]))[["fnr", "fpr", "mmce"]].values.tolist()
    [[0.5, 0.5, 0.5]]
    """
    label, score = checked(labels, scores)
    passed = {
        wanted: (label == wanted).sum() - np.searchsorted(np.sort(score[label == wanted]), thresholds, side="left")
        for wanted in (BOGUS, REAL)
    }
    true, false = (passed[wanted].astype(np.float64) for wanted in (REAL, BOGUS))
    real, bogus = (np.full(len(thresholds), float((label == wanted).sum())) for wanted in (REAL, BOGUS))
    recall = ratio(true, real)
    columns = (
        thresholds, recall, 1.0 - recall, ratio(false, bogus), ratio(true, true + false),
        f1_of_counts(true, false, real), mcc_of_counts(true, false, real, bogus),
        ratio(real - true + false, real + bogus),
    )  # fmt: skip
    return pd.DataFrame(dict(zip(SCAN_COLUMNS, columns, strict=True)))
