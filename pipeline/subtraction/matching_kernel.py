"""Matching kernels: what a sharp image must be convolved with to look like a broad one, fitted to stars.

A kernel is a sum of Gaussians times polynomials whose factors may vary linearly over the image, found by
linear least squares (Alard & Lupton 1998, ApJ 503, 325; Alard 2000, A&AS 144, 363).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from pipeline.conversions import FWHM_PER_SIGMA
from pipeline.cutouts.extract import extract_cutouts
from pipeline.errors import InputError
from pipeline.imaging.convolution import oaconvolve

_GAUSSIANS = ((0.6, 4), (1.2, 2), (2.4, 2), (4.8, 0))
"""Sigma in units of the sigma that matches Gaussian images, and degree of the polynomial; the broad ones describe the
wings, without which the ratio of fluxes comes out 1.5 % low."""

_FEW = 20
"""With fewer stars than this the kernel does not vary over the image."""

_NEARLY = 0.03
"""Share of a star's pixels that may be missing if too few stars have all of them."""

_ROUNDS = 3
_OUTLIER = 4.0
"""Stars whose chi2 is above this multiple of the median star's are left out of the next round."""


@dataclass(frozen=True, kw_only=True)
class MatchingKernel:
    """A kernel that varies linearly over the image.

    Attributes
    ----------
    planes : ndarray of float64, (1 or 3, y, x)
        The kernel at the centre of the image and, where it varies, its change from the centre to the right
        and to the upper border.
    n_stars : int
        Stars kept after outliers were left out; after the last round, these may be fewer than those it was fitted to.
    """

    planes: NDArray[np.float64]
    n_stars: int

    @property
    def scale(self) -> float:
        """Flux in the broad image over flux in the sharp one, at the centre."""
        return float(self.planes[0].sum())

    def convolve(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return an image, (y, x), convolved with the kernel; beyond its borders it counts as zero."""
        x, y = _unit_coordinates(np.arange(image.shape[1]), np.arange(image.shape[0]), image.shape)
        convolved = oaconvolve(image, self.planes[0].astype(np.float32), mode="same")
        for plane, factor in zip(self.planes[1:], (x[None, :], y[:, None]), strict=False):
            convolved += oaconvolve(image, plane.astype(np.float32), mode="same") * factor.astype(np.float32)
        return convolved


def fit_kernel(
    sharp: NDArray[np.float32],
    broad: NDArray[np.float32],
    variance: NDArray[np.float32],
    x_pixel: NDArray[np.float64],
    y_pixel: NDArray[np.float64],
    *,
    match_fwhm_pixel: float,
    cutout_pixel: int,
    max_stars: int,
    min_stars: int,
    spatial_order: int,
) -> MatchingKernel:
    """Fit the kernel that turns ``sharp`` into ``broad`` to the pixels around stars.

    Parameters
    ----------
    sharp, broad, variance : ndarray of float32, (y, x)
        Registered images without sky, and the variance of a pixel; NaN where a pixel must not be used (missing,
        saturated).
    x_pixel, y_pixel : ndarray, (stars,)
        Stars in both, the preferred ones first.
    match_fwhm_pixel : float
        FWHM that the sharp image lacks, in quadrature.
    cutout_pixel : int
        Side of the squares to which the kernel is fitted; odd.
    max_stars, min_stars : int
        The most and the fewest stars to which it is fitted.
    spatial_order : int
        0 for a constant kernel, 1 for one that varies linearly.

    Raises
    ------
    InputError
        If fewer than ``min_stars`` have nearly all their pixels.
    """
    basis = _Basis.for_width(match_fwhm_pixel)
    sharp_cutouts = extract_cutouts(sharp, x_pixel, y_pixel, cutout_pixel + 2 * basis.reach)
    broad_cutouts = extract_cutouts(broad, x_pixel, y_pixel, cutout_pixel)
    whole = _usable(sharp_cutouts.nan_fraction, broad_cutouts.nan_fraction)[:max_stars]
    if len(whole) < min_stars:
        raise InputError(f"{len(whole)} of {len(x_pixel)} common stars have nearly all their pixels, needs {min_stars}")
    variances = extract_cutouts(variance, x_pixel[whole], y_pixel[whole], cutout_pixel).pixels
    target = broad_cutouts.pixels[whole]
    weight = np.where(np.isfinite(target) & np.isfinite(variances), variances, np.inf).astype(np.float32) ** -0.5
    columns = basis.convolve(_filled(sharp_cutouts.pixels[whole]))
    order = spatial_order if len(whole) >= _FEW else 0
    coordinates = _unit_coordinates(x_pixel[whole], y_pixel[whole], sharp.shape)
    factors, used = _solve(columns, np.nan_to_num(target), weight, coordinates if order else ())
    return MatchingKernel(planes=np.tensordot(factors, basis.kernels(), axes=1), n_stars=int(used.sum()))


def _usable(sharp_missing: NDArray[np.floating], broad_missing: NDArray[np.floating]) -> NDArray[np.intp]:
    """Return the stars to fit to: those with all their pixels or, if these are few, with nearly all."""
    whole = np.flatnonzero((sharp_missing == 0) & (broad_missing < 0.1))
    return whole if len(whole) >= _FEW else np.flatnonzero((sharp_missing < _NEARLY) & (broad_missing < 0.1))


def _filled(cutouts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return cutouts, (star, y, x), whose missing pixels are the mean of the 3 x 3 around them."""
    present = np.isfinite(cutouts)
    if present.all():
        return cutouts
    total = uniform_filter(np.where(present, cutouts, np.float32(0.0)), (1, 3, 3), mode="nearest")
    share = uniform_filter(present.astype(np.float32), (1, 3, 3), mode="nearest")
    around = np.where(share > 0.05, total / np.maximum(share, np.float32(0.05)), np.float32(0.0))
    return np.where(present, cutouts, around)


def _solve(
    columns: NDArray[np.float32],
    target: NDArray[np.float32],
    weight: NDArray[np.float32],
    coordinates: tuple[NDArray[np.float64], ...],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Fit the factors of the basis to the pixels of all stars, and leave out stars that do not fit.

    The model of pixel p of star s is the sharp image convolved with each basis kernel, ``c_b(p)``, with factors that
    vary linearly over the image, plus a constant background ``t``::

        broad(p) = sum_b (a_b + a_bx x_s + a_by y_s) c_b(p) + t

    where ``x_s, y_s`` is the place of the star, from -1 to 1, and is the same for all its pixels. The factors minimise
    ``chi2 = sum_p w(p)^2 (broad(p) - model(p))^2``. Each star has its own design matrix ``A_s``, a row ``w (c_b, x c_b,
    y c_b, 1)`` per pixel, so the normal equations are sums over stars::

        (sum_s A_s^T A_s) a = sum_s A_s^T (w broad)_s

    The products ``A_s^T A_s`` are computed once. A round sums those of the stars in use, solves, and drops the stars
    whose mean chi2 per pixel exceeds ``_OUTLIER`` times the median of the stars in use (variable stars, blends). It
    ends after ``_ROUNDS`` rounds, when the same stars remain, or when fewer than half would. The least-squares solver
    cuts off singular values below 1e-10 of the largest, because neighbouring basis kernels are nearly alike.

    Parameters
    ----------
    columns : ndarray of float32, (star, basis, y, x)
        The sharp star convolved with each basis kernel.
    target, weight : ndarray of float32, (star, y, x)
        The broad star, and one over the standard deviation of its pixels; weight 0 where a pixel is missing.
    coordinates : tuple of ndarray, (star,)
        x and y of each star from -1 to 1; empty for a kernel that does not vary.

    Returns
    -------
    factors : ndarray of float64, (1 or 3, basis)
    used : ndarray of bool, (star,)
        The stars that were kept. After ``_ROUNDS`` rounds they are those that the last fit kept, which may differ from
        those it was made with.
    """
    stars, functions = columns.shape[:2]
    weighted = (columns * weight[:, None]).reshape(stars, functions, -1).transpose(0, 2, 1)
    parts = [weighted, *(weighted * c[:, None, None] for c in coordinates), weight.reshape(stars, -1, 1)]
    design = np.concatenate(parts, axis=2).astype(np.float64)
    values = (target * weight).reshape(stars, -1).astype(np.float64)
    normal = np.matmul(design.transpose(0, 2, 1), design)
    right = np.matmul(design.transpose(0, 2, 1), values[:, :, None])[:, :, 0]
    used: NDArray[np.bool_] = np.ones(stars, dtype=np.bool_)
    for _ in range(_ROUNDS):
        solution = np.linalg.lstsq(normal[used].sum(axis=0), right[used].sum(axis=0), rcond=1e-10)[0]
        chi2 = ((values - design @ solution) ** 2).mean(axis=1)
        keep = np.asarray(chi2 <= _OUTLIER * np.median(chi2[used]), dtype=np.bool_)
        if keep.sum() < stars // 2 or np.array_equal(keep, used):
            break
        used = keep
    factors: NDArray[np.float64] = solution[:-1].reshape(1 + len(coordinates), functions)
    return factors, used


def _unit_coordinates(
    x_pixel: NDArray[np.number], y_pixel: NDArray[np.number], shape: tuple[int, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return pixel coordinates scaled to -1 ... 1 over an image of the shape (y, x)."""
    half_y, half_x = (max(length - 1, 1) / 2.0 for length in shape)
    x, y = np.asarray(x_pixel, np.float64) / half_x - 1.0, np.asarray(y_pixel, np.float64) / half_y - 1.0
    return x, y


@dataclass(frozen=True, kw_only=True)
class _Basis:
    """Gaussians times polynomials, each a product of one function of x and one of y.

    ``lines`` (line, 2 reach + 1) holds the functions of one coordinate, ``products`` (basis, 2) which
    lines make up each kernel, as (y, x).
    """

    lines: NDArray[np.float64]
    products: NDArray[np.intp]
    reach: int

    @classmethod
    def for_width(cls, match_fwhm_pixel: float) -> "_Basis":
        """Return the basis for images whose widths differ, in quadrature, by a FWHM."""
        sigmas = [max(0.5, factor * match_fwhm_pixel / FWHM_PER_SIGMA) for factor, _ in _GAUSSIANS]
        reach = int(np.clip(np.ceil(2.0 * sigmas[-1]), 5, 12))
        grid = np.arange(-reach, reach + 1, dtype=np.float64)
        lines: list[NDArray[np.float64]] = []
        products: list[tuple[int, int]] = []
        for sigma, (_, degree) in zip(sigmas, _GAUSSIANS, strict=True):
            start = len(lines)
            for power in range(degree + 1):
                line = np.exp(-0.5 * (grid / sigma) ** 2) * (grid / sigma) ** power
                lines.append(line / np.abs(line).sum())
            products += [
                (start + power_y, start + power_x)
                for power_y in range(degree + 1)
                for power_x in range(degree + 1 - power_y)
            ]
        return cls(lines=np.array(lines), products=np.array(products), reach=reach)

    def kernels(self) -> NDArray[np.float64]:
        """Return the kernels, (basis, y, x)."""
        return np.einsum("by,bx->byx", self.lines[self.products[:, 0]], self.lines[self.products[:, 1]])

    def convolve(self, cutouts: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return cutouts, (star, y, x), convolved with each kernel where it fits wholly, (star, basis, y, x)."""
        side = cutouts.shape[1] - 2 * self.reach
        bands = np.zeros((len(self.lines), cutouts.shape[1], side), dtype=np.float32)
        for shift in range(side):
            bands[:, shift : shift + 2 * self.reach + 1, shift] = self.lines[:, ::-1]
        along_x = np.matmul(cutouts[:, None], bands[None])
        picked = along_x[:, self.products[:, 1]]
        return np.matmul(bands.transpose(0, 2, 1)[self.products[:, 0]][None], picked)
