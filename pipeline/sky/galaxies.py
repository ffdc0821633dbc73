"""The galaxies of a field of the synthetic sky, and their light: Sersic profiles seen through a PSF."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from astropy.wcs import WCS
from numpy.typing import NDArray

from pipeline.imaging.convolution import fftconvolve
from pipeline.sky.grid import GridSettings
from pipeline.sky.optics import FieldPsf
from pipeline.sky.overlay import add_inside
from pipeline.sky.places import counted, flux_unit, scattered
from pipeline.sky.ranges import above, at_least

_SERSIC_DISC = (0.8, 1.3)
_SERSIC_SPHEROID = (2.0, 5.0)
_DISC_SHARE = 0.7

_REACH = 7.0
"""Stamps of galaxies reach out to this multiple of the half-light radius."""

_CUSP_PIXEL = 2
"""Pixels on each side of a centre that are sampled more finely, for profiles that are steep there."""


@dataclass(frozen=True, kw_only=True)
class GalaxySettings(GridSettings):
    """How many galaxies a field has, and how bright.

    Attributes
    ----------
    galaxies : int
        Galaxies of a field.
    galaxy_bright_magnitude : float, in mag
        Brightest.
    galaxy_faint_magnitude : float, in mag
        Faintest.
    galaxy_slope : float, in 1/mag
        Slope of log10 N with magnitude.
    """

    galaxies: int = field(default=180, metadata=at_least(0))
    galaxy_bright_magnitude: float = 15.0
    galaxy_faint_magnitude: float = 21.0
    galaxy_slope: float = field(default=0.3, metadata=above(0))


def draw_galaxies(settings: GalaxySettings, wcs: WCS, field: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return the galaxies: bright ones larger, discs (Sersic index about 1) and spheroids (2 to 5).

    Parameters
    ----------
    settings : GalaxySettings
        How many galaxies, how bright, and the pixels of an image.
    wcs : WCS
        Projection of the field.
    field : int
        Number of the field, from 0; part of the ids.
    rng : Generator
        Draws places, magnitudes and shapes.

    Returns
    -------
    galaxies : DataFrame
        As :class:`~pipeline.sky.field.Field` describes them.
    """
    number = settings.galaxies
    magnitudes = counted(
        rng, number, settings.galaxy_bright_magnitude, settings.galaxy_faint_magnitude, settings.galaxy_slope
    )
    typical_arcsec = 1.2 * 10.0 ** (0.13 * (20.0 - magnitudes))
    is_disc = rng.random(number) < _DISC_SHARE
    return scattered(settings, wcs, rng, f"galaxy-{field}", magnitudes).assign(
        half_light_arcsec=typical_arcsec * np.exp(rng.normal(0.0, 0.25, number)),
        axis_ratio=np.where(is_disc, rng.uniform(0.25, 1.0, number), rng.uniform(0.55, 1.0, number)),
        angle_deg=rng.uniform(0.0, 180.0, number),
        sersic=np.where(is_disc, rng.uniform(*_SERSIC_DISC, number), rng.uniform(*_SERSIC_SPHEROID, number)),
    )


def add_galaxies(
    light: NDArray[np.float64], galaxies: pd.DataFrame, scale: float, psf: FieldPsf, pixel_scale_arcsec: float
) -> None:
    """Add galaxies to an image in place, (y, x), each through the PSF of its place.

    Parameters
    ----------
    light : ndarray of float64, (y, x)
        In ADU.
    galaxies : DataFrame
        ``x_pixel y_pixel magnitude half_light_arcsec sersic axis_ratio angle_deg``.
    scale : float
        Flux in ADU of magnitude 0.
    psf : FieldPsf
    pixel_scale_arcsec : float
    """
    for row, flux in zip(galaxies.itertuples(), flux_unit(galaxies["magnitude"]) * scale, strict=True):
        column, line = round(row.x_pixel), round(row.y_pixel)
        sharp = sersic_image(
            half_light_pixel=row.half_light_arcsec / pixel_scale_arcsec,
            index=row.sersic,
            axis_ratio=row.axis_ratio,
            angle_deg=row.angle_deg,
            offset=(row.x_pixel - column, row.y_pixel - line),
        )
        image = fftconvolve(sharp, psf.at(row.x_pixel, row.y_pixel)(0.0, 0.0), mode="full")
        half = len(image) // 2
        add_inside(light, image * flux, column - half, line - half)


def sersic_image(
    *,
    half_light_pixel: float,
    index: float,
    axis_ratio: float = 1.0,
    angle_deg: float = 0.0,
    offset: tuple[float, float] = (0.0, 0.0),
) -> NDArray[np.float64]:
    """Return a unit-sum Sersic profile out to seven half-light radii, (y, x), of odd sides.

    The profile is ``exp(-b ((r / r_e)^(1 / n) - 1))`` with the series of Ciotti & Bertin (1999) for ``b``.

    Parameters
    ----------
    half_light_pixel : float
        Half-light radius ``r_e`` in pixels, the geometric mean of both axes.
    index : float
        ``n``: 1 for an exponential disc, 4 for a spheroid.
    axis_ratio, angle_deg : float
        Minor over major axis, and the direction of the major one from x towards y.
    offset : (float, float)
        Place of the centre against the central pixel, x and y.
    """
    half = int(np.ceil(_REACH * half_light_pixel)) + 1

    def profile(half_side: int, samples: int) -> NDArray[np.float64]:
        """Return the mean of the profile over each of the middle pixels."""
        side = 2 * half_side + 1
        fine = (np.arange(side * samples) + 0.5) / samples - 0.5 - half_side
        x, y = fine[None, :] - offset[0], fine[:, None] - offset[1]
        cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
        along, across = cosine * x + sine * y, (cosine * y - sine * x) / axis_ratio
        distance = np.sqrt((along**2 + across**2) * axis_ratio) / half_light_pixel
        values = np.exp(-_steepness(index) * (distance ** (1.0 / index) - 1.0))
        return values.reshape(side, samples, side, samples).mean(axis=(1, 3))

    image = profile(half, 3)
    middle = slice(half - _CUSP_PIXEL, half + _CUSP_PIXEL + 1)
    if half > _CUSP_PIXEL:
        image[middle, middle] = profile(_CUSP_PIXEL, 21)
    return image / image.sum()


def _steepness(index: float) -> float:
    """Return ``b`` of the Sersic profile, such that half of the light lies within the half-light radius."""
    return 2.0 * index - 1.0 / 3.0 + 4.0 / (405.0 * index) + 46.0 / (25515.0 * index**2)
