"""Trails of satellites through an exposure: steady ones, and those that flash as they tumble."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.conversions import FWHM_PER_SIGMA
from pipeline.errors import SettingsError

_SEEN = 0.05
"""A trail's pixels are those where it has this share of its highest level."""

_DARK = 0.03
"""What a tumbling satellite shows between its flashes, as a share."""


@dataclass(frozen=True, kw_only=True)
class SatelliteSettings:
    """Trails of satellites.

    Attributes
    ----------
    per_exposure : float
        Mean number of trails in an exposure, at least 0.
    flashing_share : float
        Share of the satellites that flash, 0 to 1.
    level_min : float, in ADU
        Level in the middle of the faintest trails, above 0; drawn evenly in the logarithm.
    level_max : float, in ADU
        Level in the middle of the brightest trails, not below ``level_min``; flashes are up to four times as bright.
    defocus_pixel : float, in pixel
        FWHM by which satellites are out of focus, at least 0; it adds to the seeing in quadrature.
    flash_step_min_pixel : float, in pixel
        Smallest distance between flashes, above 0; drawn evenly in the logarithm.
    flash_step_max_pixel : float, in pixel
        Largest distance between flashes, not below the smallest.
    """

    per_exposure: float = 0.25
    flashing_share: float = 0.5
    level_min: float = 20.0
    level_max: float = 600.0
    defocus_pixel: float = 2.0
    flash_step_min_pixel: float = 16.0
    flash_step_max_pixel: float = 60.0

    def __post_init__(self) -> None:
        if self.per_exposure < 0 or self.defocus_pixel < 0 or not 0 <= self.flashing_share <= 1:
            raise SettingsError(
                f"satellites: per_exposure {self.per_exposure} and defocus_pixel {self.defocus_pixel} must be at "
                f"least 0, flashing_share {self.flashing_share} from 0 to 1"
            )
        for low, high in (("level_min", "level_max"), ("flash_step_min_pixel", "flash_step_max_pixel")):
            least, most = getattr(self, low), getattr(self, high)
            if not 0 < least <= most:
                raise SettingsError(f"satellites: {low} {least} must be above 0 and not above {high} {most}")


def add_trails(
    light: NDArray[np.float64], settings: SatelliteSettings, fwhm_pixel: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Add the trails of satellites to an image in place; return the pixels that they brightened, (y, x).

    Parameters
    ----------
    light : ndarray of float64, (y, x)
        In ADU; changed.
    settings : SatelliteSettings
        How many trails, how bright, and how many flash.
    fwhm_pixel : float
        FWHM of the PSF; a trail is as wide, and wider by the defocus.
    rng : Generator
        Draws their number, places and brightness.
    """
    seen = np.zeros(light.shape, dtype=bool)
    for _ in range(rng.poisson(settings.per_exposure)):
        trail = _trail(light.shape, settings, fwhm_pixel, rng)
        light += trail
        seen |= trail > _SEEN * trail.max(initial=0.0)
    return seen


def _trail(
    shape: tuple[int, ...], settings: SatelliteSettings, fwhm_pixel: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the light of one trail: a line through a random point, as wide as a source out of focus."""
    angle = rng.uniform(0.0, np.pi)
    x = np.arange(shape[1])[None, :] - rng.uniform(0, shape[1])
    y = np.arange(shape[0])[:, None] - rng.uniform(0, shape[0])
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    sigma = np.hypot(fwhm_pixel, settings.defocus_pixel) / FWHM_PER_SIGMA
    level = settings.level_min * (settings.level_max / settings.level_min) ** rng.random()
    flashes = rng.random() < settings.flashing_share
    course = _flashing(along, settings, fwhm_pixel, rng) if flashes else _steady(along, rng)
    return level * course * np.exp(-0.5 * (across / sigma) ** 2)


def _steady(along: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the brightness along a trail that changes slowly."""
    return 1.0 + 0.25 * np.sin(2.0 * np.pi * (along / rng.uniform(400.0, 2000.0) + rng.random()))


def _flashing(
    along: NDArray[np.float64], settings: SatelliteSettings, fwhm_pixel: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the brightness along a trail of even flashes, point-like to short streaks, every other one fainter."""
    least, most = settings.flash_step_min_pixel, settings.flash_step_max_pixel
    step = least * (most / least) ** rng.random()
    width = np.hypot(fwhm_pixel, rng.uniform(0.0, 0.1) * step) / FWHM_PER_SIGMA
    number = along / step + rng.random()
    height = np.where(np.round(number) % 2 == 0, 4.0, 4.0 * rng.uniform(0.2, 1.0))
    return _DARK + height * np.exp(-0.5 * ((number - np.round(number)) * step / width) ** 2)
