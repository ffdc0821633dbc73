"""Stamps of any size cropped, or padded with NaN, to cutouts of one size around the pixel that holds the source."""

import numpy as np
from numpy.typing import NDArray


def crop_or_pad(
    image: NDArray[np.float32],
    size: int,
    missing_before: tuple[bool | None, bool | None] = (None, None),
    shift: tuple[int, int] = (0, 0),
) -> NDArray[np.float32]:
    """Crop an image to ``(size, size)`` around the pixel of its source, or pad it with NaN.

    Parameters
    ----------
    image : ndarray of float32, (y, x)
        A stamp of any shape, the source at ``n // 2`` of each axis, less ``shift``.
    size : int
        Side of the result; the source comes to ``size // 2``.
    missing_before : tuple of bool or None
        For y and x: whether what a short axis lacks was cut off before its first pixel (True) or after its
        last (False), so that the source keeps its place; None: on both sides.
    shift : tuple of int
        For y and x: by how many pixels the stamp is moved, so that its source comes to the middle.

    Returns
    -------
    ndarray of float32, (size, size)
        NaN where the stamp has no pixel.

    Examples
    --------
    >>> crop_or_pad(np.arange(9, dtype=np.float32).reshape(3, 3), 1)
    array([[4.]], dtype=float32)
    >>> crop_or_pad(np.ones((1, 2), np.float32), 2, (True, None))
    array([[nan, nan],
           [ 1.,  1.]], dtype=float32)
    >>> crop_or_pad(np.ones((2, 2), np.float32), 2, shift=(0, 1))
    array([[nan,  1.],
           [nan,  1.]], dtype=float32)
    """
    if image.shape == (size, size) and shift == (0, 0):
        return image
    fitted = np.full((size, size), np.nan, dtype=np.float32)
    (to_y, from_y), (to_x, from_x) = (
        _overlap(length, size, before, moved)
        for length, before, moved in zip(image.shape, missing_before, shift, strict=True)
    )
    fitted[to_y, to_x] = image[from_y, from_x]
    return fitted


def crop_or_pad_stack(stack: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Return cutouts ``(n, y, x, channel)`` as ``(n, size, size, channel)``, each as `crop_or_pad` makes it."""
    if stack.shape[1:3] == (size, size):
        return np.ascontiguousarray(stack)
    fitted = np.full((len(stack), size, size, stack.shape[3]), np.nan, dtype=np.float32)
    (to_y, from_y), (to_x, from_x) = (_overlap(length, size, None) for length in stack.shape[1:3])
    fitted[:, to_y, to_x] = stack[:, from_y, from_x]
    return fitted


def _overlap(length: int, size: int, missing_before: bool | None, shift: int = 0) -> tuple[slice, slice]:
    """Return where an axis of ``length`` pixels lands among ``size``, and which of its pixels those are."""
    if length < size and missing_before is not None:
        first = size - length if missing_before else 0
    else:
        first = size // 2 - length // 2
    first += shift
    start, stop = max(first, 0), min(first + length, size)
    return slice(start, stop), slice(start - first, stop - first)
