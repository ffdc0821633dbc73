"""Cutouts brought to the sampling in which features are measured: a PSF of `REFERENCE_FWHM` pixels.

Windows, rings and widths of the features are in pixels of that sampling, so one model of features serves images of any
pixel scale and seeing once their cutouts are resampled.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.cutouts.missing import mark_missing, to_missing
from pipeline.cutouts.planes import VARIANCE, images_of

REFERENCE_FWHM: Final = 2.2
"""FWHM in pixels of the PSF that the windows of the features fit: that of ZTF and of the synthetic sky."""

STEP: Final = 1.25
"""A PSF within this factor of `REFERENCE_FWHM` is as good as the reference: nothing changes."""

STEPS: Final = 2
"""Factors are powers of `STEP` and of its roots of this order: of 1.118."""

LARGEST_FACTOR: Final = 9.3
"""By which images are enlarged, or shrunk, at most."""

LARGEST_SIDE: Final = 63
"""Side in pixels, of a cutout in the sampling of the reference, up to which features look."""

_CUBIC: Final = 2
"""Half width of the cubic's support, in old pixels."""

_PIXEL: Final = 8 * math.log(2) / 12
"""Square of the FWHM that an average over a pixel adds, old or new."""


def sampling_factor(fwhm_pixel: float | None) -> float:
    """Return by how much cutouts are enlarged before they are measured: 1 for none, below 1 to shrink.

    Parameters
    ----------
    fwhm_pixel : float or None
        Typical FWHM of the PSF of the cutouts, in their pixels; None or NaN where it is not known.

    Returns
    -------
    factor : float
        The step that brings the FWHM nearest to `REFERENCE_FWHM`, the width that larger pixels add included;
        1 where the two are within `STEP`, or where the FWHM is not known.

    Examples
    --------
    >>> [round(sampling_factor(fwhm), 2) for fwhm in (1.4, 1.8, 2.7, 4.4, math.nan)]
    [1.56, 1.0, 1.0, 0.46, 1.0]
    """
    if fwhm_pixel is None or not fwhm_pixel > 0 or math.isinf(fwhm_pixel):
        return 1.0
    wanted = REFERENCE_FWHM / fwhm_pixel
    if 1 / STEP <= wanted <= STEP:
        return 1.0
    if wanted < 1:
        wanted = math.sqrt((REFERENCE_FWHM**2 - _PIXEL) / (fwhm_pixel**2 + _PIXEL))
    wanted = max(1 / LARGEST_FACTOR, min(LARGEST_FACTOR, wanted))
    return float(STEP ** (round(STEPS * math.log(wanted) / math.log(STEP)) / STEPS))


def resampled_fwhm(fwhm_pixel: float) -> float:
    """Return the FWHM in pixels that a PSF has in cutouts that were resampled for it by `sampling_factor`.

    Examples
    --------
    >>> [round(resampled_fwhm(fwhm), 2) for fwhm in (1.4, 2.5, 4.4, 8.0)]
    [2.19, 2.5, 2.15, 2.21]
    """
    factor = sampling_factor(fwhm_pixel)
    return math.hypot(factor * fwhm_pixel, math.sqrt(_PIXEL * (1 + factor**2)) if factor < 1 else 0.0)


def resampled(cutouts: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Enlarge or shrink cutouts about their central pixel, which stays the centre of the central pixel.

    Parameters
    ----------
    cutouts : ndarray of float32, ``(n, y, x, channel)``
        Raw pixels, NaN where missing; the candidate is in pixel ``size // 2``.
    factor : float
        Length in new pixels of what is 1 pixel long. With 1, the cutouts are returned as they are.

    Returns
    -------
    ndarray of float32, ``(n, y', x', channel)``
        Of odd sides, at most `LARGEST_SIDE`. A sum over pixels keeps its value. NaN where more than half of the weight
        that a new pixel gives to old ones lies on missing ones; else the others stand in for these.

    Notes
    -----
    Shrinking averages over the area of a new pixel, as a detector of larger pixels would. Enlarging interpolates by the
    cubic convolution of Keys (1981, IEEE Trans. Acoust. Speech Signal Process. 29, 1153) with a = -1/2.
    """
    if factor == 1:
        return cutouts
    rows, columns = (_operator(side, factor) for side in cutouts.shape[1:3])
    pixels = np.ascontiguousarray(to_missing(cutouts)[0].transpose(0, 3, 1, 2))
    there = np.isfinite(pixels)
    light = _both(rows, np.where(there, pixels, np.float32(0)), columns)
    weight = np.ones(1, np.float32) if there.all() else _both(rows, there.astype(np.float32), columns)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        light = np.where(weight > 0.5, light / (weight * np.float32(factor**2)), np.float32(np.nan))
    return np.ascontiguousarray(light.transpose(0, 2, 3, 1))


def resampled_channels(cutouts: NDArray[np.float32], channels: Sequence[str], factor: float) -> NDArray[np.float32]:
    """Return cutouts with planes behind their images in another sampling.

    Parameters
    ----------
    cutouts, factor
        As of `resampled`.
    channels : sequence of str
        Names along the last axis.

    Returns
    -------
    ndarray of float32, ``(n, y', x', channel)``
        Images as `resampled` gives them; variances by the squares of the weights of old pixels, as noise is. PSFs are
        all missing: they are fitted to the cutouts as they were taken.
    """
    images = len(images_of(channels))
    if factor == 1 or images == len(channels):
        return resampled(cutouts, factor)
    pixels = resampled(cutouts[..., :images], factor)
    planes = np.full((*pixels.shape[:3], len(channels) - images), np.nan, dtype=np.float32)
    for number, name in enumerate(channels[images:]):
        if name.endswith(VARIANCE):
            planes[..., number] = _resampled_variance(cutouts[..., images + number], factor)
    return np.concatenate([pixels, planes], axis=-1)


def _resampled_variance(variance: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Return a variance ``(n, y, x)`` of resampled pixels; what more than half of the weight lies on stands for all."""
    rows, columns = (_operator(side, factor) ** 2 for side in variance.shape[1:3])
    marked, missing = mark_missing(variance)
    marked[missing] = 0
    sums = _both(rows, marked, columns)
    weight = _both(rows, (~missing).astype(np.float32), columns)
    whole = rows.sum(axis=1)[:, None] * columns.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(weight > 0.5 * whole, sums / weight * whole / np.float32(factor**4), np.float32(np.nan))


def _both(rows: NDArray[np.float32], images: NDArray[np.float32], columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """Apply an operator along the rows and one along the columns of ``(n, channel, y, x)``."""
    return np.asarray(rows @ images @ columns.T)


@lru_cache(maxsize=64)
def _operator(side: int, factor: float) -> NDArray[np.float32]:
    """Return the weights of old pixels in new ones along one axis, ``(new, side)``, each row of sum 1."""
    centre = side // 2
    whole = min(centre, side - 1 - centre)
    half = int(max(0.0, min(LARGEST_SIDE // 2, (whole + 0.5) * factor - 0.5 if factor < 1 else whole * factor)))
    place = np.arange(-half, half + 1)[:, None] / factor  # of the new pixels, in old ones from the centre
    distance = np.abs(np.arange(side)[None] - centre - place)
    if factor < 1:
        weight = np.clip(0.5 / factor + 0.5 - distance, 0, 1)
    else:
        near, far = distance <= 1, distance < _CUBIC
        weight = np.where(near, (1.5 * distance - 2.5) * distance**2 + 1, 0.0)
        weight += np.where(far & ~near, ((-0.5 * distance + 2.5) * distance - 4) * distance + 2, 0.0)
    weight /= weight.sum(axis=1, keepdims=True)
    out = weight.astype(np.float32)
    out.flags.writeable = False
    return out
