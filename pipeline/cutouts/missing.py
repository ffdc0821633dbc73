"""Missing pixels and flag bits: what counts as missing, and which properties of a cutout its row records."""

from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

HUGE = 1e30
"""Magnitudes above this are a file's way of saying "missing" (cutouts of ZTF hold +-3.4e38)."""


class Flag(IntFlag):
    """Bits of the column ``flags``."""

    EDGE = 1
    """Part of the cutout lies outside the image, or outside the cutout that the survey gave."""
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
    UNSURE_CENTRE = 256
    """The source may not lie in the middle pixel: its stamp does not tell which of its pixels holds it."""
    PLANE_MISSING = 512
    """A variance or a PSF that the survey's channels name is missing altogether."""
    UNLIKE_TRAINING = 1024
    """The classifier learned from no candidate that is like this one."""


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
    cleaned, missing = mark_missing(pixels, magic)
    there = np.asarray(pixels)[missing]
    before = np.count_nonzero(np.isnan(there)) if there.dtype.kind == "f" else 0
    return cleaned, len(there) - int(before)


def mark_missing(
    pixels: NDArray[np.number], magic: tuple[float, ...] = ()
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return what `to_missing` returns, and where it is NaN, so that this need not be searched for again.

    Returns
    -------
    cleaned : ndarray of float32, same shape
        As from `to_missing`.
    missing : ndarray of bool, same shape
        Where ``cleaned`` is NaN.
    """
    values = np.asarray(pixels)
    with np.errstate(over="ignore", invalid="ignore"):
        cleaned = values.astype(np.float32)
        missing = ~(np.abs(cleaned) <= np.float32(HUGE))
    for value in magic:
        missing |= values == value
    if missing.any():
        cleaned[missing] = np.nan
    return cleaned, missing
