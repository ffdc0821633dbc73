"""Cutouts from a stack of stamps: square stamps of one or many sizes in the middle of equal squares, NaN around them.

Which pixel of the stack holds the source depends on whether its stamp has an even side, and a stamp that lacks its last
line at the border of the image looks, along that axis, like one that is shorter by a pixel. Two facts tell them apart:
stamps are square, so that a shorter one is shorter along both axes, and an image ends at one side of a stamp only.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.cutouts.edge_fills import inside_of_missing_border
from pipeline.cutouts.extract import source_pixel


class StackCutouts(NamedTuple):
    """Cutouts of a stack, and which of them may be centred one pixel beside their source.

    Attributes
    ----------
    pixels : ndarray of float32, (n, size, size, channel)
        The source in pixel ``size // 2``.
    is_unsure : ndarray of bool, (n,)
        Where the pixels do not tell whether the stamp is even, and it matters: the cutout is as the file has it.
    """

    pixels: NDArray[np.float32]
    is_unsure: NDArray[np.bool_]


class _Sides(NamedTuple):
    """Whether each stamp has an even side, and whether its pixels tell, both ``(n,)``."""

    is_even: NDArray[np.bool_]
    is_known: NDArray[np.bool_]


def middle_of_stack(stack: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Return the middle ``(n, size, size, channel)`` of stamps ``(n, y, x, channel)``, as they lie in the file."""
    first_y, first_x = (length // 2 - size // 2 for length in stack.shape[1:3])
    return np.ascontiguousarray(stack[:, first_y : first_y + size, first_x : first_x + size])


def cut_stack(
    stack: NDArray[np.float32],
    x_pixel: NDArray[np.float64],
    y_pixel: NDArray[np.float64],
    size: int,
    *,
    one_size: bool = False,
) -> StackCutouts:
    """Cut squares about the pixel of each stamp that holds its source.

    A stamp of odd side holds its source in the middle pixel of the stack; one of even side in that pixel or the one
    before, which its place on the detector tells (`source_pixel`). A stamp is square and fills the stack equally on
    both sides, so one of even side reaches one pixel farther before the middle pixel of the stack than beyond it, and
    one of odd side equally far. What counts is the farther reach of both axes: if the image ends along one of them, the
    other still tells. If the image ends along both axes on the same side, before or beyond the source, neither tells:

    * with ``one_size``, the stamp has the stack's own side if it reaches the border of the stack along both axes;
    * a stamp that already reaches as far as the stack's own side does cannot be longer, and has that side;
    * of any other the side is not known: the cutout stays as the file has it, and is called unsure if the source would
      lie elsewhere in a stamp of even side.

    Lines count as missing if they are NaN in all channels. A stamp without any pixel has the stack's side.

    Parameters
    ----------
    stack : ndarray of float32, (n, y, x, channel)
        NaN where there is no pixel; square.
    x_pixel, y_pixel : ndarray of float, (n,)
        Places of the sources on the detector; NaN where they are not known.
    size : int
        Side of a cutout, at most the stack's.
    one_size : bool
        Whether the survey's stamps are as large as the stack, as its settings say, apart from whole smaller ones.

    Examples
    --------
    A stamp of 5 pixels that lacks its last column, and one of 4 pixels, whose source is in the pixel before the middle:

    >>> stack = np.ones((2, 5, 5, 1), np.float32)
    >>> stack[:, :, 4], stack[1, 4] = np.nan, np.nan
    >>> place = np.array([100.2, 100.2])
    >>> np.isnan(cut_stack(stack, place, place, 5).pixels[:, 2, :, 0]).astype(int).tolist()
    [[0, 0, 0, 0, 1], [1, 0, 0, 0, 0]]
    """
    cutouts = middle_of_stack(stack, size)
    middle = stack.shape[1] // 2
    sides = _sides(inside_of_missing_border(stack), stack.shape[1], one_size=one_size)
    if_even = [middle + source_pixel(2, place) - 1 for place in (y_pixel, x_pixel)]
    y, x = (np.where(sides.is_even, pixel, middle) for pixel in if_even)
    elsewhere = np.flatnonzero((y != middle) | (x != middle))
    if len(elsewhere) and np.shares_memory(cutouts, stack):
        cutouts = cutouts.copy()
    for row in elsewhere:
        moved = np.full((size, size, stack.shape[3]), np.nan, np.float32)
        (to_y, from_y), (to_x, from_x) = _span(stack.shape[1], y[row], size), _span(stack.shape[2], x[row], size)
        moved[to_y, to_x] = stack[row, from_y, from_x]
        cutouts[row] = moved
    would_move = np.asarray((if_even[0] != middle) | (if_even[1] != middle))
    return StackCutouts(cutouts, ~sides.is_known & would_move)


def _sides(inside: NDArray[np.intp], side: int, *, one_size: bool) -> _Sides:
    """Return whether stamps have an even side, from the boxes that hold their pixels, as `cut_stack` says.

    Parameters
    ----------
    inside : ndarray of int, (n, 4)
        First row, row after the last, first column, column after the last; all 0 for a stamp without any pixel.
    side : int
        The stack's.
    one_size : bool
        As of `cut_stack`.
    """
    empty = inside[:, 1] == inside[:, 0]
    first = np.where(empty[:, None], 0, inside[:, 0::2])
    last = np.where(empty[:, None], side, inside[:, 1::2]) - 1
    before, beyond = side // 2 - first.min(axis=1), last.max(axis=1) - side // 2
    shortest = np.maximum(2 * before, 2 * beyond + 1)
    is_known = (before == beyond) | (before == beyond + 1) | (shortest == side)
    is_even = is_known & (shortest % 2 == 0)
    if one_size:
        is_square = (first[:, 0] == first[:, 1]) & (last[:, 0] == last[:, 1])
        at_border = ((first == 0) | (last == side - 1)).all(axis=1)
        is_cut_off = at_border & ~(is_square & is_known)
        is_even, is_known = np.where(is_cut_off, side % 2 == 0, is_even), is_known | is_cut_off
    return _Sides(np.asarray(is_even), np.asarray(is_known))


def _span(length: int, source: int, size: int) -> tuple[slice, slice]:
    """Return which pixels of a cutout a stamp fills, and which of its own they are, along one axis."""
    start = source - size // 2
    first, last = max(start, 0), min(start + size, length)
    return slice(first - start, last - start), slice(first, last)
