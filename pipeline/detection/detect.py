"""Detection: candidates of both signs on a difference image, measured with the PSF."""

from enum import IntFlag

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import correlate1d, maximum_filter

from pipeline.conversions import MAGNITUDE_PER_LN
from pipeline.detection.settings import DetectionSettings
from pipeline.errors import InputError
from pipeline.imaging.sources import find_sources
from pipeline.photometry.measurement import centroids, moment_widths, psf_flux
from pipeline.psf import LightProfile, Moffat

__all__ = ["DETECTION_COLUMNS", "DetectionFlag", "DetectionSettings", "detect", "psf_flux", "score_image"]

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
    "detection_flags": "int32",
}
"""Columns of a table of detections, with their types."""


class DetectionFlag(IntFlag):
    """Bits of the column ``detection_flags``."""

    BLENDED = 1
    """It was separated from a larger source."""
    AT_EDGE = 2
    """The image ends within 1.5 FWHM."""
    MISSING_PIXELS = 4
    """Pixels within one FWHM are missing."""
    NO_MAGNITUDE = 8
    """Its PSF-weighted flux has the other sign."""


_PRESENT = 0.4


def detect(
    difference: NDArray[np.float32],
    noise: NDArray[np.float32],
    *,
    fwhm_pixel: float,
    zeropoint: float,
    correlation: float = 1.0,
    settings: DetectionSettings | None = None,
    mask: NDArray[np.bool_] | None = None,
    profile: LightProfile | None = None,
) -> pd.DataFrame:
    """Find sources in a difference image, brighter and fainter than the template.

    Parameters
    ----------
    difference, noise : ndarray of float32, (y, x)
        The difference without sky and the standard deviation of its pixels; NaN where missing.
    fwhm_pixel : float
        Width of a point source.
    zeropoint : float
        Magnitude of a source of 1 ADU.
    correlation : float
        Noise of a PSF-weighted flux over that in uncorrelated noise, as of
        :class:`~pipeline.subtraction.subtract.Subtraction`.
    settings : DetectionSettings, optional
    mask : ndarray of bool, (y, x), optional
        Further pixels that do not count.
    profile : LightProfile, optional
        How the light of a point source is distributed over the pixels, with which its flux is measured; by default a
        Moffat profile of beta 3 and that FWHM.

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
    filled, error, missing = _prepared(difference, noise, mask)
    light = profile or Moffat(fwhm_pixel=fwhm_pixel)
    found = [
        _measure(filled * np.float32(sign), error, missing, sign, fwhm_pixel, zeropoint, correlation, chosen, light)
        for sign in ((1, -1) if chosen.negative else (1,))
    ]
    return pd.concat(found, ignore_index=True)


def score_image(
    difference: NDArray[np.float32], noise: NDArray[np.float32], *, fwhm_pixel: float, correlation: float = 1.0
) -> NDArray[np.float32]:
    """Return the flux of a point source at each pixel in units of its error, (y, x), zero where mostly missing.

    :func:`detect` looks for peaks of this image and of its negative.

    Parameters
    ----------
    difference, noise : ndarray of float32, (y, x)
        The difference without sky and the standard deviation of its pixels; NaN where missing.
    fwhm_pixel : float
        Width of a point source, in pixels.
    correlation : float
        Noise of a PSF-weighted flux over that in uncorrelated noise, as of
        :class:`~pipeline.subtraction.subtract.Subtraction`.
    """
    filled, error, missing = _prepared(difference, noise, None)
    return _significance(filled, error, missing, fwhm_pixel) / np.float32(correlation)


def _prepared(
    difference: NDArray[np.float32], noise: NDArray[np.float32], mask: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Return the difference with zeros and the noise with infinities where missing, and where that is."""
    missing = ~(np.isfinite(difference) & (noise > 0))
    if mask is not None:
        missing |= mask
    filled = np.where(missing, np.float32(0.0), difference).astype(np.float32)
    return filled, np.where(missing, np.float32(np.inf), noise).astype(np.float32), missing


def _measure(
    filled: NDArray[np.float32],
    error: NDArray[np.float32],
    missing: NDArray[np.bool_],
    sign: int,
    fwhm_pixel: float,
    zeropoint: float,
    correlation: float,
    settings: DetectionSettings,
    profile: LightProfile,
) -> pd.DataFrame:
    """Return the detections of one sign, whose sources are positive in ``filled``."""
    significance = _significance(filled, error, missing, fwhm_pixel) / np.float32(correlation)
    sources = find_sources(significance, None, settings.threshold_sigma, min_area_pixel=settings.min_area_pixel)
    sources = sources[np.argsort(sources["y"], kind="stable")]
    x, y = centroids(filled, sources["x"], sources["y"], fwhm_pixel, missing)
    flux, flux_error = psf_flux(filled, error, x, y, profile)
    flux_error *= correlation
    width, elongation = moment_widths(filled, x, y, fwhm_pixel)
    with np.errstate(divide="ignore", invalid="ignore"):
        magnitude = np.where(flux > 0, zeropoint - 2.5 * np.log10(flux), np.nan)
        magnitude_error = np.where(flux > 0, MAGNITUDE_PER_LN * flux_error / flux, np.nan)
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
        "detection_flags": _flags(x, y, missing, fwhm_pixel, blended=(sources["flag"] & 1) > 0, faded=~(flux > 0)),
    }
    return pd.DataFrame(columns).astype(DETECTION_COLUMNS)


def _flags(
    x_pixel: NDArray[np.float64],
    y_pixel: NDArray[np.float64],
    missing: NDArray[np.bool_],
    fwhm_pixel: float,
    *,
    blended: NDArray[np.bool_],
    faded: NDArray[np.bool_],
) -> NDArray[np.int32]:
    """Return the bits of :class:`DetectionFlag` of each detection."""
    height, width = missing.shape
    rows = np.clip(np.rint(y_pixel), 0, height - 1).astype(int)
    columns = np.clip(np.rint(x_pixel), 0, width - 1).astype(int)
    near = maximum_filter(missing, 2 * int(np.ceil(fwhm_pixel)) + 1)[rows, columns]
    border = np.minimum(np.minimum(x_pixel, width - 1 - x_pixel), np.minimum(y_pixel, height - 1 - y_pixel))
    bits = {
        DetectionFlag.BLENDED: blended,
        DetectionFlag.AT_EDGE: border < 1.5 * fwhm_pixel,
        DetectionFlag.MISSING_PIXELS: near,
        DetectionFlag.NO_MAGNITUDE: faded,
    }
    return np.sum([np.where(is_set, int(bit), 0) for bit, is_set in bits.items()], axis=0).astype(np.int32)


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
