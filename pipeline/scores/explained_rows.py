"""Which rows are worth an explanation: the worst mistakes, the most uncertain, and some at random."""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

GROUPS: Final = ("mistake", "uncertain", "random")
"""Why a row is explained, in the order in which rows are taken."""


def chosen_rows(
    probabilities: ArrayLike,
    labels: ArrayLike,
    predicted: ArrayLike,
    threshold: float,
    each: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Return rows to explain, and why each of them was taken; no row is taken twice.

    Mistakes come in the order in which the model is sure of them, uncertain ones in the order of their distance from
    the threshold, both as differences of logits; of more than two classes that of the two likeliest.

    Parameters
    ----------
    probabilities : array_like, shape (n, k)
        NaN in a row without score, which is never taken.
    labels, predicted : array_like of int, shape (n,)
        Class of each row, and the class that it is called.
    threshold : float
        Of the second of two classes.
    each : int
        Rows of each group, at most.
    rng : Generator
        Source of the draw.

    Returns
    -------
    rows : ndarray of int, shape (m,)
        Group by group.
    groups : ndarray of str, shape (m,)
        The group of each, of `GROUPS`.
    """
    p, label, called = np.asarray(probabilities, dtype=np.float64), np.asarray(labels), np.asarray(predicted)
    sure = _sureness(p, threshold)
    known = np.isfinite(sure)
    wrong = np.flatnonzero(known & (called != label))
    mistakes = wrong[np.argsort(-sure[wrong], kind="stable")][:each]
    rest = np.setdiff1d(np.flatnonzero(known), mistakes)
    uncertain = rest[np.argsort(sure[rest], kind="stable")][:each]
    rest = np.setdiff1d(rest, uncertain)
    drawn = np.sort(rng.choice(rest, min(each, len(rest)), replace=False)) if len(rest) else rest
    groups = np.repeat(GROUPS, [len(mistakes), len(uncertain), len(drawn)])
    return np.concatenate([mistakes, uncertain, drawn]).astype(np.int64), groups


def _sureness(probabilities: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Return how far each row is from being called otherwise, in units of the logit; NaN without score."""
    logs = np.log(np.clip(probabilities, 1e-12, None))
    if probabilities.shape[1] == 2:
        at = np.log(np.clip(threshold, 1e-12, 1.0)) - np.log(np.clip(1.0 - threshold, 1e-12, 1.0))
        return np.asarray(np.abs(logs[:, 1] - logs[:, 0] - at))
    ordered = np.sort(logs, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2])
