"""Ghosts: reflections of bright stars inside the camera, out of focus, mirrored about its axis."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SettingsError
from pipeline.sky.overlay import add_inside

_SOFT_PIXEL = 1.5
"""Width of a ghost's rim, for no pupil is imaged sharply."""


@dataclass(frozen=True, kw_only=True)
class GhostSettings:
    """Reflections of bright stars.

    Attributes
    ----------
    star_magnitude : float, in mag
        Stars brighter than this have a ghost that counts.
    share : float
        Light of a ghost over that of its star; at least 0.
    radius_pixel : float, in pixel
        Radius of the image of the pupil, above 0.
    obstruction : float
        Radius of the hole that the secondary mirror makes, as a share of that of the pupil; 0 to below 1.
    magnification : float
        Distance of a ghost from the camera's axis over that of its star, on the other side.
    """

    star_magnitude: float = 12.5
    share: float = 0.006
    radius_pixel: float = 24.0
    obstruction: float = 0.4
    magnification: float = 0.9

    def __post_init__(self) -> None:
        if self.share < 0 or not self.radius_pixel > 0 or not 0 <= self.obstruction < 1:
            raise SettingsError(
                f"ghosts: share {self.share} must be at least 0, radius_pixel {self.radius_pixel} above 0, "
                f"obstruction {self.obstruction} from 0 to below 1"
            )


def add_ghosts(
    light: NDArray[np.float64], stars: Iterable[tuple[float, float, float]], settings: GhostSettings, level_seen: float
) -> NDArray[np.bool_]:
    """Add the ghosts of stars to an image in place, (y, x).

    Parameters
    ----------
    light : ndarray of float64, (y, x)
        In ADU.
    stars : iterable of (float, float, float)
        ``x y flux`` of those that have a ghost, in pixels and ADU.
    settings : GhostSettings
    level_seen : float
        Level in ADU from which a ghost's pixels count.

    Returns
    -------
    seen : ndarray of bool, (y, x)
        Pixels that a ghost brightened so much, its hole included.
    """
    seen = np.zeros(light.shape, dtype=bool)
    centre_x, centre_y = (light.shape[1] - 1) / 2.0, (light.shape[0] - 1) / 2.0
    for x, y, flux in stars:
        ghost_x = centre_x - settings.magnification * (x - centre_x)
        ghost_y = centre_y - settings.magnification * (y - centre_y)
        column, row = round(ghost_x), round(ghost_y)
        ghost, disc = _pupil(settings, ghost_x - column, ghost_y - row)
        half = len(ghost) // 2
        ghost = ghost * (settings.share * flux)
        add_inside(light, ghost, column - half, row - half)
        if ghost.max() >= level_seen:
            marked = np.zeros(light.shape)
            add_inside(marked, disc, column - half, row - half)
            seen |= marked > 0
    return seen


def _pupil(
    settings: GhostSettings, x_offset: float, y_offset: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a unit-sum image of the pupil, a ring with soft rims, and the disc that it lies in."""
    half = int(np.ceil(settings.radius_pixel + 4.0 * _SOFT_PIXEL))
    grid = np.arange(-half, half + 1)
    distance = np.hypot(grid[None, :] - x_offset, grid[:, None] - y_offset)

    def disc(radius: float) -> NDArray[np.float64]:
        return 1.0 / (1.0 + np.exp(np.clip((distance - radius) / (0.5 * _SOFT_PIXEL), -50.0, 50.0)))

    ring = disc(settings.radius_pixel) - (
        disc(settings.obstruction * settings.radius_pixel) if settings.obstruction else 0.0
    )
    return ring / ring.sum(), (disc(settings.radius_pixel) > 0.1).astype(np.float64)
