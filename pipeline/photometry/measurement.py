"""Measurement: position of sources, flux with the PSF, width and elongation from second moments."""

import numpy as np
import sep
from numpy.typing import NDArray

from pipeline.conversions import FWHM_PER_SIGMA
from pipeline.cutouts.extract import extract_cutouts
from pipeline.psf import LightProfile


def moment_widths(
    filled: NDArray[np.float32], x_pixel: NDArray[np.float64], y_pixel: NDArray[np.float64], fwhm_pixel: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the FWHM in pixels and the elongation of sources, each (n,), from second moments under a Gaussian weight.

    The weight has the width of the PSF, and its effect is divided out as for a Gaussian source. The FWHM is limited to
    between 0.3 pixel and 5 times that of the PSF, because the moments of noise would leave this range.

    Parameters
    ----------
    filled : ndarray of float32, (y, x)
        The image without sky, with missing pixels filled in.
    x_pixel, y_pixel : ndarray of float64, (n,)
        Centres of the sources, 0-based.
    fwhm_pixel : float
        Width of the PSF, in pixels.

    Returns
    -------
    fwhm_pixel, elongation : ndarray of float64, (n,)
        The geometric mean of both axes, and the ratio of the long axis to the short one.
    """
    sigma = fwhm_pixel / FWHM_PER_SIGMA
    cutouts = extract_cutouts(filled, x_pixel, y_pixel, 2 * int(np.ceil(3.0 * sigma)) + 1)
    grid = np.arange(cutouts.pixels.shape[1]) - cutouts.pixels.shape[1] // 2
    x = grid[None, None, :] - cutouts.x_offset[:, None, None]
    y = grid[None, :, None] - cutouts.y_offset[:, None, None]
    weighted = np.nan_to_num(cutouts.pixels) * np.exp(-0.5 * (x**2 + y**2) / sigma**2)
    total = np.maximum(weighted.sum(axis=(1, 2)), 1e-30)
    xx, yy, xy = ((weighted * moment).sum(axis=(1, 2)) / total for moment in (x * x, y * y, x * y))
    middle, spread = (xx + yy) / 2.0, np.hypot((xx - yy) / 2.0, xy)
    axes = [_unweighted(middle + side * spread, sigma, fwhm_pixel) for side in (1.0, -1.0)]
    return FWHM_PER_SIGMA * np.sqrt(axes[0] * axes[1]), axes[0] / axes[1]


def _unweighted(variance: NDArray[np.float64], sigma: float, fwhm_pixel: float) -> NDArray[np.float64]:
    """Return the sigma of a Gaussian source from its variance under a Gaussian weight."""
    low, high = 0.3 / FWHM_PER_SIGMA, 5.0 * fwhm_pixel / FWHM_PER_SIGMA
    inverse = 1.0 / np.maximum(variance, 1e-6) - sigma**-2
    return np.clip(np.maximum(inverse, high**-2) ** -0.5, low, high)


def centroids(
    filled: NDArray[np.float32],
    x_pixel: NDArray[np.float64],
    y_pixel: NDArray[np.float64],
    fwhm_pixel: float,
    missing: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Gaussian-weighted centroids; a centroid that moves by half a FWHM or more is replaced by the first guess.

    Parameters
    ----------
    filled : ndarray of float32, (y, x)
        The image without sky, with missing pixels filled in.
    x_pixel, y_pixel : ndarray of float64, (n,)
        First guesses of the positions, 0-based.
    fwhm_pixel : float
        Width of the PSF, which the weight has too, in pixels.
    missing : ndarray of bool, (y, x)
        Pixels that do not count.

    Returns
    -------
    x_pixel, y_pixel : ndarray of float64, (n,)
    """
    x, y, _ = sep.winpos(filled, x_pixel, y_pixel, fwhm_pixel / FWHM_PER_SIGMA, mask=missing)
    stays = np.hypot(x - x_pixel, y - y_pixel) < 0.5 * fwhm_pixel
    return np.where(stays, x, x_pixel), np.where(stays, y, y_pixel)


def psf_flux(
    image: NDArray[np.float32],
    noise: NDArray[np.float32],
    x_pixel: NDArray[np.float64],
    y_pixel: NDArray[np.float64],
    profile: LightProfile,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the best-fitting total flux of a point source at each position, and its error, both (n,).

    The fit is to the pixels within 1.5 FWHM, and the profile says which share of the light lies there: the flux is
    that of the whole source, wings included.

    Parameters
    ----------
    image, noise : ndarray of float32, (y, x)
        Without sky; pixels outside count as missing.
    x_pixel, y_pixel : ndarray, (n,)
        Centroids (:func:`centroids`).
    profile : LightProfile
        How the light of a point source is distributed over the pixels.
    """
    size = 2 * int(np.ceil(1.5 * profile.fwhm_pixel)) + 1
    pixels = extract_cutouts(image, x_pixel, y_pixel, size)
    errors = extract_cutouts(noise, x_pixel, y_pixel, size).pixels
    shares = profile.shares(pixels.x_offset, pixels.y_offset, size)
    with np.errstate(invalid="ignore"):
        weight = np.where(np.isfinite(pixels.pixels) & (errors > 0), errors.astype(np.float64) ** -2, 0.0)
    norm = np.maximum((shares**2 * weight).sum(axis=(1, 2)), 1e-30)
    flux = (shares * weight * np.nan_to_num(pixels.pixels)).sum(axis=(1, 2)) / norm
    return flux, norm**-0.5
