"""Optics of the synthetic survey: how the PSF changes over the image, where stars fall on it, and the sky's level."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.psf import Moffat, moffat_alpha
from pipeline.sky.grid import GridSettings
from pipeline.sky.overlay import add_inside
from pipeline.sky.ranges import above, at_least
from pipeline.sky.visits import Visit

_FAINTEST_ADU = 0.2
"""The light of a star reaches out to where the wing falls below this level."""

_ROUNDEST, _LONGEST = 0.0, 0.5


@dataclass(frozen=True, kw_only=True)
class OpticsSettings(GridSettings):
    """What optics and air make of a point, and how bright the sky is behind it.

    Attributes
    ----------
    psf_beta : float
        Exponent of the Moffat PSF.
    seeing_field : float
        Growth of the FWHM from the centre to a corner of the image, as a share.
    ellipticity_field : float
        Ellipticity that the optics add in a corner of the image, along the line to the centre.
    distortion_pixel : float, in pixel
        Smooth displacement of the stars against the template, rms over the field.
    jitter_pixel : float, in pixel
        Displacement of each star by the air, rms, drawn for each star and exposure.
    template_seeing_pixel : float, in pixel
        FWHM of the template.
    sky_level : float, in ADU
        Level of the sky in a pixel.
    sky_gradient : float
        Rise of the sky across the image as a share of its level, in a direction drawn for each exposure.
    """

    psf_beta: float = field(default=3.0, metadata=above(1))
    seeing_field: float = field(default=0.06, metadata=at_least(0))
    ellipticity_field: float = field(default=0.08, metadata=at_least(0))
    distortion_pixel: float = 0.12
    jitter_pixel: float = field(default=0.06, metadata=at_least(0))
    template_seeing_pixel: float = field(default=2.1, metadata=above(0))
    sky_level: float = field(default=300.0, metadata=at_least(0))
    sky_gradient: float = 0.15


@dataclass(frozen=True, kw_only=True)
class FieldPsf:
    """A Moffat PSF whose width and shape vary over an image.

    Attributes
    ----------
    central : Moffat
        The PSF at the centre.
    size_pixel : int
        Side of the image.
    growth : float
        Growth of the FWHM from the centre to a corner, as a share.
    tilt : (float, float)
        Change of the FWHM from the centre to the border in x and in y, as a share.
    astigmatism : float
        Ellipticity along the line to the centre that the optics add in a corner.
    """

    central: Moffat
    size_pixel: int
    growth: float = 0.0
    tilt: tuple[float, float] = (0.0, 0.0)
    astigmatism: float = 0.0

    def at(self, x_pixel: float, y_pixel: float, psf_size_pixel: int = 0) -> Moffat:
        """Return the PSF at a place; beyond the border that of the border. ``psf_size_pixel`` is its side."""
        u, v = (float(np.clip(2.0 * place / (self.size_pixel - 1) - 1.0, -1.0, 1.0)) for place in (x_pixel, y_pixel))
        radius2 = (u**2 + v**2) / 2.0
        width = 1.0 + self.growth * radius2 + self.tilt[0] * u + self.tilt[1] * v
        ellipticity, angle_deg = self._shape(self.astigmatism * radius2, np.arctan2(v, u))
        return Moffat(
            fwhm_pixel=self.central.fwhm_pixel * width,
            beta=self.central.beta,
            ellipticity=ellipticity,
            angle_deg=angle_deg,
            size_pixel=psf_size_pixel,
        )

    def _shape(self, added: float, direction: float) -> tuple[float, float]:
        """Return ellipticity and angle of the centre with an added one, each a vector of twice its angle."""
        own = np.radians(self.central.angle_deg)
        one = self.central.ellipticity * np.cos(2.0 * own) + added * np.cos(2.0 * direction)
        two = self.central.ellipticity * np.sin(2.0 * own) + added * np.sin(2.0 * direction)
        return float(np.clip(np.hypot(one, two), _ROUNDEST, _LONGEST)), float(np.degrees(np.arctan2(two, one)) / 2.0)


def science_psf(settings: OpticsSettings, visit: Visit) -> FieldPsf:
    """Return the PSF of a visit."""
    return FieldPsf(
        central=Moffat(
            fwhm_pixel=visit.fwhm_pixel,
            beta=settings.psf_beta,
            ellipticity=visit.ellipticity,
            angle_deg=visit.angle_deg,
        ),
        size_pixel=settings.size_pixel,
        growth=settings.seeing_field,
        tilt=(visit.x_tilt, visit.y_tilt),
        astigmatism=settings.ellipticity_field,
    )


def template_psf(settings: OpticsSettings, size_pixel: int) -> FieldPsf:
    """Return the PSF of a template, round: the exposures in it average their shapes out."""
    central = Moffat(fwhm_pixel=settings.template_seeing_pixel, beta=settings.psf_beta)
    return FieldPsf(central=central, size_pixel=size_pixel, growth=0.5 * settings.seeing_field)


def displaced(
    sources: pd.DataFrame, distortion: NDArray[np.float64], settings: OpticsSettings, rng: np.random.Generator
) -> pd.DataFrame:
    """Return sources where optics and air put them, ``x_pixel`` and ``y_pixel`` changed.

    Parameters
    ----------
    sources : DataFrame
        With ``x_pixel y_pixel`` of the projection.
    distortion : ndarray of float64, (2, 5)
        Displacement in x and in y, in pixels, of the five terms of a quadratic distortion, ``u v (u v) (u^2 - 1/3)
        (v^2 - 1/3)`` of the places u and v from -1 to 1 over the image.
    settings : OpticsSettings
        Side of the image, and the jitter of each source.
    rng : Generator
        Draws the jitter.
    """
    x, y = (2.0 * sources[axis].to_numpy() / settings.size_pixel - 1.0 for axis in ("x_pixel", "y_pixel"))
    moves = distortion @ np.stack([x, y, x * y, x**2 - 1.0 / 3.0, y**2 - 1.0 / 3.0])
    moves += rng.normal(0.0, settings.jitter_pixel, moves.shape)
    return sources.assign(x_pixel=sources["x_pixel"] + moves[0], y_pixel=sources["y_pixel"] + moves[1])


def add_stars(light: NDArray[np.float64], sources: pd.DataFrame, flux: NDArray[np.float64], psf: FieldPsf) -> None:
    """Add point sources to an image in place; those without light, or wholly outside, add nothing.

    Parameters
    ----------
    light : ndarray of float64, (y, x)
        In ADU, square; changed.
    sources : DataFrame
        With ``x_pixel y_pixel``.
    flux : ndarray of float64, (n,)
        Of each source, in ADU.
    psf : FieldPsf
        The PSF at each place.
    """
    size = light.shape[0]
    beta = psf.central.beta
    alpha = moffat_alpha(psf.central.fwhm_pixel, beta)
    peak = flux * (beta - 1.0) / (np.pi * alpha**2)
    reach = alpha * np.sqrt(np.maximum((peak / _FAINTEST_ADU) ** (1.0 / beta) - 1.0, 4.0))
    for x, y, one_flux, one_reach in zip(sources["x_pixel"], sources["y_pixel"], flux, reach, strict=True):
        column, row, half = round(x), round(y), int(np.ceil(one_reach))
        if not (-half <= column < size + half and -half <= row < size + half) or one_flux <= 0:
            continue
        image = psf.at(x, y, 2 * half + 1)(x - column, y - row)
        add_inside(light, image * one_flux, column - half, row - half)


def sky_level(settings: OpticsSettings, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the sky in ADU, (y, x): a level and a gradient in a random direction."""
    angle = rng.uniform(0.0, 2.0 * np.pi)
    line = np.linspace(-0.5, 0.5, settings.size_pixel)
    slope = np.cos(angle) * line[None, :] + np.sin(angle) * line[:, None]
    return settings.sky_level * (1.0 + settings.sky_gradient * slope)
