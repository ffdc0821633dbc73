"""Exposures of the synthetic sky: what a detector records of a field in one visit, and the field's template."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from astropy.wcs import WCS
from numpy.typing import NDArray

from pipeline.rng import stream
from pipeline.sky import detector
from pipeline.sky.clouds import transmission
from pipeline.sky.detector import DetectorSettings
from pipeline.sky.field import Field, point_sources
from pipeline.sky.galaxies import add_galaxies
from pipeline.sky.ghosts import GhostSettings, add_ghosts
from pipeline.sky.optics import OpticsSettings, add_stars, displaced, science_psf, sky_level, template_psf
from pipeline.sky.ranges import at_least
from pipeline.sky.satellites import SatelliteSettings, add_trails
from pipeline.sky.visits import Visit, VisitSettings, tangent_wcs

_TEMPLATE_OFFSET = (0.37, -0.21)
"""Shift of the template's grid in x and y, in pixels: science and template never share one grid."""

_TEMPLATE_WEAKENS = 4.0
"""Cosmic rays that a template's average kept are weaker by this factor."""

_GHOST_SEEN = 0.15
"""A ghost counts from this multiple of the sky's noise."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class ExposureSettings(DetectorSettings, OpticsSettings, VisitSettings):
    """What an exposure and its template are rendered with.

    Attributes
    ----------
    template_exposures : int
        Exposures averaged in the template.
    satellites : SatelliteSettings
        Trails through the image.
    ghosts : GhostSettings
        Reflections of bright stars.
    """

    template_exposures: int = field(default=12, metadata=at_least(1))
    satellites: SatelliteSettings = field(default_factory=SatelliteSettings)
    ghosts: GhostSettings = field(default_factory=GhostSettings)


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """One rendered exposure with its template, on the science image's pixels but for a sub-pixel shift.

    Attributes
    ----------
    visit : Visit
    science, template : ndarray of float32, (y, x)
        In ADU; NaN where masked.
    wcs, template_wcs : WCS
    sources : DataFrame
        Point sources as :func:`~pipeline.sky.field.point_sources` gives them, with ``x_pixel y_pixel``.
    galaxies : DataFrame
        The field's galaxies with ``x_pixel y_pixel``.
    marks : mapping of str to ndarray of bool, (y, x)
        Pixels that each kind of fault changed: ``cosmic_ray hot_pixel dead_pixel satellite_trail ghost crosstalk``
        in the science image, ``template_flaw`` in the template, ``bleed`` in either.
    """

    visit: Visit
    science: NDArray[np.float32]
    template: NDArray[np.float32]
    wcs: WCS
    template_wcs: WCS
    sources: pd.DataFrame
    galaxies: pd.DataFrame
    marks: Mapping[str, Mask]


@dataclass(frozen=True, kw_only=True)
class Template:
    """The deep image of a field, ``margin_pixel`` larger on each side than an exposure; its flaws and full pixels."""

    pixels: NDArray[np.float32]
    flawed: Mask
    full: Mask
    margin_pixel: int


def render_template(settings: ExposureSettings, field: int, objects: Field, seed: int) -> Template:
    """Return the template of a field: constant stars, variables at their mean, galaxies, little noise.

    Parameters
    ----------
    settings : ExposureSettings
        Detector, optics and how many exposures are averaged.
    field : int
        Number of the field, from 0.
    objects : Field
        What lies in the field.
    seed : int
        The survey's; with the number of the field it decides the noise and the flaws.
    """
    rng = stream(seed, "template", str(field))
    margin = int(np.ceil(settings.dither_pixel)) + 2
    size = settings.size_pixel + 2 * margin
    wcs = tangent_wcs(settings, field, margin + _TEMPLATE_OFFSET[0], margin + _TEMPLATE_OFFSET[1])
    sources = _placed(point_sources(objects, 0.0, ""), wcs)
    sources = sources[sources["template_flux_unit"] > 0]
    scale = 10.0 ** (0.4 * settings.zeropoint)
    psf = template_psf(settings, size)
    light = np.full((size, size), settings.sky_level)
    add_galaxies(light, _placed(objects.galaxies, wcs), scale, psf, settings.pixel_scale_arcsec)
    add_stars(light, sources, sources["template_flux_unit"].to_numpy() * scale, psf)
    electrons = rng.poisson(light * settings.gain * settings.template_exposures) / settings.template_exposures
    flawed = detector.add_cosmic_rays(electrons, settings.template_cosmic_rays, rng, _TEMPLATE_WEAKENS)
    electrons, full = detector.bleed(electrons, settings.saturation * settings.gain)
    electrons += rng.normal(0.0, settings.read_noise / np.sqrt(settings.template_exposures), electrons.shape)
    pixels = (electrons / settings.gain).astype(np.float32)
    return Template(pixels=pixels, flawed=flawed, full=full, margin_pixel=margin)


def render_exposure(
    settings: ExposureSettings, visit: Visit, objects: Field, template: Template, seed: int
) -> Exposure:
    """Return what the detector records in one visit, with the template cut to it.

    Parameters
    ----------
    settings : ExposureSettings
        Detector, optics, clouds, ghosts and satellites.
    visit : Visit
        When and through which air the field is looked at.
    objects : Field
        What lies in the field.
    template : Template
        The field's deep image, of which the part nearest to the visit's pixels is taken.
    seed : int
        The survey's; with the exposure's id it decides all noise and the faults of this exposure.
    """
    rng = stream(seed, "exposure", visit.exposure_id)
    wcs = tangent_wcs(settings, visit.field, visit.x_dither, visit.y_dither)
    sources = _placed(point_sources(objects, visit.time_mjd, visit.night), wcs)
    galaxies = _placed(objects.galaxies, wcs)
    light, marks = _light(settings, visit, sources, galaxies, seed, rng)
    science, faults = _recorded(settings, light, seed, rng)
    part, template_wcs = _template_part(settings, visit, template)
    return Exposure(
        visit=visit,
        science=science,
        template=template.pixels[part].copy(),
        wcs=wcs,
        template_wcs=template_wcs,
        sources=sources,
        galaxies=galaxies,
        marks={
            **marks,
            **faults,
            "bleed": faults["bleed"] | template.full[part],
            "template_flaw": template.flawed[part].copy(),
        },
    )


def _light(
    settings: ExposureSettings,
    visit: Visit,
    sources: pd.DataFrame,
    galaxies: pd.DataFrame,
    seed: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], dict[str, Mask]]:
    """Return the light that falls on the detector in ADU, (y, x), and where ghosts and trails are in it."""
    scale = 10.0 ** (0.4 * visit.zeropoint)
    psf = science_psf(settings, visit)
    distortion = rng.normal(0.0, settings.distortion_pixel, (2, 5))
    moved = displaced(sources, distortion, settings, rng)
    flux = moved["flux_unit"].to_numpy() * scale
    sky = sky_level(settings, rng)
    light = np.zeros_like(sky)
    add_galaxies(light, displaced(galaxies, distortion, settings, rng), scale, psf, settings.pixel_scale_arcsec)
    add_stars(light, moved, flux, psf)
    is_bright = moved["flux_unit"].to_numpy() > 10.0 ** (-0.4 * settings.ghosts.star_magnitude)
    bright = zip(moved["x_pixel"][is_bright], moved["y_pixel"][is_bright], flux[is_bright], strict=True)
    noise = np.sqrt(settings.sky_level / settings.gain + (settings.read_noise / settings.gain) ** 2)
    light *= _through_cloud(settings, visit, seed)
    light += sky
    marks = {"ghost": add_ghosts(light, bright, settings.ghosts, _GHOST_SEEN * noise)}
    marks["satellite_trail"] = add_trails(light, settings.satellites, visit.fwhm_pixel, rng)
    return light * detector.flat_residual(settings, rng), marks


def _through_cloud(settings: ExposureSettings, visit: Visit, seed: int) -> NDArray[np.float64] | float:
    """Return the share of the light of the sky's sources that cloud lets through over its mean, (y, x) or 1."""
    if not visit.cloud_magnitude:
        return 1.0
    rng = stream(seed, "cloud", visit.exposure_id)
    return transmission(settings.size_pixel, visit.cloud_magnitude, settings.clouds, rng)


def _recorded(
    settings: ExposureSettings, light: NDArray[np.float64], seed: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], dict[str, Mask]]:
    """Return what the detector makes of light, in ADU with NaN where masked, and where its faults are."""
    full_well = settings.saturation * settings.gain
    electrons = rng.poisson(light * settings.gain).astype(np.float64)
    faults = {
        "cosmic_ray": detector.add_cosmic_rays(electrons, settings.cosmic_rays, rng),
        "hot_pixel": detector.add_hot_pixels(electrons, settings, seed, rng),
        "dead_pixel": detector.lose_dead_pixels(electrons, settings, seed, rng),
    }
    electrons, faults["bleed"] = detector.bleed(electrons, full_well)
    faults["crosstalk"] = detector.add_crosstalk(electrons, settings.crosstalk, full_well)
    electrons += rng.normal(0.0, settings.read_noise, electrons.shape)
    science = (electrons / settings.gain).astype(np.float32)
    masked = detector.masked_stars(faults["bleed"], settings.masked_star_share, rng)
    science[masked | detector.masked_pixels(settings, seed)] = np.nan
    return science, faults


def _template_part(settings: ExposureSettings, visit: Visit, template: Template) -> tuple[tuple[slice, slice], WCS]:
    """Return which part of the template is nearest to a visit's grid in whole pixels, and its WCS."""
    x, y = (round(template.margin_pixel - dither) for dither in (visit.x_dither, visit.y_dither))
    part = slice(y, y + settings.size_pixel), slice(x, x + settings.size_pixel)
    x_shift, y_shift = (
        template.margin_pixel - first + offset for first, offset in zip((x, y), _TEMPLATE_OFFSET, strict=True)
    )
    wcs = tangent_wcs(settings, visit.field, x_shift, y_shift)
    return part, wcs


def _placed(table: pd.DataFrame, wcs: WCS) -> pd.DataFrame:
    """Return a table with the pixel positions of its sky positions."""
    x, y = wcs.world_to_pixel_values(table["ra_deg"], table["dec_deg"])
    return table.assign(x_pixel=np.asarray(x, np.float64), y_pixel=np.asarray(y, np.float64))
