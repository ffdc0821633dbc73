"""The profile of an image's stars, with which the total light of a point source is measured."""

import logging
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermevander
from numpy.typing import ArrayLike, NDArray

from pipeline.conversions import FWHM_PER_SIGMA
from pipeline.errors import InputError
from pipeline.imaging.convolution import fftconvolve
from pipeline.psf.base import LightProfile
from pipeline.psf.moffat import Moffat
from pipeline.psf.stars import PsfStars

log = logging.getLogger(__name__)

_MIN_STARS = 3
"""Fewer stars do not define a profile: one galaxy among them would be half of it."""

_SHAPE_STARS = 4
"""With fewer stars the profile is only a Moffat profile."""

_MAX_STARS = 20
"""The brightest; more make the fit slower and no better."""

_SERIES = ((1.0, 6), (2.2, 2))
"""Widths of the Gauss-Hermite series in units of that of the Moffat profile, and their highest orders; the second
describes wings that differ from a Moffat profile."""


_TRUST = 0.01
"""No star is described better than to this share of its light in a pixel, so that wings and core both count."""

_OUTLIER = 3.0
"""Stars whose squared residuals are this many times the median of all are left out."""

_BLOCK = 256
"""Sources that are convolved at a time."""

_FLATTEST, _STEEPEST = 0.5, 0.01
"""Of 1 / beta: a Moffat profile of beta 2, and of 100, which is a Gaussian to 1 % of its peak."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StarProfile:
    r"""The profile of an image's stars: a Moffat profile, and how the stars differ from it.

    Per pixel it is :math:`(M(x - x_0, y - y_0) + \sum_{kij} c_{kij} He_i(x/\sigma_k) He_j(y/\sigma_k)
    e^{-(x^2 + y^2) / 2 \sigma_k^2}) / T`: a Moffat profile :math:`M` of unit light, Gauss-Hermite series of two widths,
    and their whole light :math:`T`, to which of each series only :math:`c_{k00}` adds. ``x`` and ``y`` are counted
    from the centroid under a Gaussian weight.

    Attributes
    ----------
    core : Moffat
    x_shift, y_shift : float
        Place of the Moffat profile less the centroid, in pixels.
    factors : ndarray of float64, (term,)
        The factors :math:`c`; empty if there is no series.

    Notes
    -----
    DAOPHOT also describes a PSF by a formula and a residual (Stetson 1987, PASP 99, 191); the series is that of van der
    Marel & Franx 1993, ApJ 407, 525. The light beyond the stars' cutouts is that of the formula.
    """

    core: Moffat
    x_shift: float = 0.0
    y_shift: float = 0.0
    factors: NDArray[np.float64] | None = None

    @property
    def fwhm_pixel(self) -> float:
        """Full width at half maximum of the Moffat profile."""
        return self.core.fwhm_pixel

    def shares(self, x_offset: ArrayLike, y_offset: ArrayLike, size_pixel: int) -> NDArray[np.float64]:
        """Return the share of each source's whole light in the pixels around it, (n, y, x)."""
        x, y = np.atleast_1d(np.asarray(x_offset, np.float64)), np.atleast_1d(np.asarray(y_offset, np.float64))
        light = self.core.shares(x + self.x_shift, y + self.y_shift, size_pixel)
        if self.factors is None:
            return light
        whole = 1.0
        for (sigma, orders), factors in zip(_series(self.fwhm_pixel), self._by_width(), strict=True):
            along = [_lines(offset, size_pixel, sigma, int(orders.max())) for offset in (y, x)]
            terms = np.zeros((int(orders.max()) + 1,) * 2)
            terms[tuple(orders.T)] = factors
            light += np.matmul(along[0] @ terms, along[1].transpose(0, 2, 1))
            whole += 2.0 * np.pi * sigma**2 * terms[0, 0]
        return light / whole

    def _by_width(self) -> list[NDArray[np.float64]]:
        factors = np.empty(0) if self.factors is None else self.factors
        ends = np.cumsum([len(orders) for _, orders in _series(self.fwhm_pixel)])
        return np.split(factors, ends[:-1])


def _series(fwhm_pixel: float) -> list[tuple[float, NDArray[np.intp]]]:
    """Return the widths in pixels of the series, and the orders of y and x of their terms, (term, 2)."""
    return [
        (
            width * fwhm_pixel / FWHM_PER_SIGMA,
            np.array([(i, j) for i in range(highest + 1) for j in range(highest + 1 - i)]),
        )
        for width, highest in _SERIES
    ]


def _lines(offset: NDArray[np.float64], size: int, sigma: float, order: int) -> NDArray[np.float64]:
    """Return Gauss-Hermite functions around places, (n, pixel, order)."""
    place = (np.arange(size)[None, :] - size // 2 - offset[:, None]) / sigma
    return np.asarray(hermevander(place, order) * np.exp(-0.5 * place**2)[..., None])


@dataclass(frozen=True, kw_only=True, eq=False)
class ConvolvedProfile:
    """A profile in an image that was convolved with a kernel.

    Attributes
    ----------
    profile : LightProfile
        The profile of the image before the convolution.
    kernel : ndarray, (y, x)
        Of odd sides and sum 1.
    fwhm_pixel : float
        Full width at half maximum after the convolution.
    """

    profile: LightProfile
    kernel: NDArray[np.floating]
    fwhm_pixel: float

    def shares(self, x_offset: ArrayLike, y_offset: ArrayLike, size_pixel: int) -> NDArray[np.float64]:
        """Return the share of each source's whole light in the pixels around it, (n, y, x)."""
        x, y = np.atleast_1d(np.asarray(x_offset, np.float64)), np.atleast_1d(np.asarray(y_offset, np.float64))
        wide = size_pixel + max(self.kernel.shape) - 1
        out = np.empty((len(x), size_pixel, size_pixel))
        for start in range(0, len(x), _BLOCK):
            part = slice(start, start + _BLOCK)
            out[part] = self._convolved(self.profile.shares(x[part], y[part], wide), size_pixel)
        return out

    def _convolved(self, shares: NDArray[np.float64], size: int) -> NDArray[np.float64]:
        whole = fftconvolve(shares, self.kernel[None].astype(np.float64), mode="same", axes=(1, 2))
        edge = (shares.shape[1] - size) // 2
        return np.asarray(whole[:, edge : edge + size, edge : edge + size])


def fit_profile(stars: PsfStars, *, gain: float = 1.0) -> StarProfile:
    """Return the profile that stars of an image show.

    The width, exponent, ellipticity and position of one Moffat profile are fitted to all stars, with free flux and sky
    for each; if there are enough stars, the Gauss-Hermite series is fitted to the residuals.

    Parameters
    ----------
    stars : PsfStars
        See :func:`~pipeline.psf.stars.find_psf_stars`.
    gain : float
        Electrons per ADU.

    Raises
    ------
    InputError
        If the stars are too few or no profile fits them.
    """
    if len(stars) < _MIN_STARS:
        raise InputError(f"{len(stars)} of {stars.found} sources are usable stars, a profile takes {_MIN_STARS}")
    fit = _Fit(stars.chosen(np.arange(min(len(stars), _MAX_STARS))), gain)
    profile = fit.moffat()
    if fit.drop_outliers(profile):
        profile = fit.moffat()
    if len(fit.data) >= _SHAPE_STARS:
        profile = fit.with_series(profile)
    log.debug(
        "profile of %d stars: FWHM %.2f pixel, beta %.2f, ellipticity %.2f",
        len(fit.data), profile.fwhm_pixel, profile.core.beta, profile.core.ellipticity,
    )  # fmt: skip
    return profile


class _Fit:
    """Stars to which one profile is fitted, with the weight of each pixel, (star, y, x)."""

    def __init__(self, stars: PsfStars, gain: float) -> None:
        known = np.isfinite(stars.pixels)
        self.data = np.where(known, stars.pixels, 0.0)
        self.x, self.y = stars.x_offset, stars.y_offset
        self.start = StarProfile(core=Moffat(fwhm_pixel=max(0.95 * stars.fwhm_pixel, 0.8)))
        self.weight = np.where(known, 1.0 / stars.sky_rms, 0.0)
        shares = self._shares(self.start)
        light = np.maximum(self._levels(shares)[0], 0.0)[:, None, None] * shares
        self.weight = np.where(known, (stars.sky_rms**2 + light / gain + (_TRUST * light) ** 2) ** -0.5, 0.0)

    def _shares(self, profile: StarProfile) -> NDArray[np.float64]:
        return profile.shares(self.x, self.y, self.data.shape[1])

    def _levels(self, shares: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the flux and the sky of each star, (star,), that fit best."""
        squared = self.weight**2
        one, light, light2, sky, both = (
            np.einsum("nyx,nyx->n", squared, part) for part in
            (np.ones_like(shares), shares, shares**2, self.data, shares * self.data)
        )  # fmt: skip
        determinant = np.maximum(one * light2 - light**2, 1e-30)
        return (one * both - light * sky) / determinant, (light2 * sky - light * both) / determinant

    def _left(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the residual of each pixel in units of its error, (star, y, x)."""
        flux, sky = self._levels(shares)
        return self.weight * (self.data - flux[:, None, None] * shares - sky[:, None, None])

    def moffat(self) -> StarProfile:
        """Return the Moffat profile that fits best."""
        from scipy.optimize import least_squares

        width = self.start.fwhm_pixel
        found = least_squares(
            lambda numbers: self._left(self._shares(_profile(numbers))).ravel(),
            [np.log(width), 1.0 / 3.0, 0.0, 0.0, 0.0, 0.0],
            bounds=(
                [np.log(0.4 * width), _STEEPEST, -0.6, -0.6, -width, -width],
                [np.log(2.5 * width), _FLATTEST, 0.6, 0.6, width, width],
            ),
            x_scale=[0.05, 0.1, 0.05, 0.05, 0.1, 0.1],
            method="dogbox",  # reaches a Gaussian, at the limit of 1 / beta, in a third of the steps
            xtol=1e-3,
            ftol=1e-4,
            max_nfev=12,
        )
        if not np.isfinite(found.cost):
            raise InputError(f"no profile fits {len(self.data)} stars")
        return _profile(found.x)

    def drop_outliers(self, profile: StarProfile) -> bool:
        """Leave out the stars that are unlike the others, and return whether there are any."""
        chi2 = (self._left(self._shares(profile)) ** 2).mean(axis=(1, 2))
        like = chi2 <= _OUTLIER * np.median(chi2)
        if like.all() or like.sum() < _MIN_STARS:
            return False
        self.data, self.weight, self.x, self.y = (part[like] for part in (self.data, self.weight, self.x, self.y))
        return True

    def with_series(self, profile: StarProfile) -> StarProfile:
        """Return a Moffat profile with the series of its residuals; the sky of each star is free."""
        size = self.data.shape[1]
        basis = np.concatenate([_terms(self.x, self.y, size, *one) for one in _series(profile.fwhm_pixel)])
        light = self._shares(profile)
        flux = self._levels(light)[0][:, None, None]
        squared = self.weight**2
        total = squared.sum(axis=(1, 2))

        def without_sky(values: NDArray[np.float64]) -> NDArray[np.float64]:
            mean = np.einsum("nyx,...nyx->...n", squared, values) / total
            return self.weight * (values - mean[..., None, None])

        design = without_sky(basis * flux).reshape(len(basis), -1)
        left = without_sky(self.data - flux * light).ravel()
        factors = np.asarray(np.linalg.lstsq(design @ design.T, design @ left, rcond=1e-10)[0], np.float64)
        return StarProfile(core=profile.core, x_shift=profile.x_shift, y_shift=profile.y_shift, factors=factors)


def _terms(
    x: NDArray[np.float64], y: NDArray[np.float64], size: int, sigma: float, orders: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the terms of one series around each star, (term, star, y, x)."""
    along_y, along_x = (_lines(offset, size, sigma, int(orders.max())) for offset in (y, x))
    return np.stack([along_y[:, :, None, i] * along_x[:, None, :, j] for i, j in orders])


def _profile(numbers: NDArray[np.float64]) -> StarProfile:
    """Return the profile for log FWHM, 1 / beta, the two components of the ellipticity, and the position."""
    log_width, flatness, plus, cross, x, y = (float(number) for number in numbers)
    core = Moffat(
        fwhm_pixel=float(np.exp(log_width)),
        beta=1.0 / flatness,
        ellipticity=float(np.hypot(plus, cross)),
        angle_deg=float(np.degrees(np.arctan2(cross, plus))) / 2.0,
    )
    return StarProfile(core=core, x_shift=x, y_shift=y)
