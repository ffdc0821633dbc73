"""Point-spread functions: stamps of a Moffat profile at any sub-pixel place, and the FWHM of an image's stars."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.cutouts import extract_cutouts
from pipeline.errors import InputError
from pipeline.sources import find_sources, remove_sky


@dataclass(frozen=True, kw_only=True)
class Moffat:
    """A Moffat profile, callable as ``psf(x_offset, y_offset)`` for a unit-sum stamp.

    Attributes
    ----------
    fwhm_pixel : float
        Full width at half maximum of the profile, the geometric mean of both axes.
    beta : float
        Exponent of the wings, above 1; 3 is typical of seeing, large values approach a Gaussian.
    ellipticity : float
        1 - minor / major axis, 0 to below 1.
    angle_deg : float
        Direction of the major axis, from x towards y.
    size_pixel : int
        Side of the stamps, odd; 0 takes 10 FWHM.
    """

    fwhm_pixel: float
    beta: float = 3.0
    ellipticity: float = 0.0
    angle_deg: float = 0.0
    size_pixel: int = 0

    def __call__(self, x_offset: float, y_offset: float) -> NDArray[np.float64]:
        """Return the stamp whose source lies ``(x_offset, y_offset)`` pixels off its central pixel."""
        return moffat(
            self.fwhm_pixel,
            self.size_pixel or 2 * int(np.ceil(5.0 * self.fwhm_pixel)) + 1,
            self.beta,
            x_offset,
            y_offset,
            ellipticity=self.ellipticity,
            angle_deg=self.angle_deg,
        )


def moffat(
    fwhm_pixel: float,
    size_pixel: int,
    beta: float = 3.0,
    x_offset: float = 0.0,
    y_offset: float = 0.0,
    *,
    ellipticity: float = 0.0,
    angle_deg: float = 0.0,
) -> NDArray[np.float64]:
    """Return a Moffat profile integrated over square pixels, its sum scaled to 1.

    Parameters
    ----------
    fwhm_pixel, beta, ellipticity, angle_deg : float
        See :class:`Moffat`.
    size_pixel : int
        Side of the stamp, at least 1; the centre is pixel ``size_pixel // 2``. The wing beyond the stamp,
        ``(1 + (R / alpha)^2)^(1 - beta)`` of the flux for radius R, goes into the scaling.
    x_offset, y_offset : float
        Place of the source relative to the central pixel, in pixels.

    Returns
    -------
    stamp : ndarray of float64, (y, x)

    Raises
    ------
    InputError
        If the FWHM, the size, the exponent or the ellipticity is out of range.

    Examples
    --------
    >>> stamp = moffat(3.0, 31)
    >>> round(float(stamp.sum()), 6), int(stamp.argmax()) == 15 * 31 + 15
    (1.0, True)
    """
    if not (fwhm_pixel > 0 and size_pixel >= 1 and beta > 1 and 0 <= ellipticity < 1):
        raise InputError(
            f"no Moffat profile of FWHM {fwhm_pixel} pixel (above 0), size {size_pixel} (at least 1), "
            f"beta {beta} (above 1), ellipticity {ellipticity} (0 to below 1)"
        )
    nodes, weights = gauss_points(3 if fwhm_pixel > 2.0 else 7)
    fine = (np.arange(size_pixel)[:, None] - size_pixel // 2 + nodes).ravel()
    x, y = fine[None, :] - x_offset, fine[:, None] - y_offset
    cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    stretch = np.sqrt(1.0 - ellipticity)
    radius2 = ((cosine * x + sine * y) * stretch) ** 2 + ((cosine * y - sine * x) / stretch) ** 2
    profile = (1.0 + radius2 / moffat_alpha(fwhm_pixel, beta) ** 2) ** -beta
    stamp = np.einsum("yaxb,a,b->yx", profile.reshape((size_pixel, len(nodes)) * 2), weights, weights)
    return stamp / stamp.sum()


@cache
def gauss_points(number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return places within a pixel, -0.5 to 0.5, and weights of sum 1 that integrate over it (Gauss-Legendre)."""
    nodes, weights = np.polynomial.legendre.leggauss(number)
    return nodes / 2.0, weights / 2.0


def moffat_alpha(fwhm_pixel: float, beta: float = 3.0) -> float:
    """Return the scale radius of a Moffat profile of a given FWHM, in pixels."""
    return float(fwhm_pixel / (2.0 * np.sqrt(2.0 ** (1.0 / beta) - 1.0)))


def measure_fwhm(
    image: NDArray[np.float32], *, saturation: float = np.inf, beta: float = 3.0, max_stars: int = 50
) -> float:
    """Return the FWHM of the stars of an image in pixels, the median over Moffat fits to single stars.

    Isolated, round, unsaturated sources above 30 sigma are taken, the brightest first. For each, the profile
    to the power ``-1 / beta`` is a straight line over the squared radius, which gives the width without
    iteration.

    Parameters
    ----------
    image : ndarray, (y, x)
        Sky included, NaN where missing.
    saturation : float
        Level above which pixels are saturated, in image units.

    Raises
    ------
    InputError
        If fewer than 3 stars can be measured.
    """
    flat = remove_sky(image)
    sources = find_sources(flat.pixels, flat.sky_rms, 30.0, missing=flat.missing)
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
