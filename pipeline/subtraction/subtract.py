"""Subtraction: science minus template, registered, matched in PSF and flux, with its predicted noise."""

import logging
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.imaging.convolution import fftconvolve, oaconvolve
from pipeline.imaging.frame import Frame, Image, Mask
from pipeline.imaging.sources import remove_sky
from pipeline.psf import moffat
from pipeline.subtraction.matching_kernel import fit_kernel
from pipeline.subtraction.registration import common_stars, lanczos
from pipeline.subtraction.settings import SubtractionSettings

__all__ = ["Frame", "Subtraction", "SubtractionSettings", "noise_correlation", "subtract"]

log = logging.getLogger(__name__)

_SPREAD = 0.02
"""A pixel is missing where more than this share of a kernel's weight falls on missing pixels."""

_NO_CHANGE = np.ones((1, 1), dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class Subtraction:
    """A difference image, in the units and on the pixels of the science image.

    Attributes
    ----------
    difference : ndarray of float32, (y, x)
        Science minus matched template, sky removed; NaN where either is missing.
    noise : ndarray of float32, (y, x)
        Standard deviation of a pixel, predicted from counts, read noise and kernel, never fitted to the
        difference.
    correlation : float
        Noise of a PSF-weighted flux in this difference over that in uncorrelated noise of the same size.
    fwhm_pixel : float
        Width of a new source in the difference.
    convolved : str
        Which image was convolved, ``"template"`` or ``"science"``.
    scale : float
        Flux in the science image over flux in the template.
    x_offset, y_offset : float
        Position of a star in the template minus that in the science image, in pixels.
    n_stars : int
        Number of stars to which the kernel was fitted.
    science_kernel : ndarray of float32, (y, x), or None
        The kernel with which the science image was convolved, in the middle of the image and with a sum of 1, which
        changes the shape of a new source. None if it was not convolved, or if the kernel is not known.
    """

    difference: Image
    noise: Image
    correlation: float
    fwhm_pixel: float
    convolved: Literal["template", "science"]
    scale: float
    x_offset: float
    y_offset: float
    n_stars: int
    science_kernel: Image | None = None


def subtract(science: Frame, template: Frame, settings: SubtractionSettings | None = None) -> Subtraction:
    """Subtract the template from the science image.

    The template is shifted onto the science image; then the sharper of both is convolved with the kernel
    that makes its stars match those of the other (:mod:`pipeline.subtraction.matching_kernel`).

    Parameters
    ----------
    science, template : Frame
        Of one shape, aligned to within ``max_offset_pixel``.
    settings : SubtractionSettings, optional

    Raises
    ------
    InputError
        If the shapes differ, no pixel is finite in both, or too few stars are common to both.
    """
    chosen = settings or SubtractionSettings()
    _check(science, template)
    flat_science = remove_sky(science.pixels, chosen.mesh_pixel)
    flat_template = remove_sky(template.pixels, chosen.mesh_pixel)
    stars, (x_offset, y_offset) = common_stars(
        science, flat_science, template, flat_template, chosen.min_stars, chosen.max_offset_pixel
    )
    variances = science.variance(flat_science.sky_level), template.variance(flat_template.sky_level)
    shift = lanczos(-x_offset, -y_offset)
    registered = oaconvolve(flat_template.pixels, shift, mode="same")
    unusable = science.saturated() | _spread(template.saturated(), shift)
    matched = _match(science, template, flat_science.pixels, registered, unusable, variances, stars, chosen)
    paths = matched.science_kernel, fftconvolve(shift, matched.template_kernel)
    missing = _spread(flat_science.missing, paths[0]) | _spread(flat_template.missing, paths[1])
    paths = _from_white(science, paths[0]), _from_white(template, paths[1])
    if missing.all():
        raise InputError("science image and template have no pixel in common")
    wide = max(science.fwhm_pixel, template.fwhm_pixel)
    log.debug("subtracted with %d stars, offset (%.3f, %.3f) pixel", matched.n_stars, x_offset, y_offset)
    return Subtraction(
        difference=np.where(missing, np.float32(np.nan), matched.difference),
        noise=np.where(missing, np.float32(np.nan), _noise(variances, paths)),
        correlation=noise_correlation(variances, paths, wide),
        fwhm_pixel=wide,
        convolved=matched.convolved,
        scale=matched.scale,
        x_offset=x_offset,
        y_offset=y_offset,
        n_stars=matched.n_stars,
        science_kernel=matched.science_kernel if matched.convolved == "science" else None,
    )


@dataclass(frozen=True, kw_only=True)
class _Matched:
    """A difference in the units of the science image, and the kernels that each image went through, (y, x)."""

    difference: Image
    science_kernel: Image
    template_kernel: Image
    convolved: Literal["template", "science"]
    scale: float
    n_stars: int


def _match(
    science: Frame,
    template: Frame,
    flat_science: Image,
    registered: Image,
    unusable: Mask,
    variances: tuple[Image, Image],
    stars: NDArray[np.float64],
    settings: SubtractionSettings,
) -> _Matched:
    """Fit the kernel to stars, convolve the sharper image with it and subtract."""
    is_template_sharper = template.fwhm_pixel <= science.fwhm_pixel
    sharp, broad = (registered, flat_science) if is_template_sharper else (flat_science, registered)
    wide, narrow = max(science.fwhm_pixel, template.fwhm_pixel), min(science.fwhm_pixel, template.fwhm_pixel)
    kernel = fit_kernel(
        np.where(unusable, np.float32(np.nan), sharp),
        np.where(unusable, np.float32(np.nan), broad),
        variances[0] + variances[1],
        stars[:, 0],
        stars[:, 1],
        match_fwhm_pixel=float(np.sqrt(max(wide**2 - narrow**2, 1.0))),
        cutout_pixel=2 * int(np.ceil(2.5 * wide)) + 1,
        max_stars=settings.max_stars,
        min_stars=settings.min_stars,
        spatial_order=settings.spatial_order,
    )
    central = kernel.planes[0].astype(np.float32)
    if is_template_sharper:
        return _Matched(
            difference=broad - kernel.convolve(sharp),
            science_kernel=_NO_CHANGE,
            template_kernel=central,
            convolved="template",
            scale=kernel.scale,
            n_stars=kernel.n_stars,
        )
    unit = np.float32(1.0 / kernel.scale)
    return _Matched(
        difference=(kernel.convolve(sharp) - broad) * unit,
        science_kernel=central * unit,
        template_kernel=_NO_CHANGE * unit,
        convolved="science",
        scale=float(unit),
        n_stars=kernel.n_stars,
    )


def _check(science: Frame, template: Frame) -> None:
    """Refuse a pair that cannot be subtracted."""
    if science.pixels.shape != template.pixels.shape or science.pixels.ndim != 2:
        raise InputError(
            f"science image and template must share one shape (y, x), given {science.pixels.shape} and "
            f"{template.pixels.shape}"
        )
    for name, frame in (("science image", science), ("template", template)):
        if not np.isfinite(frame.pixels).any():
            raise InputError(f"the {name} has no finite pixel")
        if not (frame.gain > 0 and frame.read_noise >= 0 and frame.fwhm_pixel > 0):
            raise InputError(
                f"the {name} has gain {frame.gain} (above 0), read noise {frame.read_noise} (at least 0), "
                f"FWHM {frame.fwhm_pixel} pixel (above 0)"
            )
    if not (np.isfinite(science.pixels) & np.isfinite(template.pixels)).any():
        raise InputError("science image and template have no pixel in common")


def _spread(missing: Mask, kernel: Image) -> Mask:
    """Return where more than a small share of a kernel's weight would fall on missing pixels."""
    if kernel.size == 1:
        return missing
    weight = np.abs(kernel)
    return oaconvolve((~missing).astype(np.float32), weight / weight.sum(), mode="same") < 1.0 - _SPREAD


def _from_white(frame: Frame, path: Image) -> Image:
    """Return the kernel that turns white noise into what an image's own noise becomes on its path."""
    return path if frame.noise_kernel is None else np.asarray(fftconvolve(frame.noise_kernel, path), dtype=np.float32)


def _noise(variances: tuple[Image, Image], paths: tuple[Image, Image]) -> Image:
    """Return the standard deviation of each pixel of the difference of two images that were convolved.

    A pixel of a convolved image is the sum ``sum_q k(p - q) I(q)``. If the pixels of I are independent with variances
    ``V(q)``, its variance is ``sum_q k(p - q)^2 V(q)``: the variance map convolved with the *square* of the kernel. The
    science image and the template are independent, so their variances add::

        noise(p)^2 = (V_science * k_science^2)(p) + (V_template * k_template^2)(p)

    where ``*`` is a convolution. ``V = counts / gain + (read_noise / gain)^2`` is from :meth:`Frame.variance`. The
    kernel of the template is its matching kernel convolved with the shift that registered it; the science image has a
    kernel of one pixel unless it is the sharper one. If an image was resampled before, its pixels are not
    independent, and its kernel starts with the one that makes white noise like its own (:func:`_from_white`).

    Nothing is fitted to the difference, so a bad subtraction cannot hide by raising its own noise. Neighbouring pixels
    of the difference are correlated, which a standard deviation per pixel does not show; see :func:`noise_correlation`.

    Parameters
    ----------
    variances : pair of ndarray of float32, (y, x)
        Of the pixels of science image and template, in ADU squared.
    paths : pair of ndarray of float32, (y, x)
        The kernel that white noise went through on its way from each into the difference.

    Returns
    -------
    ndarray of float32, (y, x)
        In ADU of the science image, at least 0.1 % of the largest value.
    """
    total = np.zeros_like(variances[0])
    for variance, path in zip(variances, paths, strict=True):
        total += variance * path[0, 0] ** 2 if path.size == 1 else oaconvolve(variance, path**2, mode="same")
    return np.sqrt(np.maximum(total, 1e-6 * total.max()))


def noise_correlation(variances: tuple[Image, Image], paths: tuple[Image, Image], fwhm_pixel: float) -> float:
    """Return the factor by which correlated pixels raise the noise of a PSF-weighted flux above that of white noise.

    A PSF-weighted flux is the sum ``sum_p P(p) D(p)``. White noise that went through the kernel k contributes the
    variance ``V sum (P * k)^2`` to it; the pixels, if they were independent with the same noise, would contribute
    ``V sum(k^2) sum(P^2)``. The factor is the square root of the ratio of both, each summed over science image and
    template, with the median variance as V.

    Parameters
    ----------
    variances : pair of ndarray, (y, x)
        Of the pixels of science image and template, in ADU squared.
    paths : pair of ndarray, (y, x)
        The kernel that white noise went through on its way from each into the difference.
    fwhm_pixel : float
        Width of a point source in the difference, in pixels.
    """
    psf = moffat(fwhm_pixel, 2 * int(np.ceil(3 * fwhm_pixel)) + 1)
    sky = [float(np.median(variance)) for variance in variances]
    actual = sum(level * (fftconvolve(psf, path) ** 2).sum() for level, path in zip(sky, paths, strict=True))
    white = sum(level * (path**2).sum() for level, path in zip(sky, paths, strict=True)) * (psf**2).sum()
    return float(np.sqrt(actual / white))
