"""A check whether the predicted noise of a difference can be right: it is compared with the difference itself.

The noise of a difference is predicted from gain, read noise and kernel. If the gain in a header is a setting of the
camera, an image is scaled to 0 ... 1, or zeros are used as padding, it is wrong by a factor, and so is every signal to
noise ratio and every candidate.
"""

from typing import Final

import numpy as np

from pipeline.conversions import SIGMA_PER_MAD
from pipeline.errors import InputError
from pipeline.imaging.frame import Image

USUAL: Final = (0.8, 1.25)
"""Range of the spread of difference over predicted noise that needs no remark."""
_SAMPLE: Final = 1_000_000
"""Number of pixels that are looked at, evenly distributed; the robust spread of this many is known to 0.1 %."""
_EQUAL: Final = 0.25
"""A larger share of exactly equal pixels is worth a remark."""
_ALONE: Final = 0.1
"""Padding has no neighbouring values: if the next value that occurs has more than this share of its count, it is the
sky, which takes few values if the noise is about 1 ADU."""


def noise_spread(difference: Image, noise: Image) -> float:
    """Return the robust standard deviation of a difference over its predicted noise; 1 if the prediction is right.

    Parameters
    ----------
    difference, noise : ndarray of float32, (y, x)
        NaN where missing. The median absolute deviation ignores the stars, as long as they cover little of the image.

    Returns
    -------
    spread : float
        NaN if no pixel is finite in both.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        normalised = (_sample(difference) / _sample(noise)).astype(np.float64)
    normalised = normalised[np.isfinite(normalised)]
    if not len(normalised):
        return float("nan")
    return SIGMA_PER_MAD * float(np.median(np.abs(normalised - np.median(normalised))))


def equal_pixels(pixels: Image) -> tuple[float, float]:
    """Return the most frequent value of an image that its noise does not explain, and its share of the finite pixels.

    NaN and 0 if the most frequent value belongs to a sky of whole numbers, or if no pixel is finite.
    """
    finite = _sample(pixels)
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        return float("nan"), 0.0
    values, counts = np.unique(finite, return_counts=True)
    most = int(counts.argmax())
    beside = np.delete(counts[max(0, most - 1) : most + 2], min(most, 1))
    if len(beside) and beside.max() > _ALONE * counts[most]:
        return float("nan"), 0.0
    return float(values[most]), float(counts[most] / len(finite))


def noise_notes(spread: float, science: Image, max_factor: float) -> list[str]:
    """Return remarks about an exposure whose difference has this spread over its predicted noise.

    Parameters
    ----------
    spread : float
        From :func:`noise_spread`.
    science : ndarray of float32, (y, x)
        The science image.
    max_factor : float
        The largest factor, either way, between the predicted noise and the difference.

    Raises
    ------
    InputError
        If the factor is larger.
    """
    value, share = equal_pixels(science)
    padded = f"{share:.0%} of the science image's pixels are exactly {value:g}"
    notes = [f"{padded}; state it in magic_values if it marks missing pixels"] if share > _EQUAL else []
    if USUAL[0] <= spread <= USUAL[1] or not np.isfinite(spread):
        return notes
    said = f"the difference scatters by {spread:.3g} times its predicted noise, usual is {USUAL[0]:g} to {USUAL[1]:g}"
    if not 1.0 / max_factor <= spread <= max_factor:
        also = f" ({padded})" if notes else ""
        raise InputError(
            f"{said}{also}; allowed by max_noise_factor: {1.0 / max_factor:.3g} to {max_factor:g}. "
            "Look at gain, read_noise and sky_noise of science image and template"
        )
    return [*notes, f"{said}: signal to noise ratios are wrong by that factor"]


def _sample(image: Image) -> Image:
    flat = image.reshape(-1)
    return flat[:: max(1, flat.size // _SAMPLE)]
