"""Cutouts from a stack of stamps: stamps of many sizes in the middle of equal squares, NaN around them."""

import numpy as np
from numpy.typing import NDArray

from pipeline.cutouts.extract import source_pixel


def middle_of_stack(stack: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Return the middle ``(n, size, size, channel)`` of stamps ``(n, y, x, channel)``, as they lie in the file."""
    first_y, first_x = (length // 2 - size // 2 for length in stack.shape[1:3])
    return np.ascontiguousarray(stack[:, first_y : first_y + size, first_x : first_x + size])


def cut_stack(
    stack: NDArray[np.float32], x_pixel: NDArray[np.float64], y_pixel: NDArray[np.float64], size: int
) -> NDArray[np.float32]:
    """Cut squares about the pixel of each stamp that holds its source.

    A stamp of even length holds it in one of two pixels, which its place on the detector tells (`source_pixel`). How
    long a stamp is, its NaN tell: the stack is filled up equally on both sides. Where they do not look so, because the
    survey has no pixels at one side either, it is as long as the stack's.

    Parameters
    ----------
    stack : ndarray of float32, (n, y, x, channel)
        NaN where there is no pixel.
    x_pixel, y_pixel : ndarray of float, (n,)
        Places of the sources on the detector; NaN where they are not known.
    size : int
        Side of a cutout, at most the stack's.

    Returns
    -------
    ndarray of float32, (n, size, size, channel)
        The source in pixel ``size // 2``.
    """
    cutouts = middle_of_stack(stack, size)
    there: NDArray[np.bool_] = np.asarray(~np.isnan(stack).all(axis=3))
    y, x = _source(np.any(there, axis=2), y_pixel), _source(np.any(there, axis=1), x_pixel)
    middle_y, middle_x = (length // 2 for length in stack.shape[1:3])
    elsewhere = np.flatnonzero((y != middle_y) | (x != middle_x))
    if len(elsewhere) and np.shares_memory(cutouts, stack):
        cutouts = cutouts.copy()
    for row in elsewhere:
        moved = np.full((size, size, stack.shape[3]), np.nan, np.float32)
        (to_y, from_y), (to_x, from_x) = _span(stack.shape[1], y[row], size), _span(stack.shape[2], x[row], size)
        moved[to_y, to_x] = stack[row, from_y, from_x]
        cutouts[row] = moved
    return cutouts


def _source(there: NDArray[np.bool_], place: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the pixel along an axis that holds each source; ``there`` ``(n, length)`` tells which have a value."""
    whole = there.shape[1]
    first = there.argmax(axis=1)
    length = whole - there[:, ::-1].argmax(axis=1) - first
    length = np.where(there.any(axis=1) & (first == whole // 2 - length // 2), length, whole)
    even = length % 2 == 0
    return np.where(even, whole // 2 + source_pixel(2, place) - 1, whole // 2)


def _span(length: int, source: int, size: int) -> tuple[slice, slice]:
    """Return which pixels of a cutout a stamp fills, and which of its own they are, along one axis."""
    start = source - size // 2
    first, last = max(start, 0), min(start + size, length)
    return slice(first - start, last - start), slice(first, last)
