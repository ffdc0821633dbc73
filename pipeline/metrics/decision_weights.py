"""Weights of the classes that make the most of macro F1 when the largest weighted probability decides."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.metrics.class_rows import checked_classes, predicted_class

ROUNDS = 50
"""How often each weight is looked at; the search ends earlier if no weight improves the figure."""

LARGEST = 100.0
"""No weight is further from 1 than by this factor: a class of three rows must not swallow the others."""

GAIN = 1e-9
"""A smaller gain is one of rounding."""


def decision_weights(labels: ArrayLike, probabilities: ArrayLike) -> NDArray[np.float64]:
    """Return the weights w, ``(k,)`` with a geometric mean of 1, for which argmax(w p) has the largest macro F1.

    One weight after the other is put where macro F1 is largest for the others as they are; as it grows, rows join its
    class one by one, so every possible value is tried. The search begins at equal weights and at weights inverse to
    the shares of the classes, and the better end is taken, so it never ends below argmax(p) on these rows. Fit it on
    rows that are not judged: the figure of the rows it was fitted on flatters it.

    Parameters
    ----------
    labels : array_like, shape (n,)
        Index of the class, 0 to k - 1, of validation rows. A class without rows keeps the weight with which the search
        began, and does not count in macro F1.
    probabilities : array_like, shape (n, k)
        The probability of each class.

    Raises
    ------
    InputError
        As raised by `checked_classes`.

    Examples
    --------
    >>> weights = decision_weights([0, 0, 0, 1], [[0.9, 0.1], [0.8, 0.2], [0.9, 0.1], [0.6, 0.4]])
    >>> predicted_class([[0.6, 0.4], [0.8, 0.2]], weights).tolist()
    [1, 0]
    """
    label, chances = checked_classes(labels, probabilities)
    counts = np.bincount(label, minlength=chances.shape[1])
    starts = [np.ones(chances.shape[1])]
    if (counts > 0).sum() > 1:
        starts.append(np.where(counts > 0, counts.max(initial=1) / np.maximum(counts, 1), 1.0))
    ends = [_climb(label, chances, np.clip(start, 1 / LARGEST, LARGEST)) for start in starts]
    best = max(ends, key=lambda end: end[0])
    return np.asarray(best[1] / np.exp(np.log(best[1]).mean()))


def macro_f1_of(labels: NDArray[np.int64], called: NDArray[np.int64], n_classes: int) -> float:
    """Return the mean of F1 over the classes that have rows; NaN without rows.

    Parameters
    ----------
    labels, called : ndarray of int64, (n,)
        True and called class of each row.
    n_classes : int
        How many classes there are.
    """
    truth, guessed = np.bincount(labels, minlength=n_classes), np.bincount(called, minlength=n_classes)
    right = np.bincount(labels[labels == called], minlength=n_classes)
    some = truth > 0
    return float(np.mean(2.0 * right[some] / (truth[some] + guessed[some]))) if some.any() else float("nan")


def _climb(
    label: NDArray[np.int64], chances: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Return macro F1 and the weights at which no single weight improves it."""
    k = chances.shape[1]
    best, weights = macro_f1_of(label, predicted_class(chances, weights), k), weights.copy()
    present = np.flatnonzero(np.bincount(label, minlength=k))
    for _ in range(ROUNDS if len(present) > 1 else 0):
        before = best
        for index in present:
            trial = weights.copy()
            trial[index] = _best_weight(label, chances, weights, int(index))
            found = macro_f1_of(label, predicted_class(chances, trial), k)
            if found > best + GAIN:
                best, weights = found, trial
        if best <= before + GAIN:
            break
    return best, weights


def _best_weight(
    label: NDArray[np.int64], chances: NDArray[np.float64], weights: NDArray[np.float64], index: int
) -> float:
    """Return the weight of one class with the largest macro F1, amid the values that give the same."""
    k, weighted = chances.shape[1], chances * weights
    weighted[:, index] = -np.inf
    rival = weighted.argmax(axis=1)
    own = chances[:, index]
    with np.errstate(divide="ignore", invalid="ignore"):
        turns = np.where(own > 0, weighted.max(axis=1) / own, np.inf)
    order = np.argsort(turns, kind="stable")
    joined = np.concatenate([[0], np.arange(1, len(label) + 1)])
    truth, called = np.bincount(label, minlength=k).astype(float), np.bincount(rival, minlength=k).astype(float)
    total, some = np.zeros(len(label) + 1), truth > 0
    for other in np.flatnonzero(some):
        if other == index:
            right, guessed = _running(label[order] == index), joined.astype(float)
        else:
            held = rival[order] == other
            right = float(((rival == other) & (label == other)).sum()) - _running(held & (label[order] == other))
            guessed = called[other] - _running(held)
        total += 2.0 * right / (truth[other] + guessed)
    edges = np.concatenate([[0.0], turns[order], [np.inf]])
    between = np.sqrt(np.clip(edges[:-1], 1 / LARGEST, LARGEST) * np.clip(edges[1:], 1 / LARGEST, LARGEST))
    allowed = (edges[1:] > edges[:-1]) & (edges[:-1] < LARGEST) & (edges[1:] > 1 / LARGEST)
    return float(between[np.argmax(np.where(allowed, total, -np.inf))])


def _running(happened: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how often something has happened after each number of rows, ``(n + 1,)``."""
    return np.concatenate([[0.0], np.cumsum(happened)])
