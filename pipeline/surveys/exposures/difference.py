"""An exposure's images aligned and subtracted as its survey's settings say.

Tested by tests/pipeline/surveys/exposures/test_made_differences.py.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from astropy.wcs import WCS
from astropy.wcs.utils import fit_wcs_from_points, pixel_to_pixel
from numpy.typing import NDArray

from pipeline.astrometry.wcs_offset import OFF_PIXEL, moved, offset_notes
from pipeline.conversions import FWHM_PER_SIGMA
from pipeline.errors import InputError
from pipeline.imaging.convolution import fftconvolve
from pipeline.imaging.frame import Frame, Image
from pipeline.io.fits.wcs import celestial_wcs
from pipeline.subtraction.alignment import align
from pipeline.subtraction.difference import Difference, Differencing, difference_of, finished, nothing_subtracted
from pipeline.subtraction.flux_profile import FluxProfile, aperture_share, flux_profile
from pipeline.subtraction.noise_check import noise_notes
from pipeline.subtraction.registration import star_offset
from pipeline.subtraction.star_pattern import PixelMap, star_map
from pipeline.subtraction.subtract import Subtraction, noise_correlation
from pipeline.surveys.base import ExposureImages
from pipeline.surveys.difference_settings import DifferenceSettings
from pipeline.surveys.exposures.properties import ExposureFrames, exposure_frames
from pipeline.surveys.exposures.zeropoint import catalogue_zeropoint

log = logging.getLogger(__name__)

_FARTHER, _SURE_STARS = 4, 5
"""Where no offset is found within what is allowed it is looked for this much farther, among at least so many stars."""

_GRID = 5
"""Points a side by which a projection is carried over, and two are compared."""

_SAME_PIXEL = 1e-3
"""Projections that differ by less, in pixels, are those of one grid."""


Offset = tuple[float, float]
"""Of x and y, in pixels."""


@dataclass(frozen=True, kw_only=True)
class AlignedExposure:
    """An exposure whose template lies on the pixels of its science image.

    Attributes
    ----------
    frames : ExposureFrames
    wcs : WCS or None
        Projection of the science image, corrected by ``offset``; from the template where only that has one; None
        where nothing has.
    on_template : callable or None
        Where pixels of the science image lie on the template, where the stars said so.
    fallbacks : list of str
        What should have been and could not: a zeropoint from a catalogue.
    offset : tuple of float or None
        Where the template's projection puts a star on that in the science image's header, less where the star is, x
        and y in pixels; None where nothing tells.
    offset_notes : list of str
        What is to be said of it.
    profile : FluxProfile or None
        Of the science image, where its stars were measured for a zeropoint.
    """

    frames: ExposureFrames
    wcs: WCS | None
    on_template: PixelMap | None
    fallbacks: list[str]
    offset: Offset | None = None
    offset_notes: list[str] = field(default_factory=list)
    profile: FluxProfile | None = None

    @property
    def measured_offset(self) -> Offset:
        """The offset as it is recorded: NaN where nothing tells."""
        return (np.nan, np.nan) if self.offset is None else self.offset

    @property
    def correction(self) -> Offset:
        """By how much what the science image's header places on its pixels lies beside that place, x and y."""
        return (-self.offset[0], -self.offset[1]) if self.offset is not None else (0.0, 0.0)


def aligned_exposure(
    item: ExposureImages, *, gain: float | None = None, zeropoint: float | None = None
) -> AlignedExposure:
    """Return an exposure with its template aligned and its zeropoint found.

    Parameters
    ----------
    item : ExposureImages
    gain, zeropoint : float, optional
        Instead of what the survey says.

    Raises
    ------
    InputError
        If a property is missing, the images cannot be aligned, the projection is off by more than is allowed, or a
        required zeropoint cannot be found.
    """
    frames = exposure_frames(item, gain=gain, zeropoint=zeropoint)
    wcs = celestial_wcs(item.science_header, "science image")
    template_wcs = celestial_wcs(item.template_header, "template")
    how = item.difference
    align_by = _ALIGNMENTS[how.alignment] if how.has_template else _as_it_is
    template, on_template = align_by(frames, wcs, template_wcs)
    offset = None
    said: list[str] = []
    if wcs is not None and template_wcs is not None:
        offset = _offset(how, frames, template, wcs, template_wcs, on_template)
        if offset is not None:
            said = offset_notes(*offset, how.largest_wcs_offset_pixel)
            wcs = moved(wcs, *offset)
            if how.alignment == "wcs" and np.hypot(*offset) > OFF_PIXEL:
                template, _ = _by_wcs(frames, wcs, template_wcs)
    if wcs is None and template_wcs is not None and on_template is not None:
        wcs = _carried_over(template_wcs, on_template, frames.science.pixels.shape)
    fallbacks: list[str] = []
    frames, profile = _of_the_whole_light(frames, how, is_given=zeropoint is not None)
    if zeropoint is None and item.zeropoint is not None:
        profile = profile or flux_profile(frames.science, "science image")
        try:
            found = catalogue_zeropoint(frames.science, wcs, item.zeropoint, item.exposure, profile.profile)
            frames = replace(frames, zeropoint=found.zeropoint)
        except InputError as error:
            if item.zeropoint.required:
                raise
            instead = f"{frames.zeropoint:g} is taken" if np.isfinite(frames.zeropoint) else "it is not known"
            fallbacks.append(f"the science image has no zeropoint from the catalogue, {instead}: {error}")
    frames = replace(frames, template=template, notes=[*frames.notes, *said, *fallbacks])
    return AlignedExposure(
        frames=frames,
        wcs=wcs,
        on_template=on_template,
        fallbacks=fallbacks,
        offset=offset,
        offset_notes=said,
        profile=profile,
    )


def _of_the_whole_light(
    frames: ExposureFrames, how: DifferenceSettings, *, is_given: bool
) -> tuple[ExposureFrames, FluxProfile | None]:
    """Return frames with zeropoints of the whole light where they are of an aperture, and the science profile then.

    One that is given instead of the survey's is of the whole light already.
    """
    radius, profile = how.science.zeropoint_radius_pixel, None
    if radius is not None and not is_given and np.isfinite(frames.zeropoint):
        profile = flux_profile(frames.science, "science image")
        corrected = frames.zeropoint - 2.5 * np.log10(aperture_share(profile.profile, radius))
        frames = replace(frames, zeropoint=float(corrected))
    radius = how.template.zeropoint_radius_pixel
    if radius is not None and np.isfinite(frames.template_zeropoint):
        own = flux_profile(frames.template, "template")
        corrected = frames.template_zeropoint - 2.5 * np.log10(aperture_share(own.profile, radius))
        notes = [*frames.notes, own.note] if own.note else frames.notes
        frames = replace(frames, template_zeropoint=float(corrected), notes=notes)
    return frames, profile


Aligned = tuple[Frame, PixelMap | None]


def _by_wcs(frames: ExposureFrames, science_wcs: WCS | None, template_wcs: WCS | None) -> Aligned:
    for what, wcs in (("science image", science_wcs), ("template", template_wcs)):
        if wcs is None:
            raise InputError(f"the {what} holds no WCS, which alignment 'wcs' needs; 'stars' does without")
    if science_wcs is not None and template_wcs is not None and _is_one_grid(frames, science_wcs, template_wcs):
        return frames.template, None
    return align(frames.science, frames.template, science_wcs=science_wcs, template_wcs=template_wcs), None


def _is_one_grid(frames: ExposureFrames, science_wcs: WCS, template_wcs: WCS) -> bool:
    """Tell whether a template lies on the pixels of the science image already, so that nothing is interpolated."""
    shape = frames.science.pixels.shape
    if shape != frames.template.pixels.shape:
        return False
    x, y = _points(shape)
    there = pixel_to_pixel(science_wcs, template_wcs, x, y)
    return bool(np.all(np.hypot(there[0] - x, there[1] - y) < _SAME_PIXEL))


def _by_stars(frames: ExposureFrames, *_: WCS | None) -> Aligned:
    mapping = star_map(frames.science, frames.template)
    return align(frames.science, frames.template, mapping=mapping), mapping


def _as_it_is(frames: ExposureFrames, *_: WCS | None) -> Aligned:
    return frames.template, None


_ALIGNMENTS: Mapping[str, Callable[..., Aligned]] = {"wcs": _by_wcs, "stars": _by_stars, "none": _as_it_is}


def _offset(
    how: DifferenceSettings,
    frames: ExposureFrames,
    template: Frame,
    science_wcs: WCS,
    template_wcs: WCS,
    on_template: PixelMap | None,
) -> Offset | None:
    """Return how far the projection of a science image is off from the template's; None where nothing tells.

    Raises
    ------
    InputError
        If it is off by more than is allowed anywhere on the image.
    """
    if on_template is not None:
        x, y = _points(frames.science.pixels.shape)
        there = pixel_to_pixel(template_wcs, science_wcs, *on_template(x, y))
        off = np.stack([there[0] - x, there[1] - y])
        farthest = off[:, int(np.hypot(*off).argmax())]
        offset_notes(float(farthest[0]), float(farthest[1]), how.largest_wcs_offset_pixel)
        return float(np.median(off[0])), float(np.median(off[1]))
    if how.alignment == "wcs" or _is_one_grid(frames, science_wcs, template_wcs):
        return _offset_of_stars(how, frames.science, template)
    return None


def _offset_of_stars(how: DifferenceSettings, science: Frame, template: Frame) -> Offset | None:
    """Return the offset of an aligned template's stars; none where too few tell, of which subtraction has its say."""
    reach = max(how.largest_wcs_offset_pixel, how.subtraction.max_offset_pixel)
    few, mesh = how.subtraction.min_stars, how.subtraction.mesh_pixel
    for distance, stars in ((reach, few), (_FARTHER * reach, max(few, _SURE_STARS))):
        try:
            return star_offset(science, template, min_stars=stars, max_offset_pixel=distance, mesh_pixel=mesh)
        except InputError as error:
            log.debug("no offset within %g pixel: %s", distance, error)
    return None


def _carried_over(template_wcs: WCS, on_template: PixelMap, shape: tuple[int, ...]) -> WCS:
    """Return the projection of a science image whose pixels lie so on a template with one."""
    x, y = _points(shape)
    sky = template_wcs.pixel_to_world(*on_template(x, y))
    return fit_wcs_from_points((x, y), sky)


def _points(shape: tuple[int, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y of points all over an image."""
    y, x = np.meshgrid(*(np.linspace(0, side - 1, _GRID) for side in shape), indexing="ij")
    return x.ravel(), y.ravel()


def differencing(how: DifferenceSettings) -> Differencing:
    """Return what makes the difference of a science image and an aligned template, and judges its noise.

    Where the predicted noise cannot be true it raises `InputError`; what is doubtful is among the difference's notes.

    Raises
    ------
    MissingInputError
        If the program that shall do it is not installed.
    """
    return partial(_judged, how.max_noise_factor, _METHODS[how.method](how))


def _judged(max_factor: float, made_of: Differencing, science: Frame, template: Frame) -> Difference:
    made = made_of(science, template)
    notes = noise_notes(made.noise_spread, science.pixels, max_factor)
    return replace(made, notes=(*made.notes, *notes)) if notes else made


def _kernel(how: DifferenceSettings) -> Differencing:
    return partial(difference_of, is_aligned=True, flatten_pixel=how.flatten_pixel, settings=how.subtraction)


def _hotpants(how: DifferenceSettings) -> Differencing:
    how.hotpants.found()
    return partial(_by_hotpants, how)


def _none(how: DifferenceSettings) -> Differencing:
    return partial(nothing_subtracted, mesh_pixel=how.subtraction.mesh_pixel)


_METHODS: Mapping[str, Callable[[DifferenceSettings], Differencing]] = {
    "kernel": _kernel, "hotpants": _hotpants, "none": _none,
}  # fmt: skip


def _by_hotpants(how: DifferenceSettings, science: Frame, template: Frame) -> Difference:
    """Return the program's difference; how its noise correlates follows from the widths of both images."""
    difference, noise = how.hotpants.subtract(science, template)
    if not np.isfinite(difference).any():
        raise InputError("hotpants gave no pixel of a difference")
    is_template_sharper = template.fwhm_pixel <= science.fwhm_pixel
    wide, narrow = max(science.fwhm_pixel, template.fwhm_pixel), min(science.fwhm_pixel, template.fwhm_pixel)
    paths = [np.ones((1, 1), np.float32) if frame.noise_kernel is None else frame.noise_kernel for frame in
             (science, template)]  # fmt: skip
    sharper = int(is_template_sharper)
    paths[sharper] = np.asarray(fftconvolve(paths[sharper], _gaussian(np.sqrt(wide**2 - narrow**2))), np.float32)
    variances = tuple(frame.variance(float(np.nanmedian(frame.pixels))) for frame in (science, template))
    made = Subtraction(
        difference=difference,
        noise=noise,
        correlation=noise_correlation((variances[0], variances[1]), (paths[0], paths[1]), wide),
        fwhm_pixel=wide,
        convolved="template" if is_template_sharper else "science",
        scale=np.nan,
        x_offset=0.0,
        y_offset=0.0,
        n_stars=0,
    )
    return finished(made, template.pixels, how.flatten_pixel)


def _gaussian(fwhm_pixel: float) -> Image:
    """Return a Gaussian of unit sum; a single pixel where it is narrower than one."""
    sigma = fwhm_pixel / FWHM_PER_SIGMA
    reach = int(np.ceil(3.0 * sigma))
    if sigma < 0.2:
        return np.ones((1, 1), np.float32)
    line = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel = np.outer(line, line)
    return (kernel / kernel.sum()).astype(np.float32)
