"""How well a PSF describes the stars of an image, in numbers and in the images that show them.

Tested by tests/pipeline/psf/test_empirical.py.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.psf.base import PsfModel
from pipeline.psf.sampled import SampledPsf
from pipeline.psf.stars import PsfStars


@dataclass(frozen=True, kw_only=True, eq=False)
class PsfQuality:
    """How well a PSF fits stars.

    Attributes
    ----------
    kind : str
        The kind of PSF.
    stars : int
        Stars that were fitted.
    fwhm_pixel, star_fwhm_pixel : float
        Width of the PSF as pixels show it, and of the median star.
    residual_fraction : float
        Light that the PSF puts into wrong pixels: half the sum of the absolute median residual, in units of the
        flux, within 2 FWHM; noise of the stars averages out, a wrong shape does not.
    peak_error : float
        Median residual of the central pixel, in units of the PSF's.
    chi2 : float
        Median reduced chi-squared of the fits, with the noise of sky and electrons.
    x_offset, y_offset : float
        Median fitted position of the stars minus their centroids, in pixels.
    wing_fraction : float
        Light beyond the square of the PSF.
    model, star, residual : ndarray of float64, (y, x)
        The PSF, its sum with the residual, and the median residual of the stars, all in units of the flux, centred.
    radius, profile : ndarray of float64, (n,)
        Distances in pixels and values of the stars' pixels in units of the flux.
    """

    kind: str
    stars: int
    fwhm_pixel: float
    star_fwhm_pixel: float
    residual_fraction: float
    peak_error: float
    chi2: float
    x_offset: float
    y_offset: float
    wing_fraction: float
    model: NDArray[np.float64]
    star: NDArray[np.float64]
    residual: NDArray[np.float64]
    radius: NDArray[np.float64]
    profile: NDArray[np.float64]

    def numbers(self) -> dict[str, float | int | str]:
        """Return the figures alone, by name."""
        names = (
            "kind", "stars", "fwhm_pixel", "star_fwhm_pixel", "residual_fraction", "peak_error", "chi2", "x_offset",
            "y_offset", "wing_fraction",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}

    def images(self, size_pixel: int) -> NDArray[np.float32]:
        """Return median star, PSF and median residual, ``(3, y, x)``, cut or padded with zeros to an odd size."""
        return np.stack([_framed(one, size_pixel) for one in (self.star, self.model, self.residual)]).astype(np.float32)


def judge_psf(psf: PsfModel, stars: PsfStars, *, gain: float = 1.0, max_stars: int = 60) -> PsfQuality:
    """Fit a PSF to stars, with free flux, position and sky, and measure the residuals.

    Parameters
    ----------
    psf : PsfModel
    stars : PsfStars
        See :func:`~pipeline.psf.stars.find_psf_stars`.
    gain : float
        Electrons per ADU, for chi-squared.
    max_stars : int
        The most stars that are used, the brightest ones.

    Raises
    ------
    InputError
        If no star can be fitted.
    """
    size = stars.pixels.shape[1]
    fits = [_fit(psf, stars, row, gain) for row in range(min(len(stars), max_stars))]
    good = [fit for fit in fits if fit is not None]
    if not good:
        raise InputError(f"PSF of kind {psf.kind} fits none of {len(fits)} stars")
    middle = psf.at(float(np.median(stars.x_pixel)), float(np.median(stars.y_pixel)))
    model = _framed(middle(0.0, 0.0), size)
    residual = np.nanmedian([fit.residual for fit in good], axis=0)
    residual = np.nan_to_num(residual)
    grid = np.arange(size) - size // 2
    core = np.hypot(grid[None, :], grid[:, None]) <= 2.0 * stars.fwhm_pixel
    return PsfQuality(
        kind=psf.kind,
        stars=len(good),
        fwhm_pixel=_width(model),
        star_fwhm_pixel=_width(model + residual),
        residual_fraction=float(0.5 * np.abs(residual[core]).sum()),
        peak_error=float(residual[size // 2, size // 2] / model.max()),
        chi2=float(np.median([fit.chi2 for fit in good])),
        x_offset=float(np.median([fit.x_offset for fit in good])),
        y_offset=float(np.median([fit.y_offset for fit in good])),
        wing_fraction=psf.wing_fraction,
        model=model,
        star=model + residual,
        residual=residual,
        radius=np.concatenate([fit.radius for fit in good]),
        profile=np.concatenate([fit.profile for fit in good]),
    )


def _width(image: NDArray[np.float64]) -> float:
    """Return the FWHM of an image of a star, pixels included; NaN if it is not one."""
    return SampledPsf(samples=image).fwhm_pixel if image.sum() > 0 else np.nan


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fit:
    """A PSF fitted to one star."""

    residual: NDArray[np.float64]
    chi2: float
    x_offset: float
    y_offset: float
    radius: NDArray[np.float64]
    profile: NDArray[np.float64]


def _fit(psf: PsfModel, stars: PsfStars, row: int, gain: float) -> _Fit | None:
    """Return the flux, position and sky that fit one star best, and the residuals; None if nothing fits."""
    pixels = stars.pixels[row]
    size = len(pixels)
    grid = np.arange(size) - size // 2
    known = np.isfinite(pixels)
    data = np.where(known, pixels, 0.0)
    local = psf.at(float(stars.x_pixel[row]), float(stars.y_pixel[row]))
    x, y = float(stars.x_offset[row]), float(stars.y_offset[row])
    variance = stars.sky_rms**2 + np.clip(data, 0.0, None) / gain
    weight = np.where(known, variance**-0.5, 0.0)
    step = 0.05
    flux = sky = 0.0
    model = np.zeros_like(data)
    for _ in range(3):
        model = _framed(local(x, y), size)
        along = (_framed(local(x + step, y), size) - _framed(local(x - step, y), size)) / (2.0 * step)
        across = (_framed(local(x, y + step), size) - _framed(local(x, y - step), size)) / (2.0 * step)
        columns = np.stack([model, along, across, np.ones_like(model)])
        design = (columns * weight).reshape(4, -1).T
        flux, move_x, move_y, sky = np.linalg.lstsq(design, (data * weight).ravel(), rcond=None)[0]
        if not flux > 0 or max(abs(move_x), abs(move_y)) > flux:
            return None
        x, y = x + move_x / flux, y + move_y / flux
    model = _framed(local(x, y), size)
    residual = np.where(known, (pixels - sky) / flux - model, np.nan)
    chi2 = float((((data - sky - flux * model) * weight) ** 2).sum() / max(known.sum() - 4, 1))
    return _Fit(
        residual=residual,
        chi2=chi2,
        x_offset=x - float(stars.x_offset[row]),
        y_offset=y - float(stars.y_offset[row]),
        radius=np.hypot(grid[None, :] - x, grid[:, None] - y)[known],
        profile=((data - sky) / flux)[known],
    )


def _framed(image: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return an image cut or padded with zeros to a size, both odd."""
    gap = (size - len(image)) // 2
    return np.pad(image, gap) if gap >= 0 else image[-gap:gap, -gap:gap]
