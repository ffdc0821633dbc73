"""Rows that a classifier of many classes can be judged by: those with a label and with all probabilities."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError

SUM_SLACK = 0.01
"""By how much the probabilities of a row may miss a sum of 1: they may have been written with three decimals."""


def judged_rows(labels: ArrayLike, probabilities: ArrayLike) -> NDArray[np.bool_]:
    """Return which rows can be judged: a label of 0 or more, and no probability missing, ``(n,)``.

    Parameters
    ----------
    labels : array_like, shape (n,)
        Index of the class; -1 is unlabelled.
    probabilities : array_like, shape (n, k)
        The probability of each class; a row with a NaN was not scored.

    Examples
    --------
    >>> judged_rows([0, -1, 1], [[0.9, 0.1], [0.5, 0.5], [np.nan, np.nan]]).tolist()
    [True, False, False]
    """
    label = np.asarray(labels, dtype=np.float64)
    return (label >= 0) & np.isfinite(np.asarray(probabilities, dtype=np.float64)).all(axis=1)


def checked_classes(labels: ArrayLike, probabilities: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return labels ``(n,)`` and probabilities ``(n, k)`` as arrays, or say what is wrong with them.

    Parameters
    ----------
    labels : array_like, shape (n,)
        Index of the class, 0 to k - 1.
    probabilities : array_like, shape (n, k)
        The probability of each class, finite, with a sum of 1 in each row.

    Raises
    ------
    InputError
        If shapes do not fit, a label is of no class, or a row holds no probabilities.
    """
    label, chances = np.asarray(labels), np.asarray(probabilities, dtype=np.float64)
    if label.ndim != 1 or chances.ndim != 2 or len(label) != len(chances) or chances.shape[1] < 2:
        raise InputError(
            f"labels {label.shape} and probabilities {chances.shape}; allowed: (n,) and (n, k) with 2 classes or more"
        )
    strange = ~np.isin(label, np.arange(chances.shape[1]))
    if strange.any():
        row = int(np.flatnonzero(strange)[0])
        raise InputError(f"row {row}: label {label[row]}; allowed: 0 to {chances.shape[1] - 1}; select rows first")
    unfit = ~np.isfinite(chances).all(axis=1)
    if unfit.any():
        raise InputError(f"{np.count_nonzero(unfit)} rows have no finite probabilities; leave them out and count them")
    _require_probabilities(chances)
    return label.astype(np.int64), chances


def _require_probabilities(chances: NDArray[np.float64]) -> None:
    strange = ((chances < 0) | (chances > 1)).any(axis=1) | (np.abs(chances.sum(axis=1) - 1.0) > SUM_SLACK)
    if strange.any():
        row = int(np.flatnonzero(strange)[0])
        given = ", ".join(f"{chance:.4g}" for chance in chances[row][:6])
        raise InputError(f"row {row}: probabilities {given}; allowed: numbers from 0 to 1 that add up to 1")


def predicted_class(probabilities: ArrayLike, weights: ArrayLike | None = None) -> NDArray[np.int64]:
    """Return the most probable class of each row, ``(n,)``; the first of equal ones, -1 where a probability is missing.

    Parameters
    ----------
    probabilities : array_like, shape (n, k)
        The probability of each class.
    weights : array_like, shape (k,), optional
        Factors of the probabilities before they are compared (see `pipeline.metrics.decision_weights`).

    Examples
    --------
    >>> predicted_class([[0.2, 0.8], [0.5, 0.5], [np.nan, 1.0]]).tolist()
    [1, 0, -1]
    """
    chances = np.asarray(probabilities, dtype=np.float64)
    weighted = chances if weights is None else chances * np.asarray(weights, dtype=np.float64)
    whole = np.isfinite(chances).all(axis=1)
    return np.where(whole, np.where(np.isfinite(weighted), weighted, -np.inf).argmax(axis=1), -1).astype(np.int64)
