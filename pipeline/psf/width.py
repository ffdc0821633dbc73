"""The width of an image's stars."""

import numpy as np
from numpy.typing import NDArray

from pipeline.cutouts.extract import extract_cutouts
from pipeline.errors import InputError
from pipeline.imaging.sources import find_sources, remove_sky

_SOURCE_SIGMA = 30.0


def measure_fwhm(
    image: NDArray[np.float32], *, saturation: float = np.inf, beta: float = 3.0, max_stars: int = 50
) -> float:
    """Return the FWHM of the stars of an image in pixels, the median over Moffat fits to single stars.

    Isolated, round, unsaturated sources above 30 sigma are used, the brightest first. For each, the profile to the
    power ``-1 / beta`` is a straight line over the squared radius, which gives the width without iteration.

    Parameters
    ----------
    image : ndarray, (y, x)
        Sky included, NaN where missing.
    saturation : float
        Level above which pixels are saturated, in image units.
    beta : float
        Exponent of the Moffat profile.
    max_stars : int
        The most stars that are fitted.

    Raises
    ------
    InputError
        If fewer than 3 stars can be measured, or the image is blank.
    """
    flat = remove_sky(image)
    sources = find_sources(flat.pixels, flat.sky_rms, _SOURCE_SIGMA, missing=flat.missing)
    if not len(sources):
        raise InputError(f"nothing in the image stands out by {_SOURCE_SIGMA:g} sigma: is it blank?")
    lonely = (sources["flag"] == 0) & (sources["b"] > 0.7 * sources["a"])
    lonely &= sources["peak"] + flat.sky_level < 0.8 * saturation
    stars = sources[lonely]
    stars = stars[np.argsort(-stars["flux"])][:max_stars]
    cutouts = extract_cutouts(flat.pixels, stars["x"], stars["y"], 15)
    widths = [
        _width(pixels, x, y, beta)
        for pixels, x, y in zip(cutouts.pixels, cutouts.x_offset, cutouts.y_offset, strict=True)
    ]
    good = [width for width in widths if np.isfinite(width)]
    if len(good) < 3:
        raise InputError(f"{len(good)} of {len(sources)} sources are usable stars, a FWHM takes at least 3")
    return float(np.median(good))


def _width(pixels: NDArray[np.float32], x_offset: float, y_offset: float, beta: float) -> float:
    """Return the FWHM of one star in a square cutout, NaN where no fit is possible."""
    half = pixels.shape[0] // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    radius2 = (x - x_offset) ** 2 + (y - y_offset) ** 2
    peak = np.nanmax(pixels) if np.isfinite(pixels).any() else 0.0
    with np.errstate(invalid="ignore"):
        used = (pixels > 0.2 * peak) & (radius2 < half**2)
    if used.sum() < 5:
        return np.nan
    slope, level = np.polyfit(radius2[used], pixels[used].astype(np.float64) ** (-1.0 / beta), 1)
    if slope <= 0 or level <= 0:
        return np.nan
    return float(2.0 * np.sqrt(level / slope * (2.0 ** (1.0 / beta) - 1.0)))
