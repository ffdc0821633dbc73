"""Images resized whole: separable linear interpolation that averages when it shrinks.

Tested by tests/pipeline/cutouts/test_resize.py.
"""

import numpy as np
from numpy.typing import NDArray


def resize_weights(old: int, new: int) -> NDArray[np.float32]:
    """Return what each old pixel of an axis gives to each new one.

    The axis keeps its ends: new pixel ``i`` stands at ``(i + 1/2) old / new - 1/2`` of the old ones. Weights fall
    linearly to 0 at one old pixel from there or, where the axis shrinks, at one new pixel, and add up to 1; those
    beyond the ends go to the pixels that are there. This is the filter ``bilinear`` of Pillow.

    Parameters
    ----------
    old, new : int
        Pixels of the axis before and after, at least 1.

    Returns
    -------
    ndarray of float32, (new, old)

    Examples
    --------
    >>> resize_weights(2, 4).tolist()
    [[1.0, 0.0], [0.75, 0.25], [0.25, 0.75], [0.0, 1.0]]
    """
    reach = max(old / new, 1.0)
    place = (np.arange(new) + 0.5) * old / new - 0.5
    weights = np.clip(1.0 - np.abs(np.arange(old) - place[:, np.newaxis]) / reach, 0.0, None)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


def resized(stack: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return images ``(n, y, x, channel)`` resized whole to ``(n, side, side, channel)``.

    Parameters
    ----------
    stack : ndarray of float32, shape (n, y, x, channel)
        Finite pixels.
    side : int
        Of the result.
    """
    down, across = (resize_weights(length, side).astype(np.float64) for length in stack.shape[1:3])
    return np.asarray(np.einsum("ay,nyxc,bx->nabc", down, stack, across, optimize=True), dtype=np.float32)
