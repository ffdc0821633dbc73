"""Where sources go: anywhere, on a grid, or around hosts, apart from each other and from what is avoided."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from pipeline.injection.hosts import Hosts
from pipeline.injection.offsets import OFFSETS
from pipeline.recipes.injection import InjectionSettings

_TRIES = 30
"""Places that are tried for one source before it is given up."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one source goes.

    Attributes
    ----------
    x, y : float
        In pixels.
    kind : str
        ``injected_random``, ``injected_grid``, ``injected_host`` or ``injected_variable``.
    offset : float
        Distance from the host in pixels; NaN without one.
    host : int
        Row of the host, or of the star; -1 without one.
    """

    x: float
    y: float
    kind: str
    offset: float = np.nan
    host: int = -1


@dataclass(kw_only=True)
class Room:
    """What is free of an image, while places are taken one by one.

    Attributes
    ----------
    image : ndarray, (y, x)
        Nothing goes where it is NaN.
    pixel_arcsec : float
        Side of its pixels in arcsec.
    radius : float
        Smallest distance to other places, in pixels.
    avoid : KDTree or None
        Places to keep away from.
    """

    image: NDArray[np.float32]
    pixel_arcsec: float
    radius: float
    avoid: KDTree | None
    _taken: NDArray[np.float64] = field(default_factory=lambda: np.empty((64, 2)))
    _count: int = 0

    def take(self, x: float, y: float, *, apart: float | None = None) -> bool:
        """Take a place and return True, or return False where it is not free.

        Parameters
        ----------
        x, y : float
            In pixels.
        apart : float, optional
            Smallest distance to what is avoided, in pixels; ``radius`` by default.
        """
        height, width = self.image.shape
        column, row = int(np.floor(x + 0.5)), int(np.floor(y + 0.5))
        if not (0 <= column < width and 0 <= row < height and bool(np.isfinite(self.image[row, column]))):
            return False
        others = self._taken[: self._count]
        if len(others) and np.hypot(others[:, 0] - x, others[:, 1] - y).min() < self.radius:
            return False
        nearest = self.radius if apart is None else apart
        if self.avoid is not None and self.avoid.query((x, y))[0] < nearest:
            return False
        if self._count == len(self._taken):
            self._taken = np.concatenate([self._taken, np.empty_like(self._taken)])
        self._taken[self._count] = x, y
        self._count += 1
        return True


def find_places(
    room: Room,
    on_host: NDArray[np.bool_],
    hosts: Hosts,
    settings: InjectionSettings,
    rng: np.random.Generator,
) -> list[Place]:
    """Return a place for each source that finds one, on hosts where it is asked; a source without room has none.

    Parameters
    ----------
    room : Room
        What is free of the image; what is found is taken from it.
    on_host : ndarray of bool, (n,)
        Which of the n sources lie on a host.
    hosts : Hosts
        The galaxies of the image.
    settings : InjectionSettings
        How sources lie on the image and around their hosts.
    rng : Generator
        Draws the places.
    """
    grid = iter(_grid(room.image.shape, int((~on_host).sum()), rng) if settings.positions == "grid" else [])
    found = []
    for hosted in on_host.tolist():
        if hosted:
            place = _around_host(room, hosts, settings, rng)
        elif settings.positions == "grid":
            x, y = next(grid)
            place = Place(x=x, y=y, kind="injected_grid") if room.take(x, y) else None
        else:
            place = _anywhere(room, rng)
        if place is not None:
            found.append(place)
    return found


def find_variables(
    room: Room, stars: NDArray[np.float64], number: int, apart: float, rng: np.random.Generator
) -> list[Place]:
    """Return places of as many different stars as were asked for, or of all that are free.

    A star that is a known candidate is passed over: whether it varies by itself or is a faulty subtraction, what would
    be found there could not be told from what was there before.

    Parameters
    ----------
    room : Room
        What is free of the image; what is found is taken from it.
    stars : ndarray of float64, (n, 3)
        x, y and flux of the stars of the image.
    number : int
        How many should vary.
    apart : float
        A known candidate that is nearer than this, in pixels, is the star.
    rng : Generator
        Draws which.
    """
    rows = rng.permutation(len(stars))
    found: list[Place] = []
    for row in rows.tolist():
        if len(found) == number:
            break
        x, y = (float(value) for value in stars[row, :2])
        if room.take(x, y, apart=apart):
            found.append(Place(x=x, y=y, kind="injected_variable", host=row))
    return found


def _anywhere(room: Room, rng: np.random.Generator) -> Place | None:
    height, width = room.image.shape
    for _ in range(_TRIES):
        x, y = rng.uniform(-0.5, width - 0.5), rng.uniform(-0.5, height - 0.5)
        if room.take(x, y):
            return Place(x=x, y=y, kind="injected_random")
    return None


def _around_host(room: Room, hosts: Hosts, settings: InjectionSettings, rng: np.random.Generator) -> Place | None:
    for _ in range(_TRIES):
        row = int(rng.integers(len(hosts)))
        radius = hosts.radius_pixel[row]
        stated = settings.offset_scale_arcsec / room.pixel_arcsec
        scale = stated or settings.offset_scale * (radius if np.isfinite(radius) else 1.0)
        offset, angle = OFFSETS[settings.offset](scale, rng)
        x = float(hosts.x_pixel[row] + offset * np.cos(angle))
        y = float(hosts.y_pixel[row] + offset * np.sin(angle))
        if room.take(x, y):
            return Place(x=x, y=y, kind="injected_host", offset=offset, host=row)
    return None


def _grid(shape: tuple[int, ...], number: int, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Return places on a square grid that fills an image, in random order, each within half a pixel of its node."""
    if number == 0:
        return []
    height, width = shape
    step = np.sqrt(height * width / number)
    columns = max(1, round(width / step))
    rows = -(-number // columns)
    x = (np.arange(columns) + 0.5) / columns * width - 0.5
    y = (np.arange(rows) + 0.5) / rows * height - 0.5
    nodes = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    nodes = nodes[rng.permutation(len(nodes))[:number]] + rng.uniform(-0.5, 0.5, (number, 2))
    return [(float(place[0]), float(place[1])) for place in nodes]
