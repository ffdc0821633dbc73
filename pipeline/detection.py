"""Detection: candidates of both signs on a difference image, measured with the PSF."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import sep
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from pipeline.cutouts import extract_cutouts
from pipeline.errors import InputError
from pipeline.psf import gauss_points, moffat_alpha
from pipeline.sources import find_sources

DETECTION_COLUMNS = {
    "x_pixel": "float64",
    "y_pixel": "float64",
    "magnitude": "float32",
    "magnitude_error": "float32",
    "snr": "float32",
    "fwhm_pixel": "float32",
    "flux_sign": "int8",
    "elongation": "float32",
    "flux": "float32",
}
"""Columns of a table of detections, with their types."""

_SIGMA = 2.3548
"""FWHM of a Gaussian in units of its sigma."""

_PRESENT = 0.4
_MAGNITUDE_ERROR = 2.5 / np.log(10.0)


@dataclass(frozen=True, kw_only=True)
class DetectionSettings:
    """What counts as a candidate.

    Attributes
    ----------
    threshold_sigma : float
        Height of the PSF-filtered difference in units of its noise.
    min_area_pixel : int
        Pixels above the threshold that make a candidate.
    """

    threshold_sigma: float = 5.0
    min_area_pixel: int = 1


def detect(
    difference: NDArray[np.float32],
    noise: NDArray[np.float32],
    *,
    fwhm_pixel: float,
    zeropoint: float,
    correlation: float = 1.0,
    settings: DetectionSettings | None = None,
    mask: NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """Find what stands out of a difference image, above and below.

    Parameters
    ----------
    difference, noise : ndarray of float32, (y, x)
        The difference without sky and the standard deviation of its pixels; NaN where missing.
    fwhm_pixel : float
        Width of a point source.
    zeropoint : float
        Magnitude of a source of 1 ADU.
    correlation : float
        Noise of a PSF-weighted flux over that in uncorrelated noise (:class:`~pipeline.subtraction.Subtraction`).
    settings : DetectionSettings, optional
    mask : ndarray of bool, (y, x), optional
        Further pixels that do not count.

    Returns
    -------
    detections : DataFrame
        With :data:`DETECTION_COLUMNS`; positive ones first, each sign in order of y. ``flux`` is in ADU and
        negative where ``flux_sign`` is -1; ``magnitude`` is that of its absolute value and NaN where the
        PSF-weighted flux has the opposite sign of the detection.

    Raises
    ------
    InputError
        If the shapes differ or the FWHM is not positive.
    """
    chosen = settings or DetectionSettings()
    if difference.shape != noise.shape or difference.ndim != 2 or not fwhm_pixel > 0:
        raise InputError(
            f"difference {difference.shape} and noise {noise.shape} must share one shape (y, x), "
            f"FWHM {fwhm_pixel} pixel must be above 0"
        )
    missing = ~(np.isfinite(difference) & (noise > 0))
    if mask is not None:
        missing |= mask
    filled = np.where(missing, np.float32(0.0), difference).astype(np.float32)
    error = np.where(missing, np.float32(np.inf), noise).astype(np.float32)
    found = [
        _measure(filled * np.float32(sign), error, missing, sign, fwhm_pixel, zeropoint, correlation, chosen)
        for sign in (1, -1)
    ]
    return pd.concat(found, ignore_index=True)


def _measure(
    filled: NDArray[np.float32],
    error: NDArray[np.float32],
    missing: NDArray[np.bool_],
    sign: int,
    fwhm_pixel: float,
    zeropoint: float,
    correlation: float,
    settings: DetectionSettings,
) -> pd.DataFrame:
    """Return the detections of one sign, whose sources are positive in ``filled``."""
    significance = _significance(filled, error, missing, fwhm_pixel) / np.float32(correlation)
    sources = find_sources(significance, None, settings.threshold_sigma, min_area_pixel=settings.min_area_pixel)
    sources = sources[np.argsort(sources["y"], kind="stable")]
    x, y = _centroids(filled, sources["x"], sources["y"], fwhm_pixel, missing)
    flux, flux_error = psf_flux(filled, error, x, y, fwhm_pixel)
    flux_error *= correlation
    width, elongation = _widths(filled, x, y, fwhm_pixel)
    with np.errstate(divide="ignore", invalid="ignore"):
        magnitude = np.where(flux > 0, zeropoint - 2.5 * np.log10(flux), np.nan)
        magnitude_error = np.where(flux > 0, _MAGNITUDE_ERROR * flux_error / flux, np.nan)
    columns = {
        "x_pixel": x,
        "y_pixel": y,
        "magnitude": magnitude,
        "magnitude_error": magnitude_error,
        "snr": np.abs(flux) / flux_error,
        "fwhm_pixel": width,
        "flux_sign": np.full(len(sources), sign),
        "elongation": elongation,
        "flux": sign * flux,
    }
    return pd.DataFrame(columns).astype(DETECTION_COLUMNS)


def _significance(
    filled: NDArray[np.float32], error: NDArray[np.float32], missing: NDArray[np.bool_], fwhm_pixel: float
) -> NDArray[np.float32]:
    """Return the flux of a Gaussian source of the PSF's width at each pixel, in units of its error.

    It bridges missing pixels, so that a bad column does not cut a source in two; it is zero where less than
    ``_PRESENT`` of the PSF's weight lies on good pixels.
    """
    reach = int(np.ceil(1.5 * fwhm_pixel))
    line = np.exp(-4.0 * np.log(2.0) * (np.arange(-reach, reach + 1) / fwhm_pixel) ** 2).astype(np.float32)
    weight = np.where(missing, np.float32(0.0), error**-2).astype(np.float32)
    signal = _filtered(filled * weight, line)
    norm = np.sqrt(np.maximum(_filtered(weight, line**2), np.float32(1e-20)))
    absent = _filtered(missing.astype(np.float32), line**2) / (line**2).sum() ** 2
    return np.where(absent > 1.0 - _PRESENT, np.float32(0.0), signal / norm).astype(np.float32)


def _filtered(image: NDArray[np.float32], line: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return an image correlated with a line in each axis; beyond its borders it counts as zero."""
    return correlate1d(correlate1d(image, line, axis=0, mode="constant"), line, axis=1, mode="constant")


def _centroids(
    filled: NDArray[np.float32],
    x_pixel: NDArray[np.float64],
    y_pixel: NDArray[np.float64],
    fwhm_pixel: float,
    missing: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Gaussian-weighted centroids; where these run away by more than half a FWHM, the first guess."""
    x, y, _ = sep.winpos(filled, x_pixel, y_pixel, fwhm_pixel / _SIGMA, mask=missing)
    stays = np.hypot(x - x_pixel, y - y_pixel) < 0.5 * fwhm_pixel
    return np.where(stays, x, x_pixel), np.where(stays, y, y_pixel)


def _widths(
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
