"""Curves of each class against all others: every threshold on its probability, and lines of equal F1."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError
from pipeline.metrics.class_rows import checked_classes
from pipeline.metrics.curves import operating_points

CURVE_COLUMNS = ["class_index", "threshold", "tpr", "fpr", "mdr", "precision"]


def class_curves(labels: ArrayLike, probabilities: ArrayLike, classes: ArrayLike | None = None) -> pd.DataFrame:
    """Return what every threshold on the probability of a class gives, one class below the other.

    Parameters
    ----------
    labels : array_like, shape (n,)
        Index of the class, 0 to k - 1.
    probabilities : array_like, shape (n, k)
        The probability of each class.
    classes : array_like of int, optional
        The classes that are wanted; all by default.

    Returns
    -------
    DataFrame
        Columns CURVE_COLUMNS, as `pipeline.metrics.operating_points` with the class as real and all others as bogus;
        rates are NaN where there are no rows of the class, or of any other.

    Raises
    ------
    InputError
        As raised by `checked_classes`.
    """
    label, chances = checked_classes(labels, probabilities)
    wanted = np.arange(chances.shape[1]) if classes is None else np.asarray(classes, dtype=np.int64)
    tables = [
        operating_points((label == index).astype(np.int64), chances[:, index]).assign(class_index=int(index))
        for index in wanted
    ]
    found = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=CURVE_COLUMNS)
    return found[CURVE_COLUMNS]


def precision_of_f1(f1: float, recall: ArrayLike) -> NDArray[np.float64]:
    """Return the precision at which a recall gives a certain F1; NaN where none does.

    Parameters
    ----------
    f1 : float
        The F1 of the line, between 0 and 1.
    recall : array_like
        Shares of the class that are found.

    Raises
    ------
    InputError
        If F1 does not lie between 0 and 1.

    Examples
    --------
    >>> precision_of_f1(0.5, [0.2, 0.5, 1.0]).round(3).tolist()
    [nan, 0.5, 0.333]
    """
    if not 0.0 < f1 < 1.0:
        raise InputError(f"F1 must lie between 0 and 1; given {f1}")
    share = np.asarray(recall, dtype=np.float64)
    below = 2.0 * share - f1
    value = np.divide(f1 * share, below, out=np.full_like(share, np.nan), where=below > 0)
    return np.where(value <= 1.0, value, np.nan)
