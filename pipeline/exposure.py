"""Exposures of the synthetic sky: what a detector records of a field in one visit, and the field's template."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from astropy.wcs import WCS
from numpy.typing import NDArray
from scipy.signal import oaconvolve

from pipeline.psf import Moffat, moffat_alpha
from pipeline.rng import stream
from pipeline.sky import SkySettings
from pipeline.sky_field import Field, flux_unit, point_sources
from pipeline.visits import Visit, tangent_wcs

_FAINTEST_ADU = 0.2
"""Stamps of stars reach out to where the wing falls below this level."""

_TEMPLATE_OFFSET = (0.37, -0.21)
"""Shift of the template's grid in x and y, in pixels: science and template never share one grid."""

_FLAT_SCALE_PIXEL = 40.0


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
        Point sources as :func:`~pipeline.sky_field.point_sources` gives them, with ``x_pixel y_pixel``.
    galaxies : DataFrame
        The field's galaxies with ``x_pixel y_pixel``.
    cosmic_ray, hot : ndarray of bool, (y, x)
        Pixels that a cosmic ray or a hot pixel changed.
    """

    visit: Visit
    science: NDArray[np.float32]
    template: NDArray[np.float32]
    wcs: WCS
    template_wcs: WCS
    sources: pd.DataFrame
    galaxies: pd.DataFrame
    cosmic_ray: NDArray[np.bool_]
    hot: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Template:
    """The deep image of a field, ``margin_pixel`` larger on each side than an exposure."""

    pixels: NDArray[np.float32]
    margin_pixel: int


def render_template(settings: SkySettings, field: int, objects: Field, seed: int) -> Template:
    """Return the template of a field: constant stars, variables at their mean, galaxies, little noise."""
    rng = stream(seed, "template", str(field))
    margin = int(np.ceil(settings.dither_pixel)) + 2
    size = settings.size_pixel + 2 * margin
    wcs = tangent_wcs(settings, field, margin + _TEMPLATE_OFFSET[0], margin + _TEMPLATE_OFFSET[1])
    sources = _placed(point_sources(objects, 0.0, ""), wcs)
    sources = sources[sources["template_flux_unit"] > 0]
    scale = 10.0 ** (0.4 * settings.zeropoint)
    psf = Moffat(fwhm_pixel=settings.template_seeing_pixel, beta=settings.psf_beta)
    light = np.full((size, size), settings.sky_level)
    light += _galaxy_light(_placed(objects.galaxies, wcs), scale, psf, size, settings.pixel_scale_arcsec)
    _add_stars(light, sources, sources["template_flux_unit"].to_numpy() * scale, psf, 0.0)
    electrons = rng.poisson(light * settings.gain * settings.template_exposures) / settings.template_exposures
    read_noise = settings.read_noise / np.sqrt(settings.template_exposures)
    electrons = _bleed(electrons, settings.saturation * settings.gain)
    electrons += rng.normal(0.0, read_noise, electrons.shape)
    return Template(pixels=(electrons / settings.gain).astype(np.float32), margin_pixel=margin)


def render_exposure(settings: SkySettings, visit: Visit, objects: Field, template: Template, seed: int) -> Exposure:
    """Return what the detector records in one visit, with the template cut to it."""
    rng = stream(seed, "exposure", visit.exposure_id)
    size = settings.size_pixel
    wcs = tangent_wcs(settings, visit.field, visit.x_dither, visit.y_dither)
    sources = _placed(point_sources(objects, visit.time_mjd, visit.night), wcs)
    galaxies = _placed(objects.galaxies, wcs)
    scale = 10.0 ** (0.4 * visit.zeropoint)
    psf = Moffat(
        fwhm_pixel=visit.fwhm_pixel,
        beta=settings.psf_beta,
        ellipticity=visit.ellipticity,
        angle_deg=visit.angle_deg,
    )
    distortion = rng.normal(0.0, settings.distortion_pixel, (2, 5))
    moved = _displaced(sources, distortion, settings, rng)
    moved_galaxies = _displaced(galaxies, distortion, settings, rng)
    light = _sky(settings, rng, size) + _galaxy_light(moved_galaxies, scale, psf, size, settings.pixel_scale_arcsec)
    _add_stars(light, moved, moved["flux_unit"].to_numpy() * scale, psf, settings.ellipticity_field)
    light *= _flat(settings, rng, size)
    electrons = rng.poisson(light * settings.gain).astype(np.float64)
    hits = _cosmic_rays(electrons, settings.cosmic_rays, rng)
    hot = _hot_pixels(electrons, settings, seed, rng)
    electrons = _bleed(electrons, settings.saturation * settings.gain)
    electrons += rng.normal(0.0, settings.read_noise, electrons.shape)
    science = (electrons / settings.gain).astype(np.float32)
    science[_masked(settings, seed)] = np.nan
    cut, template_wcs = _cut_template(settings, visit, template)
    return Exposure(
        visit=visit,
        science=science,
        template=cut,
        wcs=wcs,
        template_wcs=template_wcs,
        sources=sources,
        galaxies=galaxies,
        cosmic_ray=hits,
        hot=hot,
    )


def _cut_template(settings: SkySettings, visit: Visit, template: Template) -> tuple[NDArray[np.float32], WCS]:
    """Return the part of the template that is nearest to a visit's grid in whole pixels, and its WCS."""
    x, y = (round(template.margin_pixel - dither) for dither in (visit.x_dither, visit.y_dither))
    cut = template.pixels[y : y + settings.size_pixel, x : x + settings.size_pixel].copy()
    x_shift, y_shift = (
        template.margin_pixel - first + offset for first, offset in zip((x, y), _TEMPLATE_OFFSET, strict=True)
    )
    return cut, tangent_wcs(settings, visit.field, x_shift, y_shift)


def _placed(table: pd.DataFrame, wcs: WCS) -> pd.DataFrame:
    """Return a table with the pixel positions of its sky positions."""
    x, y = wcs.world_to_pixel_values(table["ra_deg"], table["dec_deg"])
    return table.assign(x_pixel=np.asarray(x, np.float64), y_pixel=np.asarray(y, np.float64))


def _displaced(
    sources: pd.DataFrame, distortion: NDArray[np.float64], settings: SkySettings, rng: np.random.Generator
) -> pd.DataFrame:
    """Return sources where optics and air put them: a smooth quadratic distortion (x y, term) and a jitter."""
    x, y = (2.0 * sources[axis].to_numpy() / settings.size_pixel - 1.0 for axis in ("x_pixel", "y_pixel"))
    moves = distortion @ np.stack([x, y, x * y, x**2 - 1.0 / 3.0, y**2 - 1.0 / 3.0])
    moves += rng.normal(0.0, settings.jitter_pixel, moves.shape)
    return sources.assign(x_pixel=sources["x_pixel"] + moves[0], y_pixel=sources["y_pixel"] + moves[1])


def _add_stars(
    light: NDArray[np.float64],
    sources: pd.DataFrame,
    flux: NDArray[np.float64],
    psf: Moffat,
    ellipticity_field: float,
) -> None:
    """Add point sources of a flux in ADU to an image in place, (y, x)."""
    size = light.shape[0]
    alpha = moffat_alpha(psf.fwhm_pixel, psf.beta)
    peak = flux * (psf.beta - 1.0) / (np.pi * alpha**2)
    reach = alpha * np.sqrt(np.maximum((peak / _FAINTEST_ADU) ** (1.0 / psf.beta) - 1.0, 4.0))
    for x, y, one_flux, one_reach in zip(sources["x_pixel"], sources["y_pixel"], flux, reach, strict=True):
        column, row, half = round(x), round(y), int(np.ceil(one_reach))
        if not (-half <= column < size + half and -half <= row < size + half) or one_flux <= 0:
            continue
        radial = np.hypot(x - size / 2.0, y - size / 2.0) / (size / np.sqrt(2.0))
        stamp = Moffat(
            fwhm_pixel=psf.fwhm_pixel,
            beta=psf.beta,
            ellipticity=min(psf.ellipticity + ellipticity_field * min(radial, 1.0) ** 2, 0.5),
            angle_deg=psf.angle_deg,
            size_pixel=2 * half + 1,
        )(x - column, y - row)
        _add_stamp(light, stamp * one_flux, column - half, row - half)


def _add_stamp(image: NDArray[np.float64], stamp: NDArray[np.float64], first_x: int, first_y: int) -> None:
    """Add the part of a stamp that lies inside an image."""
    height, width = image.shape
    low_x, low_y = max(first_x, 0), max(first_y, 0)
    high_x, high_y = min(first_x + stamp.shape[1], width), min(first_y + stamp.shape[0], height)
    if low_x < high_x and low_y < high_y:
        part = stamp[low_y - first_y : high_y - first_y, low_x - first_x : high_x - first_x]
        image[low_y:high_y, low_x:high_x] += part


def _galaxy_light(
    galaxies: pd.DataFrame, scale: float, psf: Moffat, size: int, pixel_scale_arcsec: float
) -> NDArray[np.float64]:
    """Return the light of Sersic galaxies seen through the PSF, in ADU, (y, x)."""
    border = 30
    sharp = np.zeros((size + 2 * border, size + 2 * border))
    flux = flux_unit(galaxies["magnitude"]) * scale
    for row, one_flux in zip(galaxies.itertuples(), flux, strict=True):
        radius = row.half_light_arcsec / pixel_scale_arcsec
        column, line, half = round(row.x_pixel), round(row.y_pixel), int(np.ceil(7.0 * radius)) + 1
        stamp = _sersic(
            radius, row.sersic, row.axis_ratio, row.angle_deg, row.x_pixel - column, row.y_pixel - line, half
        )
        _add_stamp(sharp, stamp * one_flux, column - half + border, line - half + border)
    return oaconvolve(sharp, psf(0.0, 0.0), mode="same")[border:-border, border:-border]


def _sersic(
    radius: float, index: float, axis_ratio: float, angle_deg: float, x_offset: float, y_offset: float, half: int
) -> NDArray[np.float64]:
    """Return a unit-sum Sersic profile of a half-light radius in pixels."""
    samples = 5 if radius < 2.5 else 3
    fine = (np.arange((2 * half + 1) * samples) + 0.5) / samples - 0.5 - half
    x, y = fine[None, :] - x_offset, fine[:, None] - y_offset
    cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    along, across = cosine * x + sine * y, (cosine * y - sine * x) / axis_ratio
    distance = np.sqrt((along**2 + across**2) * axis_ratio) / radius
    profile = np.exp(-(2.0 * index - 1.0 / 3.0) * distance ** (1.0 / index))
    stamp = profile.reshape(2 * half + 1, samples, 2 * half + 1, samples).sum(axis=(1, 3))
    return stamp / stamp.sum()


def _sky(settings: SkySettings, rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Return the sky in ADU: a level and a gradient in a random direction."""
    angle = rng.uniform(0.0, 2.0 * np.pi)
    line = np.linspace(-0.5, 0.5, size)
    slope = np.cos(angle) * line[None, :] + np.sin(angle) * line[:, None]
    return settings.sky_level * (1.0 + settings.sky_gradient * slope)


def _flat(settings: SkySettings, rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Return what is left of the flat field, 1 on average."""
    nodes = np.arange(-1.0, size / _FLAT_SCALE_PIXEL + 2.0) * _FLAT_SCALE_PIXEL
    weight = np.exp(-0.5 * ((np.arange(size)[:, None] - nodes) / (0.6 * _FLAT_SCALE_PIXEL)) ** 2)
    smooth = weight @ rng.normal(size=(len(nodes), len(nodes))) @ weight.T
    return 1.0 + settings.flat_error * (smooth - smooth.mean()) / smooth.std()


def _cosmic_rays(electrons: NDArray[np.float64], mean_number: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Add the tracks of cosmic rays in place; return the pixels they changed."""
    size = electrons.shape[0]
    hit = np.zeros(electrons.shape, dtype=bool)
    for _ in range(rng.poisson(mean_number)):
        length = min(1.0 + rng.exponential(4.0), 40.0)
        angle, x, y = rng.uniform(0.0, np.pi), rng.uniform(0, size), rng.uniform(0, size)
        steps = np.arange(0.0, length, 0.25)
        rows = np.floor(y + np.sin(angle) * steps).astype(int)
        columns = np.floor(x + np.cos(angle) * steps).astype(int)
        inside = (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size)
        charge = rng.gamma(2.0, 400.0) * (0.5 + rng.random(len(steps))) / 4.0
        np.add.at(electrons, (rows[inside], columns[inside]), charge[inside])
        hit[rows[inside], columns[inside]] = True
    return hit


def _hot_pixels(
    electrons: NDArray[np.float64], settings: SkySettings, seed: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Add hot pixels, at the same places in every exposure and hot in some; return which are hot now."""
    detector = stream(seed, "detector", settings.detector)
    number, size = settings.hot_pixels, settings.size_pixel
    rows, columns = detector.integers(0, size, number), detector.integers(0, size, number)
    charge, share = detector.gamma(2.0, 600.0, number), detector.uniform(0.3, 1.0, number)
    now = rng.random(number) < share
    hot = np.zeros(electrons.shape, dtype=bool)
    hot[rows[now], columns[now]] = True
    np.add.at(electrons, (rows[now], columns[now]), rng.poisson(charge[now]).astype(np.float64))
    return hot


def _masked(settings: SkySettings, seed: int) -> NDArray[np.bool_]:
    """Return the pixels that the survey masks: a border, and parts of bad columns."""
    rng = stream(seed, "bad_columns", settings.detector)
    size, edge = settings.size_pixel, settings.masked_edge_pixel
    masked = np.ones((size, size), dtype=bool)
    masked[edge : size - edge, edge : size - edge] = False
    for column in rng.integers(0, size, settings.bad_columns):
        masked[rng.integers(0, size) :, column] = True
    return masked


def _bleed(electrons: NDArray[np.float64], full_well: float) -> NDArray[np.float64]:
    """Return an image in which charge above the full well has run up and down its column."""
    result = np.minimum(electrons, full_well)
    columns, rows = np.nonzero((electrons > full_well).T)
    starts = np.flatnonzero((np.diff(columns, prepend=-1) != 0) | (np.diff(rows, prepend=-2) != 1))
    for run in np.split(np.arange(len(rows)), starts[1:]) if len(rows) else ():
        column, middle = columns[run[0]], rows[run].mean()
        excess = (electrons[rows[run], column] - full_well).sum()
        nearest = np.argsort(np.abs(np.arange(len(electrons)) - middle), kind="stable")
        room = full_well - result[nearest, column]
        result[nearest, column] += np.clip(excess - (np.cumsum(room) - room), 0.0, room)
    return result
