"""An exposure's template laid on the pixels of its science image, and what its WCS and zeropoint were found to be.

Tested by tests/pipeline/surveys/exposures/test_difference.py.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from astropy.wcs import WCS
from astropy.wcs.utils import fit_wcs_from_points, pixel_to_pixel
from numpy.typing import NDArray

from pipeline.astrometry.wcs_offset import OFF_PIXEL, moved, offset_notes
from pipeline.errors import InputError
from pipeline.imaging.frame import Frame
from pipeline.io.fits.wcs import celestial_wcs
from pipeline.subtraction.alignment import align
from pipeline.subtraction.flux_profile import FluxProfile, aperture_share, flux_profile
from pipeline.subtraction.registration import star_offset
from pipeline.subtraction.star_pattern import PixelMap, star_map
from pipeline.surveys.base import ExposureImages
from pipeline.surveys.difference_settings import DifferenceSettings
from pipeline.surveys.exposures.properties import ExposureFrames, exposure_frames
from pipeline.surveys.exposures.zeropoint import catalogue_zeropoint

log = logging.getLogger(__name__)

_FARTHER, _SURE_STARS = 4, 5
"""Where no offset is found within the allowed distance, it is sought this many times farther, by this many stars."""

_GRID = 5
"""Points per side at which a projection is carried over, and two are compared."""

_SAME_PIXEL = 1e-3
"""Projections that differ by less, in pixels, are of one grid."""


Offset = tuple[float, float]
"""An offset in x and y, in pixels."""


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
        What could not be done, and was done otherwise: a zeropoint from a catalogue.
    offset : tuple of float or None
        Where the template's projection puts a star on that in the science image's header, less where the star is, x
        and y in pixels; None where it cannot be measured.
    offset_notes : list of str
        Remarks about it.
    profile : FluxProfile or None
        Of the science image, where its stars were measured for a zeropoint.
    """

    frames: ExposureFrames
    wcs: WCS | None
    on_template: PixelMap | None
    fallbacks: list[str] = field(default_factory=list)
    offset: Offset | None = None
    offset_notes: list[str] = field(default_factory=list)
    profile: FluxProfile | None = None

    @property
    def measured_offset(self) -> Offset:
        """The offset as it is recorded: NaN where it cannot be measured."""
        return (np.nan, np.nan) if self.offset is None else self.offset

    @property
    def correction(self) -> Offset:
        """By how much a source lies beside the place that the science image's header gives it, x and y in pixels."""
        return (-self.offset[0], -self.offset[1]) if self.offset is not None else (0.0, 0.0)


def aligned_exposure(
    images: ExposureImages, *, gain: float | None = None, zeropoint: float | None = None
) -> AlignedExposure:
    """Return an exposure with its template aligned and its zeropoint found.

    Parameters
    ----------
    images : ExposureImages
        As they are.
    gain, zeropoint : float, optional
        Instead of what the survey says.

    Raises
    ------
    InputError
        If a property is missing, the images cannot be aligned, the projection is off by more than is allowed, or a
        required zeropoint cannot be found.
    """
    frames = exposure_frames(images, gain=gain, zeropoint=zeropoint)
    aligned = _aligned(frames, images)
    frames, profile = _of_the_whole_light(frames, images.difference, is_given=zeropoint is not None)
    fallbacks: list[str] = []
    if zeropoint is None and images.zeropoint is not None:
        profile = profile or flux_profile(frames.science, "science image")
        try:
            found = catalogue_zeropoint(frames.science, aligned.wcs, images.zeropoint, images.exposure, profile.profile)
            frames = replace(frames, zeropoint=found.zeropoint)
        except InputError as error:
            if images.zeropoint.required:
                raise
            instead = f"{frames.zeropoint:g} is taken" if np.isfinite(frames.zeropoint) else "it is not known"
            fallbacks.append(f"the science image has no zeropoint from the catalogue, {instead}: {error}")
    notes = [*frames.notes, *aligned.offset_notes, *fallbacks]
    frames = replace(frames, template=aligned.frames.template, notes=notes)
    return replace(aligned, frames=frames, fallbacks=fallbacks, profile=profile)


def _aligned(frames: ExposureFrames, images: ExposureImages) -> AlignedExposure:
    """Return frames with the template on the pixels of the science image, and the projection of these corrected."""
    settings, offset, notes = images.difference, None, []
    wcs = celestial_wcs(images.science_header, "science image")
    template_wcs = celestial_wcs(images.template_header, "template")
    align_by = _ALIGNMENTS[settings.alignment] if settings.has_template else _as_it_is
    template, on_template = align_by(frames, wcs, template_wcs)
    if wcs is not None and template_wcs is not None:
        offset = _offset(settings, frames, template, wcs, template_wcs, on_template)
        if offset is not None:
            notes = offset_notes(*offset, settings.largest_wcs_offset_pixel)
            wcs = moved(wcs, *offset)
            if settings.alignment == "wcs" and np.hypot(*offset) > OFF_PIXEL:
                template, _ = _by_wcs(frames, wcs, template_wcs)
    if wcs is None and template_wcs is not None and on_template is not None:
        wcs = _carried_over(template_wcs, on_template, frames.science.pixels.shape)
    frames = replace(frames, template=template)
    return AlignedExposure(frames=frames, wcs=wcs, on_template=on_template, offset=offset, offset_notes=notes)


def _of_the_whole_light(
    frames: ExposureFrames, settings: DifferenceSettings, *, is_given: bool
) -> tuple[ExposureFrames, FluxProfile | None]:
    """Return frames with zeropoints of the whole light where they are of an aperture, and the science profile then.

    One that is given instead of the survey's is of the whole light already.
    """
    radius, profile = settings.science.zeropoint_radius_pixel, None
    if radius is not None and not is_given and np.isfinite(frames.zeropoint):
        profile = flux_profile(frames.science, "science image")
        corrected = frames.zeropoint - 2.5 * np.log10(aperture_share(profile.profile, radius))
        frames = replace(frames, zeropoint=float(corrected))
    radius = settings.template.zeropoint_radius_pixel
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
    settings: DifferenceSettings,
    frames: ExposureFrames,
    template: Frame,
    science_wcs: WCS,
    template_wcs: WCS,
    on_template: PixelMap | None,
) -> Offset | None:
    """Return how far the projection of a science image is off from the template's; None where it cannot be measured.

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
        offset_notes(float(farthest[0]), float(farthest[1]), settings.largest_wcs_offset_pixel)
        return float(np.median(off[0])), float(np.median(off[1]))
    if settings.alignment == "wcs" or _is_one_grid(frames, science_wcs, template_wcs):
        return _offset_of_stars(settings, frames.science, template)
    return None


def _offset_of_stars(settings: DifferenceSettings, science: Frame, template: Frame) -> Offset | None:
    """Return the offset of an aligned template's stars; None where they are too few, which subtraction will report."""
    reach = max(settings.largest_wcs_offset_pixel, settings.subtraction.max_offset_pixel)
    few, mesh = settings.subtraction.min_stars, settings.subtraction.mesh_pixel
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
