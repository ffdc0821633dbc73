"""Alignment: a template moved onto the pixels of a science image, by the projections or the stars of both."""

import logging
from dataclasses import replace

import numpy as np
from astropy.wcs import WCS
from astropy.wcs.utils import pixel_to_pixel
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, spline_filter1d

from pipeline.errors import InputError
from pipeline.imaging.convolution import fftconvolve
from pipeline.imaging.frame import Frame, Image, Mask
from pipeline.imaging.noise import root_kernel
from pipeline.imaging.sources import remove_sky
from pipeline.subtraction.star_pattern import PixelMap, star_map

log = logging.getLogger(__name__)

_TOUCHED = 0.02
"""A pixel is missing if more than this share of the pixels from which it is interpolated is missing."""

_REACH = 4
"""Distance in pixels over which correlations of the noise of an interpolated image are followed."""

_PHASES = 24


def align(
    science: Frame,
    template: Frame,
    *,
    science_wcs: WCS | None = None,
    template_wcs: WCS | None = None,
    mapping: PixelMap | None = None,
) -> Frame:
    """Return the template on the pixels of the science image, with the noise that it has there.

    If both images have a projection, `reproject` does it. Otherwise `astroalign` matches the stars of both, an affine
    map is fitted to all common stars, and the template is interpolated. Both ways interpolate with cubic splines and
    keep the surface brightness. The noise is carried along: the variance of the template is interpolated with the
    weights of the splines, and the correlation that they cause between neighbours is computed.

    Parameters
    ----------
    science, template : Frame
        Of any shapes.
    science_wcs, template_wcs : WCS, optional
        Give both or none.
    mapping : callable, optional
        Where pixels of the science image lie on the template, if that is already known.

    Returns
    -------
    aligned : Frame
        Of the science image's shape, NaN where the template has nothing, with ``variance_map`` and
        ``noise_kernel``; its FWHM is the template's in pixels of the science image.

    Raises
    ------
    InputError
        If one projection of two is given, the images do not overlap, or too few stars are common to both.
    """
    if (science_wcs is None) != (template_wcs is None):
        raise InputError("alignment takes the projections of both images, or of none; one was given")
    shape = science.pixels.shape
    if mapping is None:
        mapping = _wcs_map(science_wcs, template_wcs) if science_wcs and template_wcs else star_map(science, template)
    x, y, inside = _overlap(mapping, shape, template.pixels.shape)
    flat = remove_sky(template.pixels)
    places = np.array([np.where(inside, y, 0.0), np.where(inside, x, 0.0)])
    missing = ~inside | (_linear(flat.missing, places) > _TOUCHED)
    if missing.all():
        raise InputError("science image and template have no pixel in common")
    filled = np.where(flat.missing, np.float32(flat.sky_level), template.pixels)
    pixels = _interpolate(filled, template_wcs, science_wcs, places, shape)
    full = _linear(~flat.missing & template.saturated(), places) > _TOUCHED
    pixels = np.where(full, np.maximum(pixels, np.float32(template.saturation)), pixels)
    scale = float(np.sqrt(np.median(_areas(x, y)[inside[:-1, :-1]])))
    correlation, share = _correlation(x[inside], y[inside], scale)
    variance = map_coordinates(template.variance(flat.sky_level), places, order=1, mode="nearest") * np.float32(share)
    return replace(
        template,
        pixels=np.where(missing, np.float32(np.nan), pixels).astype(np.float32),
        variance_map=np.where(missing, np.float32(np.nan), variance).astype(np.float32),
        noise_kernel=_joined(root_kernel(correlation), template.noise_kernel),
        fwhm_pixel=template.fwhm_pixel / scale,
    )


def _overlap(
    mapping: PixelMap, shape: tuple[int, ...], template_shape: tuple[int, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64], Mask]:
    """Return where each pixel lies on the template, x and y, and whether that is within it."""
    rows, columns = np.indices(shape)
    x, y = mapping(columns.astype(np.float64), rows.astype(np.float64))
    height, width = template_shape
    inside = np.asarray((x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5))
    if not inside.any():
        raise InputError("science image and template do not overlap on the sky")
    return x, y, inside


def move_whole_pixels(science: Frame, template: Frame) -> Image:
    """Return the template moved by whole pixels to where its stars are nearest to those of the science image.

    Nothing is interpolated, so that its noise does not change; NaN where the template has no pixels.

    Raises
    ------
    InputError
        If the shapes differ or too few stars are common to both.
    """
    if science.pixels.shape != template.pixels.shape:
        raise InputError(f"shapes {science.pixels.shape} and {template.pixels.shape} differ")
    height, width = science.pixels.shape
    centre = np.array([width / 2.0]), np.array([height / 2.0])
    x, y = star_map(science, template)(*centre)
    dx, dy = round(float(x[0] - centre[0][0])), round(float(y[0] - centre[1][0]))
    moved = np.full_like(science.pixels, np.nan)
    target = np.s_[max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)]
    moved[target] = template.pixels[max(0, dy) : height - max(0, -dy), max(0, dx) : width - max(0, -dx)]
    return moved


def _interpolate(
    filled: Image,
    template_wcs: WCS | None,
    science_wcs: WCS | None,
    places: NDArray[np.float64],
    shape: tuple[int, ...],
) -> Image:
    """Return the template interpolated with cubic splines, with reproject if there are projections."""
    if template_wcs is None:
        return np.asarray(map_coordinates(filled, places, order=3, mode="nearest"), dtype=np.float32)
    # deferred: reproject takes most of a second to import
    from reproject import reproject_interp

    projected = reproject_interp(
        (filled.astype(np.float64), template_wcs),
        science_wcs,
        shape_out=shape,
        order="bicubic",
        roundtrip_coords=False,
        return_footprint=False,
    )
    return np.nan_to_num(np.asarray(projected, dtype=np.float32))


def _wcs_map(science_wcs: WCS, template_wcs: WCS) -> PixelMap:
    """Return the map through the sky."""

    def through_the_sky(
        x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        x_source, y_source = pixel_to_pixel(science_wcs.celestial, template_wcs.celestial, x, y)
        return np.nan_to_num(x_source, nan=-1e6), np.nan_to_num(y_source, nan=-1e6)

    return through_the_sky


def _linear(mask: Mask, places: NDArray[np.float64]) -> Image:
    """Return a mask interpolated linearly; beyond its borders it continues."""
    return np.asarray(map_coordinates(mask.astype(np.float32), places, order=1, mode="nearest"))


def _areas(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the area of each pixel on the template, in its pixels."""
    dx, dy = np.diff(x, axis=1)[:-1], np.diff(x, axis=0)[:, :-1]
    ex, ey = np.diff(y, axis=1)[:-1], np.diff(y, axis=0)[:, :-1]
    return np.abs(dx * ey - dy * ex)


def _correlation(x: NDArray[np.float64], y: NDArray[np.float64], scale: float) -> tuple[NDArray[np.float64], float]:
    """Return how white noise is correlated after interpolation at these places, and its variance over that before.

    It is the mean over the phases (positions within a pixel) that occur, for each axis separately.
    """
    lines = [_line_covariance(values, scale) for values in (y, x)]
    covariance = np.outer(*lines)
    return covariance / covariance.max(), float(covariance.max())


def _line_covariance(places: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """Return the mean covariance of interpolated white noise at steps of ``scale`` pixels, (2 reach + 1,)."""
    counts, edges = np.histogram(np.mod(places, 1.0), bins=_PHASES, range=(0.0, 1.0))
    phases = 0.5 * (edges[1:] + edges[:-1])
    length = 2 * (_REACH + 12 + int(np.ceil(_REACH * scale))) + 1
    # each row: what one input pixel of value 1 contributes to all places
    response = spline_filter1d(np.eye(length), order=3, axis=1)
    total = np.zeros(2 * _REACH + 1)
    for phase, count in zip(phases, counts, strict=True):
        at = length // 2 + phase + scale * np.arange(-_REACH, _REACH + 1)
        rows = np.array([map_coordinates(row, at[None], order=3, prefilter=False) for row in response])
        total += count / max(counts.sum(), 1) * (rows[:, _REACH] @ rows)
    symmetric: NDArray[np.float64] = 0.5 * (total + total[::-1])
    return symmetric


def _joined(kernel: Image, before: Image | None) -> Image:
    """Return the noise kernel of an image that had one before it was interpolated, its squares summing to 1."""
    joined = kernel if before is None else fftconvolve(kernel, before)
    return np.asarray(joined / np.sqrt((joined**2).sum()), dtype=np.float32)
