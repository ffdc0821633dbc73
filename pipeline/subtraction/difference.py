"""Difference of a science image and a template, which is aligned first; for surveys without difference images."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from astropy.wcs import WCS
from scipy.ndimage import maximum_filter

from pipeline.detection.detect import score_image
from pipeline.imaging.frame import Frame, Image
from pipeline.imaging.sources import remove_sky
from pipeline.subtraction.alignment import align
from pipeline.subtraction.noise_check import noise_spread
from pipeline.subtraction.subtract import Subtraction, SubtractionSettings, noise_correlation, subtract

_LIGHT_SIGMA, _LIGHT_FWHM = 3.0, 1.5
"""Score above which a pixel shows light of a source, and how far around it that light reaches, in FWHM."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A difference and what it was made from, all on the pixels of the science image, (y, x).

    Attributes
    ----------
    difference, noise : ndarray of float32
        In units of the science image, and the predicted standard deviation of each pixel; NaN where missing.
    score : ndarray of float32
        Flux of a point source at each pixel in units of its error; its spread is 1 where nothing changed.
    template : ndarray of float32
        The template, aligned, with its sky, in its own units; NaN where missing.
    subtraction : Subtraction
        How it was made.
    noise_spread : float
        Robust standard deviation of difference over noise; 1 if the prediction is right.
    notes : tuple of str
        Remarks about it for the log.
    """

    difference: Image
    noise: Image
    score: Image
    template: Image
    subtraction: Subtraction
    noise_spread: float
    notes: tuple[str, ...] = field(default=())


Differencing = Callable[[Frame, Frame], Difference]
"""From a science image and the template on its pixels to their difference, as a survey makes it."""


def difference_of(
    science: Frame,
    template: Frame,
    *,
    science_wcs: WCS | None = None,
    template_wcs: WCS | None = None,
    is_aligned: bool = False,
    flatten_pixel: int = 32,
    settings: SubtractionSettings | None = None,
) -> Difference:
    """Align a template, match it to a science image and subtract it.

    Parameters
    ----------
    science, template : Frame
        With sky (or with ``pedestal`` stating the sky that was subtracted); not changed.
    science_wcs, template_wcs : WCS, optional
        With both, `reproject` aligns; with none, `astroalign` aligns by the stars.
    is_aligned : bool
        The template is already on the pixels of the science image, to within ``max_offset_pixel``.
    flatten_pixel : int
        Side of the meshes in which the rest of the sky is subtracted from the difference; 0 leaves it.
    settings : SubtractionSettings, optional

    Raises
    ------
    InputError
        If the images do not overlap, share too few stars, or hold no finite pixel.
    """
    placed = template if is_aligned else align(science, template, science_wcs=science_wcs, template_wcs=template_wcs)
    return finished(subtract(science, placed, settings), placed.pixels, flatten_pixel)


def nothing_subtracted(science: Frame, template: Frame, *, mesh_pixel: int = 96) -> Difference:
    """Return a science image without its sky in place of a difference, for images that are searched as they are.

    The sky is measured twice, the second time without the sources found the first time: their wings would raise it, and
    everything faint would come out too faint.

    Parameters
    ----------
    science : Frame
    template : Frame
        An empty one, on the same pixels.
    mesh_pixel : int
        Side of the meshes in which the sky is measured.

    Raises
    ------
    InputError
        If no pixel of the science image is finite.
    """
    flat = remove_sky(science.pixels, mesh_pixel)
    noise = np.sqrt(science.variance(flat.sky_level))
    bright = score_image(flat.pixels, noise, fwhm_pixel=science.fwhm_pixel) > _LIGHT_SIGMA
    light = maximum_filter(bright, 2 * int(np.ceil(_LIGHT_FWHM * science.fwhm_pixel)) + 1)
    flat = remove_sky(science.pixels, mesh_pixel, light)
    variance = science.variance(flat.sky_level)
    path = np.ones((1, 1), np.float32)
    own = path if science.noise_kernel is None else science.noise_kernel
    subtraction = Subtraction(
        difference=np.where(flat.missing, np.float32(np.nan), flat.pixels),
        noise=np.where(flat.missing, np.float32(np.nan), np.sqrt(np.maximum(variance, 1e-6 * variance.max()))),
        correlation=noise_correlation((variance, np.zeros_like(variance)), (own, path), science.fwhm_pixel),
        fwhm_pixel=science.fwhm_pixel,
        convolved="template",
        scale=np.nan,
        x_offset=0.0,
        y_offset=0.0,
        n_stars=0,
    )
    return finished(subtraction, template.pixels, 0)


def finished(subtraction: Subtraction, template: Image, flatten_pixel: int) -> Difference:
    """Return a subtraction with the rest of its sky subtracted, and its score.

    Parameters
    ----------
    subtraction : Subtraction
    template : ndarray of float32, (y, x)
        The template on the pixels of the science image.
    flatten_pixel : int
        Side of the meshes; 0 leaves the sky.
    """
    if flatten_pixel:
        flat = remove_sky(subtraction.difference, flatten_pixel)
        subtraction = replace(subtraction, difference=np.where(flat.missing, np.float32(np.nan), flat.pixels))
    score = score_image(
        subtraction.difference,
        subtraction.noise,
        fwhm_pixel=subtraction.fwhm_pixel,
        correlation=subtraction.correlation,
    )
    return Difference(
        difference=subtraction.difference,
        noise=subtraction.noise,
        score=np.where(np.isfinite(subtraction.difference), score, np.float32(np.nan)),
        template=template,
        subtraction=subtraction,
        noise_spread=noise_spread(subtraction.difference, subtraction.noise),
    )
