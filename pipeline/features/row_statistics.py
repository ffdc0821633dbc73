"""Counts and order statistics of each row of an array, exact, and in a fraction of the time that a sort takes."""

import numpy as np
from numpy.typing import NDArray

_SMALL = 512
"""Rows up to this length are sorted: it is as fast."""

_SAMPLE = 64
_BINS = 127


def count_true(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many flags ``(n, ...)`` of each row are True, ``(n,)``; several times as fast as their sum.

    Examples
    --------
    >>> count_true(np.array([[True, False, True], [False, False, False]])).tolist()
    [2, 0]
    """
    packed = np.packbits(flags.reshape(len(flags), -1), axis=1)
    return np.asarray(np.bitwise_count(packed).sum(axis=1, dtype=np.int64))


def order_statistics(values: NDArray[np.float32], ranks: NDArray[np.integer]) -> NDArray[np.float32]:
    """Return the values of given ranks in each row, as a sort of the rows would give them.

    Parameters
    ----------
    values : ndarray of float32, ``(n, p)``
        NaN counts as larger than any number.
    ranks : ndarray of int, ``(n, k)``
        0 for the smallest of a row.

    Returns
    -------
    found : ndarray of float32, ``(n, k)``

    Notes
    -----
    The values are put into 255 bins that keep their order, of which numpy sorts a row in linear time; then only the few
    values that share the bin of a rank are sorted among themselves. Where the bins lie changes the time alone.

    Examples
    --------
    >>> order_statistics(np.array([[3, 1, np.nan, 2]], dtype=np.float32), np.array([[0, 2]])).tolist()
    [[1.0, 3.0]]
    """
    if values.shape[1] <= _SMALL or not len(values):
        return np.take_along_axis(np.sort(values, axis=1), ranks, axis=1)
    bins = _binned(values)
    ordered = np.sort(bins, axis=1, kind="stable")
    wanted = np.take_along_axis(ordered, ranks, axis=1)
    found = np.empty(wanted.shape, dtype=np.float32)
    for column, chosen in enumerate(wanted.T[:, :, None]):
        within = ranks[:, column] - (ordered == chosen).argmax(axis=1)
        found[:, column] = _ranked_among(values, bins == chosen, within)
    return found


def _binned(values: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return bins that keep the order, fine where the middle two thirds of a sample of a row lie."""
    sample = np.sort(values[:, :: values.shape[1] // _SAMPLE], axis=1)
    count = np.isfinite(sample).sum(axis=1)
    low, high = (sample[np.arange(len(sample)), (share * count).astype(int)] for share in (1 / 6, 5 / 6))
    with np.errstate(all="ignore"):  # of rows without a scale all values share a bin
        scale = np.nan_to_num(_BINS / (high - low), nan=0, posinf=0)
        fine = (values - np.nan_to_num(0.5 * low + 0.5 * high)[:, None]) * scale[:, None]
    np.clip(fine, -_BINS, _BINS, out=fine)
    return np.fmin(fine, np.float32(_BINS), out=fine).astype(np.int8)  # NaN among the largest


def _ranked_among(
    values: NDArray[np.float32], chosen: NDArray[np.bool_], ranks: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Return the value of a given rank among the chosen ones of each row, ``(n,)``."""
    places = np.flatnonzero(chosen)
    rows = places // values.shape[1]
    count = np.bincount(rows, minlength=len(values))
    first = np.cumsum(count) - count
    gathered = np.full((len(values), count.max()), np.nan, dtype=np.float32)
    gathered[rows, np.arange(len(places)) - first[rows]] = values.ravel()[places]
    gathered.sort(axis=1)
    return gathered[np.arange(len(values)), ranks]
