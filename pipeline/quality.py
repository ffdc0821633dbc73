"""Missing pixels and flag bits: what counts as missing, and what a row says about itself."""

from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

HUGE = 1e30
"""Magnitudes above this are a file's way of saying "missing" (ZTF stamps hold +-3.4e38)."""


class Flag(IntFlag):
    """Bits of the column ``flags``."""

    EDGE = 1
    """Part of the cutout lies outside the image, or outside the stamp that the survey gave."""
    MISSING_PIXELS = 2
    """Some pixels are NaN for another reason than the edge."""
    NO_TEMPLATE = 4
    """The template is missing altogether."""
    SATURATED = 8
    """A pixel of the cutout reached the saturation level."""
    ALL_MISSING = 16
    """No pixel of the difference (or of the science image without one) is finite."""
    CONSTANT = 32
    """All finite pixels of a channel are equal."""
    NOT_SCORED = 64
    """No score could be given; the score is NaN."""
    BORDERLINE_LABEL = 128
    """Two label providers disagreed; the stronger one won."""


def to_missing(pixels: NDArray[np.number], magic: tuple[float, ...] = ()) -> tuple[NDArray[np.float32], int]:
    """Return the pixels as float32 with everything that means "missing" as NaN.

    Parameters
    ----------
    pixels : ndarray, any shape
        Pixels as read, integers allowed.
    magic : tuple of float, optional
        Values that the survey uses for "bad pixel", such as -31415.

    Returns
    -------
    cleaned : ndarray of float32, same shape
        NaN where the input was NaN, infinite, above 1e30 in absolute value, or magic.
    n_new : int
        How many pixels became NaN that were not NaN before.
    """
    values = np.asarray(pixels)
    with np.errstate(over="ignore", invalid="ignore"):
        cleaned = values.astype(np.float32)
        bad = ~(np.abs(cleaned) <= np.float32(HUGE))
    for value in magic:
        bad |= values == value
    was_nan = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, dtype=bool)
    cleaned[bad] = np.nan
    return cleaned, int(np.count_nonzero(bad & ~was_nan))
