"""The PSF that a survey states, fitted to the middle of differences with the noise that it states."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.cutouts.missing import to_missing
from pipeline.cutouts.planes import PSF, VARIANCE, centred_psf, plane_name
from pipeline.features.bounded import logarithm, ratio
from pipeline.features.planes import sky_and_noise

Features = dict[str, NDArray[np.float32]]

_IMAGE = "difference"
_LONGEST_OFFSET = 3.0
_RIDGE = 1e-9
"""Added to the normal equations of columns of unit norm, so that missing pixels leave them solvable."""


def has_psf(channels: Sequence[str]) -> bool:
    """Tell whether the difference and its PSF are among the channels."""
    return {_IMAGE, plane_name(_IMAGE, PSF)} <= set(channels)


class FittedSource(NamedTuple):
    """A source in an image: its flux in the image's unit, and its offset from the middle pixel's centre, in pixels."""

    flux: float
    y: float
    x: float


def fit_psf(image: NDArray[np.float32], variance: NDArray[np.float32], psf: NDArray[np.float32]) -> FittedSource:
    """Fit flux, offset and sky of one source in the middle of an image, all square, ``(y, x)``.

    The offset stays within a pixel. Pixels without a finite variance do not count; a PSF must have no missing pixel.

    Notes
    -----
    Two steps of weighted least squares in flux and offset, each about the PSF at the offset that was found before.
    """
    from pipeline.psf.sampled import SampledPsf  # slow to load, and few surveys state a PSF

    pixels, samples = image.astype(np.float64)[None], psf.astype(np.float64)
    weight = np.nan_to_num(1 / np.where(variance > 0, variance, np.inf))[None] * np.isfinite(pixels)
    flux = y = x = 0.0
    for _ in range(2):
        light = centred_psf(SampledPsf(samples=samples)(x, y) * samples.sum(), len(psf)).astype(np.float64)[None]
        fit = _LeastSquares([light, *_slopes(light), np.ones_like(light)], np.nan_to_num(pixels), weight)
        flux, along_x, along_y = (float(value) for value in fit.coefficients[0, :3])
        y, x = (float(np.clip(at - slope / flux, -1, 1)) if flux else 0.0 for at, slope in ((y, along_y), (x, along_x)))
    return FittedSource(flux, y, x)


def psf_features(cutouts: NDArray[np.float32], channels: Sequence[str], half: int) -> Features:
    """Return what a fit of the stated PSF to the difference says of its signal, of what is left, and of its width.

    The source has a flux, an offset from the middle of the central pixel, and a constant sky under it.

    Parameters
    ----------
    cutouts : ndarray of float32, ``(n, y, x, channel)``
        Raw pixels and planes, as they were taken: resampled pixels would not be independent.
    channels : sequence of str
        Their names; without `has_psf` there are no features.
    half : int
        Half side of the fitted square, in pixels; it ends at the border of the cutouts.

    Returns
    -------
    dict of str to ndarray of float32, ``(n,)``
        ``difference_psf_snr``, a logarithm; ``_chi``, the logarithm of the residuals over their noise; ``_explained``,
        the share of the squares above the sky that the source explains; ``_offset``, in pixels; ``_widening``, by how
        much larger the square of the width is than the PSF's. 0 where the PSF is missing. Where no variance is stated,
        the scatter of a row's pixels is its noise.

    Notes
    -----
    Weighted least squares of the PSF, its two slopes and a constant; the slopes stand for an offset of up to half of
    the PSF's width. In a second fit the PSF's Laplacian stands for its width: of a Gaussian, it is its derivative by
    half of the width's square.
    """
    if not has_psf(channels):
        return {}
    pixels, psf = (_middle(cutouts, channels, name, half) for name in (_IMAGE, plane_name(_IMAGE, PSF)))
    known: NDArray[np.bool_] = np.asarray(np.isfinite(psf).all(axis=(1, 2)))
    light = np.where(known[:, None, None], psf, 0.0)
    light = light / np.maximum(np.abs(light).sum(axis=(1, 2), keepdims=True), 1e-30)
    weight = np.nan_to_num(1 / _variance(cutouts, channels, half)) * np.isfinite(pixels)
    slopes, bend, sky = _slopes(light), _laplacian(light), np.ones_like(light)
    fit = _LeastSquares([light, *slopes, sky], np.nan_to_num(pixels), weight)
    wider = _LeastSquares([light, *slopes, bend, sky], np.nan_to_num(pixels), weight)
    flux, along_x, along_y = fit.coefficients.T[:3]
    square = 1 / (4 * np.pi * np.maximum((light**2).sum(axis=(1, 2)), 1e-30))  # of a Gaussian's width
    found = {
        "psf_snr": logarithm(ratio(np.abs(flux), fit.error, 1e6)),
        "psf_chi": logarithm(np.minimum(np.sqrt(fit.left / fit.freedom), 1e6)),
        "psf_explained": np.clip(1 - ratio(fit.left, fit.left_of_sky, 1.0), 0, 1),
        "psf_offset": ratio(np.hypot(along_x, along_y), np.abs(flux), _LONGEST_OFFSET),
        "psf_widening": ratio(2 * wider.coefficients[:, 3] / square, wider.coefficients[:, 0], _LONGEST_OFFSET),
    }
    return {f"{_IMAGE}_{name}": np.where(known, values, 0).astype(np.float32) for name, values in found.items()}


def _middle(cutouts: NDArray[np.float32], channels: Sequence[str], name: str, half: int) -> NDArray[np.float64]:
    """Return the middle of a channel ``(n, y, x)``, NaN where it is missing."""
    spans = []
    for side in cutouts.shape[1:3]:
        centre = side // 2
        reach = min(half, centre, side - 1 - centre)
        spans.append(slice(centre - reach, centre + reach + 1))
    pixels = cutouts[:, spans[0], spans[1], list(channels).index(name)]
    return to_missing(pixels)[0].astype(np.float64)


def _slopes(images: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return the derivatives of images ``(n, y, x)`` along x and y."""
    wide = np.pad(images, ((0, 0), (1, 1), (1, 1)), mode="edge")
    return [(wide[:, 1:-1, 2:] - wide[:, 1:-1, :-2]) / 2, (wide[:, 2:, 1:-1] - wide[:, :-2, 1:-1]) / 2]


def _laplacian(images: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of the second derivatives of images ``(n, y, x)`` along x and y."""
    wide = np.pad(images, ((0, 0), (1, 1), (1, 1)), mode="edge")
    beside = wide[:, 1:-1, 2:] + wide[:, 1:-1, :-2] + wide[:, 2:, 1:-1] + wide[:, :-2, 1:-1]
    return beside - 4 * images


def _variance(cutouts: NDArray[np.float32], channels: Sequence[str], half: int) -> NDArray[np.float64]:
    """Return the variance of the pixels that are fitted, of a row without one by the scatter of all its pixels."""
    everywhere = np.ones(cutouts.shape[1:3], dtype=bool)
    _, scatter = sky_and_noise(to_missing(cutouts[..., list(channels).index(_IMAGE)])[0], everywhere)
    own = np.where(scatter > 0, scatter.astype(np.float64) ** 2, np.nan)[:, None, None]
    name = plane_name(_IMAGE, VARIANCE)
    if name not in channels:
        return np.broadcast_to(own, _middle(cutouts, channels, _IMAGE, half).shape)
    stated = _middle(cutouts, channels, name, half)
    stated[~(stated > 0)] = np.nan
    return np.where(np.isfinite(stated).any(axis=(1, 2), keepdims=True), stated, own)


class _LeastSquares:
    """Weighted fits of columns, the last of them the sky, to many images at once.

    Attributes
    ----------
    coefficients : ndarray of float64, ``(n, k)``
        Of the columns.
    error : ndarray of float64, ``(n,)``
        Of the first coefficient.
    left, left_of_sky : ndarray of float64, ``(n,)``
        Weighted square of what the fit leaves, and of what the sky alone would.
    freedom : ndarray of float64, ``(n,)``
        Number of pixels less that of columns, at least 1.
    """

    def __init__(
        self, columns: Sequence[NDArray[np.float64]], data: NDArray[np.float64], weight: NDArray[np.float64]
    ) -> None:
        n, k = len(data), len(columns)
        root = np.sqrt(weight).reshape(n, -1)
        matrix = np.stack([column.reshape(n, -1) * root for column in columns], axis=1)
        norm = np.sqrt((matrix**2).sum(axis=2))
        inverse = np.where(norm > 0, 1 / np.where(norm > 0, norm, 1), 0)
        matrix *= inverse[:, :, None]
        target = data.reshape(n, -1) * root
        normal = matrix @ matrix.transpose(0, 2, 1) + _RIDGE * np.eye(k)
        right = (matrix @ target[:, :, None])[..., 0]
        solved = np.linalg.solve(normal, right[..., None])[..., 0]
        self.coefficients = solved * inverse
        first = np.linalg.solve(normal, np.broadcast_to(np.eye(k)[:, :1], (n, k, 1)))[:, 0, 0]
        self.error = np.sqrt(np.maximum(first, 0)) * inverse[:, 0]
        rest = target - (solved[:, None] @ matrix)[:, 0]
        self.left = (rest**2).sum(axis=1)
        self.left_of_sky = ((target - right[:, -1:] * matrix[:, -1]) ** 2).sum(axis=1)
        self.freedom = np.maximum((root > 0).sum(axis=1) - k, 1).astype(np.float64)
