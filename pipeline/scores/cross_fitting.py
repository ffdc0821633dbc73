"""Scores by calibrations that were fitted on other rows: what a calibration gives rows that did not fit it."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.classes import BOGUS, REAL
from pipeline.metrics.night_shift import LEAST_NIGHTS

BLOCKS: Final = 5
"""Into how many blocks groups are divided where nights do not divide rows."""

Fit = Callable[[NDArray[np.float64], NDArray[np.int64]], Callable[[NDArray[np.float64]], NDArray[np.float64]]]
"""Takes logits and labels, ``(n,)``, and returns what makes scores of logits."""


def cross_fitted(
    fit: Fit, logits: NDArray[np.float64], labels: NDArray[np.int64], blocks: NDArray[np.int64]
) -> NDArray[np.float64] | None:
    """Return the score of each row by a fit to all rows of other blocks; None if one of these fits lacks a class.

    Parameters
    ----------
    fit : callable
        What is fitted.
    logits : ndarray of float64, shape (n,)
    labels : ndarray of int64, shape (n,)
        0 bogus, 1 real.
    blocks : ndarray of int64, shape (n,)
        The block of each row, from 0; two at least.
    """
    scores = np.full(len(logits), np.nan)
    for block in np.unique(blocks):
        own = blocks == block
        if own.all() or not {BOGUS, REAL} <= set(labels[~own].tolist()):
            return None
        scores[own] = fit(logits[~own], labels[~own])(logits[own])
    return scores


def blocks_of(nights: ArrayLike, groups: ArrayLike) -> tuple[str, NDArray[np.int64]]:
    """Return ``night`` or ``group``, and the block of each row: its night, or one of `BLOCKS` shares of the groups.

    Parameters
    ----------
    nights : array_like of str, shape (n,)
        Empty where it is not known; nights are blocks if there are at least `LEAST_NIGHTS` and all are known.
    groups : array_like of str, shape (n,)
        Rows that belong together.

    Examples
    --------
    >>> blocks_of(["n1", "n2", "n3", "n2"], ["a", "b", "c", "d"])[0], blocks_of([""] * 4, ["a", "b", "c", "a"])[1]
    ('night', array([0, 1, 2, 0]))
    """
    names, place = np.unique(np.asarray(nights).astype(str), return_inverse=True)
    if len(names) >= LEAST_NIGHTS and "" not in names:
        return "night", place.astype(np.int64)
    _, group = np.unique(np.asarray(groups).astype(str), return_inverse=True)
    return "group", group.astype(np.int64) % BLOCKS
