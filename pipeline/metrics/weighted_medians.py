"""Medians of many resamplings at once, from how often each row was drawn."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def weighted_median(values: Array, weights: Array) -> Array:
    """Return the median of each resampling, the mean of the two in the middle where there is an even number of rows.

    Parameters
    ----------
    values : ndarray of float64, (n,) or (r, n)
        The numbers, the same for all resamplings or those of each.
    weights : ndarray of float64, (r, n)
        How often each row was drawn: whole numbers.

    Returns
    -------
    median : ndarray of float64, (r,)
        NaN where nothing was drawn.

    Examples
    --------
    >>> weighted_median(np.array([3.0, 1.0, 2.0]), np.array([[1.0, 1.0, 1.0], [3.0, 1.0, 0.0]])).tolist()
    [2.0, 3.0]
    """
    if values.ndim == 1:
        order = np.argsort(values, kind="stable")
        ordered, drawn = np.broadcast_to(values[order], weights.shape), weights[:, order]
    else:
        order = np.argsort(values, axis=1, kind="stable")
        ordered, drawn = np.take_along_axis(values, order, 1), np.take_along_axis(weights, order, 1)
    if not ordered.shape[1]:
        return np.full(len(weights), np.nan)
    reached = np.cumsum(drawn, axis=1)
    total = reached[:, -1]
    middle = [_ranked(ordered, reached, np.floor((total + shift) / 2.0)) for shift in (1.0, 2.0)]
    return np.where(total > 0, 0.5 * (middle[0] + middle[1]), np.nan)


def weighted_mad(values: Array, weights: Array) -> Array:
    """Return the median absolute deviation from its own median of each resampling, ``(r,)``.

    Parameters
    ----------
    values : ndarray of float64, (n,)
        The numbers.
    weights : ndarray of float64, (r, n)
        How often each row was drawn: whole numbers.
    """
    return weighted_median(np.abs(values[None, :] - weighted_median(values, weights)[:, None]), weights)


def _ranked(ordered: Array, reached: Array, rank: Array) -> Array:
    """Return the number of a rank, counted from 1, in each row of ordered numbers."""
    place = np.minimum((reached < rank[:, None]).sum(axis=1), ordered.shape[1] - 1)
    return np.take_along_axis(ordered, place[:, None], 1)[:, 0]
