"""A check whether the pixels that a table states for candidates are those at which a WCS puts their sky positions."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Project = Callable[[Floats, Floats], tuple[Floats, Floats]]

_FEWEST: Final = 3
"""Fewer candidates than this say nothing."""
_MOST: Final = 0.75
"""The share of them that must agree."""
_CLOSE_PIXEL: Final = 0.3
"""How near to a whole pixel the shift of a wrong origin is; both centroids are of the same detection."""
_NEAR_PIXEL: Final = 2.0
"""How near to the stated pixels candidates come when wrong columns are read in the right way."""
_HOURS: Final = 24.0


def places_fault(x: Floats, y: Floats, ra_deg: Floats, dec_deg: Floats, project: Project, pixel_origin: int) -> str:
    """Return which mistake in the settings explains that candidates are not at their sky positions.

    Empty if they are, if there are too few, or if no known mistake explains it: the WCS may be wrong as well as the
    table.

    Parameters
    ----------
    x, y : ndarray of float64, (n,)
        Pixels as the table states them, minus ``pixel_origin``; 0-based if that is right.
    ra_deg, dec_deg : ndarray of float64, (n,)
        Sky positions, degrees; NaN where not known.
    project : callable
        Returns the 0-based pixels of sky positions by the WCS of the image; NaN where it does not reach.
    pixel_origin : int
        The number of the first pixel in the table according to the settings, 0 or 1.

    Examples
    --------
    >>> at = np.array([10.0, 50.0, 200.0, 340.0])
    >>> degrees = lambda ra, dec: (ra * 100, dec * 100)
    >>> places_fault(at + 1, at + 1, at / 100, at / 100, degrees, 0)[:62]
    'x_pixel and y_pixel are 1 larger than the pixels in which the '
    >>> places_fault(at, at, at / 100, at / 100, degrees, 0)
    ''
    """
    found_x, found_y = project(ra_deg, dec_deg)
    if _agree(x - found_x, y - found_y, 0.0, 1 - _CLOSE_PIXEL):
        return ""
    sign = 1 if pixel_origin == 0 else -1
    if _agree(x - found_x, y - found_y, sign, _CLOSE_PIXEL):
        return (
            f"x_pixel and y_pixel are 1 {'larger' if sign > 0 else 'smaller'} than the pixels in which the WCS puts "
            f"ra_deg and dec_deg: the table seems to count pixels from {1 - pixel_origin}; then state "
            f"`pixel_origin: {1 - pixel_origin}`"
        )
    if _agree(y - found_x, x - found_y, 0.0, _NEAR_PIXEL):
        return "x_pixel and y_pixel seem to be swapped: the WCS puts ra_deg and dec_deg there the other way round"
    if np.all(ra_deg[np.isfinite(ra_deg)] <= _HOURS):
        found_x, found_y = project(ra_deg * 15.0, dec_deg)
        if _agree(x - found_x, y - found_y, 0.0, _NEAR_PIXEL):
            return "ra_deg seems to be in hours: by the WCS 15 times as much lies at x_pixel, y_pixel; give degrees"
    return ""


def _agree(x_off: Floats, y_off: Floats, expected: float, within: float) -> bool:
    """Return whether most offsets of enough candidates are as expected in both axes."""
    near = (np.abs(x_off - expected) <= within) & (np.abs(y_off - expected) <= within)
    return bool(near.sum() >= max(_FEWEST, _MOST * len(x_off)))
