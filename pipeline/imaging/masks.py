"""Masks: which pixels a mask plane or a weight plane marks as missing."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError


def masked_pixels(
    plane: NDArray[np.number], *, weight: bool = False, bits: Sequence[int] = (), values: Sequence[int] = ()
) -> NDArray[np.bool_]:
    """Return which pixels a plane marks as missing, in its shape.

    Parameters
    ----------
    plane : ndarray, (y, x)
        As read: a mask of bits or codes, or weights.
    weight : bool
        The plane holds weights: 0, negative and NaN mean missing.
    bits : sequence of int
        Bits of a mask, counted from 0 for the lowest, any of which means missing.
    values : sequence of int
        Codes of a mask that mean missing.

    With neither bits nor values, every value of a mask but 0 means missing.

    Raises
    ------
    InputError
        If ``bits`` are given for a plane that does not hold whole numbers.

    Examples
    --------
    >>> masked_pixels(np.array([[0, 1, 2, 6]]), bits=[1]).tolist()
    [[False, False, True, True]]
    """
    if weight:
        return np.asarray(~(plane > 0))
    if not bits and not values:
        return np.asarray(plane != 0)
    bad = np.isin(plane, values) if values else np.zeros(plane.shape, dtype=bool)
    if bits:
        codes: NDArray[np.number] = plane
        if plane.dtype.kind == "f":
            codes = np.nan_to_num(plane, nan=0.0, posinf=0.0, neginf=0.0).astype(np.int64)
            if not np.array_equal(codes, np.where(np.isfinite(plane), plane, 0)):
                raise InputError("a mask with bits holds whole numbers")
            bad |= ~np.isfinite(plane)
        bad |= np.asarray((codes.astype(np.int64) & sum(1 << bit for bit in set(bits))) != 0)
    return bad
