"""Measurement: flux of sources by the PSF, width and elongation by second moments."""

import numpy as np
from numpy.typing import NDArray

from pipeline.cutouts import extract_cutouts
from pipeline.psf import gauss_points, moffat_alpha

_SIGMA = 2.3548
"""FWHM of a Gaussian in units of its sigma."""


def moment_widths(
    filled: NDArray[np.float32], x_pixel: NDArray[np.float64], y_pixel: NDArray[np.float64], fwhm_pixel: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return FWHM in pixels and elongation, (n,), from second moments under a Gaussian weight.

    The weight has the width of the PSF and is divided out again as for a Gaussian source; the FWHM is kept
    from 0.3 pixel to 5 times that of the PSF, where the moments of noise would leave it.
    """
    sigma = fwhm_pixel / _SIGMA
    cutouts = extract_cutouts(filled, x_pixel, y_pixel, 2 * int(np.ceil(3.0 * sigma)) + 1)
    grid = np.arange(cutouts.pixels.shape[1]) - cutouts.pixels.shape[1] // 2
    x = grid[None, None, :] - cutouts.x_offset[:, None, None]
    y = grid[None, :, None] - cutouts.y_offset[:, None, None]
    weighted = np.nan_to_num(cutouts.pixels) * np.exp(-0.5 * (x**2 + y**2) / sigma**2)
    total = np.maximum(weighted.sum(axis=(1, 2)), 1e-30)
    xx, yy, xy = ((weighted * moment).sum(axis=(1, 2)) / total for moment in (x * x, y * y, x * y))
    middle, spread = (xx + yy) / 2.0, np.hypot((xx - yy) / 2.0, xy)
    axes = [_unweighted(middle + side * spread, sigma, fwhm_pixel) for side in (1.0, -1.0)]
    return _SIGMA * np.sqrt(axes[0] * axes[1]), axes[0] / axes[1]


def _unweighted(variance: NDArray[np.float64], sigma: float, fwhm_pixel: float) -> NDArray[np.float64]:
    """Return the sigma of a Gaussian source from its variance under a Gaussian weight."""
    low, high = 0.3 / _SIGMA, 5.0 * fwhm_pixel / _SIGMA
    inverse = 1.0 / np.maximum(variance, 1e-6) - sigma**-2
    return np.clip(np.maximum(inverse, high**-2) ** -0.5, low, high)


def psf_flux(
    image: NDArray[np.float32],
    noise: NDArray[np.float32],
    x_pixel: NDArray[np.float64],
    y_pixel: NDArray[np.float64],
    fwhm_pixel: float,
    beta: float = 3.0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the best-fitting flux of a point source at each position, and its error, both (n,).

    Parameters
    ----------
    image, noise : ndarray of float32, (y, x)
        Without sky; pixels outside count as missing.
    x_pixel, y_pixel : ndarray, (n,)
    fwhm_pixel, beta : float
        The Moffat profile.
    """
    size = 2 * int(np.ceil(1.5 * fwhm_pixel)) + 1
    pixels = extract_cutouts(image, x_pixel, y_pixel, size)
    errors = extract_cutouts(noise, x_pixel, y_pixel, size).pixels
    profile = _profiles(pixels.x_offset, pixels.y_offset, size, moffat_alpha(fwhm_pixel, beta), beta)
    with np.errstate(invalid="ignore"):
        weight = np.where(np.isfinite(pixels.pixels) & (errors > 0), errors.astype(np.float64) ** -2, 0.0)
    norm = np.maximum((profile**2 * weight).sum(axis=(1, 2)), 1e-30)
    flux = (profile * weight * np.nan_to_num(pixels.pixels)).sum(axis=(1, 2)) / norm
    return flux, norm**-0.5


def _profiles(
    x_offset: NDArray[np.float32], y_offset: NDArray[np.float32], size: int, alpha: float, beta: float
) -> NDArray[np.float64]:
    """Return Moffat profiles of unit flux, (n, y, x), integrated over each pixel at 3 x 3 Gauss points."""
    nodes, weights = gauss_points(3)
    grid = (np.arange(size)[:, None] - size // 2 + nodes).ravel()
    x2 = (grid[None, None, :] - x_offset[:, None, None]) ** 2
    y2 = (grid[None, :, None] - y_offset[:, None, None]) ** 2
    fine = (beta - 1.0) / (np.pi * alpha**2) * (1.0 + (x2 + y2) / alpha**2) ** -beta
    return np.einsum("nyaxb,a,b->nyx", fine.reshape(len(x_offset), size, 3, size, 3), weights, weights)
