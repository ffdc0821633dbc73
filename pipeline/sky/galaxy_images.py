"""Colour images of galaxies as the eye divides them: elliptical, spiral, edge-on, barred; drawn, not observed.

Tested by tests/pipeline/sky/test_galaxy_images.py.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from pipeline.sky.galaxies import sersic_image
from pipeline.sky.overlay import add_inside

Light: TypeAlias = NDArray[np.float64]
"""Flux ``(y, x, colour)``, red first."""

_OLD: Final = (1.0, 0.78, 0.52)
_YOUNG: Final = (0.62, 0.80, 1.0)
"""Red, green and blue of old stars and of young ones."""
_SEEING_PIXEL: Final = 1.1
"""Standard deviation of the PSF."""
_NOISE: Final = (0.6, 1.4)
"""Standard deviation of a pixel, in units of the stretch: of the best image and of the worst."""
_PEAK: Final = (40.0, 160.0)
"""Mean surface brightness within the half-light radius, in the same units."""
_WHITE: Final = 6.5
"""Stretched brightness that is 255."""


def draw_galaxy_image(kind: str, size_pixel: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return an image of a galaxy of a class in its middle, at any angle, with noise and a few stars.

    Parameters
    ----------
    kind : str
        A name in `KINDS`.
    size_pixel : int
        Side of the image.
    rng : Generator
        Draws shape, brightness, stars and noise.

    Returns
    -------
    ndarray of uint8, (size_pixel, size_pixel, 3)
        Red, green and blue, stretched by ``asinh``.
    """
    radius = size_pixel * rng.uniform(0.10, 0.15)
    light = KINDS[kind](size_pixel, radius, rng.uniform(0.0, 180.0), rng)
    bright = np.exp(rng.uniform(*np.log(_PEAK))) * 2.0 * np.pi * radius**2
    light = light / light.sum() * 3.0 * bright
    _add_stars(light, rng)
    blurred = gaussian_filter(light, sigma=(_SEEING_PIXEL, _SEEING_PIXEL, 0.0))
    noisy = blurred + rng.normal(0.0, rng.uniform(*_NOISE), light.shape)
    return np.asarray(np.clip(np.arcsinh(noisy) / _WHITE * 255.0, 0.0, 255.0).round(), dtype=np.uint8)


def _elliptical(size: int, radius: float, angle: float, rng: np.random.Generator) -> Light:
    """Return an old spheroid."""
    ratio = rng.uniform(0.55, 1.0)
    return _spheroid(size, radius, rng.uniform(2.5, 4.5), ratio, angle)[..., np.newaxis] * np.array(_OLD)


def _spiral(size: int, radius: float, angle: float, rng: np.random.Generator) -> Light:
    """Return a disc with arms around a small bulge, seen from near its axis."""
    ratio = rng.uniform(0.6, 1.0)
    bulge = rng.uniform(0.1, 0.25) * _spheroid(size, 0.35 * radius, 2.5, 0.9, angle)
    return _of_disc(size, radius, ratio, angle, 0.0, rng) + bulge[..., np.newaxis] * np.array(_OLD)


def _barred(size: int, radius: float, angle: float, rng: np.random.Generator) -> Light:
    """Return a spiral whose arms begin at the ends of a bar."""
    ratio, bar = rng.uniform(0.65, 1.0), rng.uniform(0.9, 1.2) * radius
    straight = rng.uniform(0.25, 0.4) * _spheroid(size, 0.5 * bar, 0.6, 0.22, angle)
    return _of_disc(size, radius, ratio, angle, bar, rng) + straight[..., np.newaxis] * np.array(_OLD)


def _edge_on(size: int, radius: float, angle: float, rng: np.random.Generator) -> Light:
    """Return a disc from its side, with a bulge, often with a lane of dust."""
    disc = _spheroid(size, 0.6 * radius, 1.0, rng.uniform(0.1, 0.2), angle)
    bulge = rng.uniform(0.05, 0.3) * _spheroid(size, 0.3 * radius, 2.0, 0.75, angle)
    light = disc[..., np.newaxis] * (0.5 * np.array(_OLD) + 0.5 * np.array(_YOUNG))
    light = light + bulge[..., np.newaxis] * np.array(_OLD)
    _, across = _turned(size, angle)
    lane = rng.uniform(0.0, 0.6) * np.exp(-0.5 * (across / (0.05 * radius + 0.5)) ** 2)
    return light * (1.0 - lane[..., np.newaxis] * np.array([0.6, 0.8, 1.0]))


KINDS: Final[Mapping[str, Callable[[int, float, float, np.random.Generator], Light]]] = MappingProxyType(
    {"elliptical": _elliptical, "spiral": _spiral, "edge_on": _edge_on, "barred": _barred}
)
"""From side and half-light radius in pixels, angle in degrees and a generator to the light of each class."""


def _of_disc(size: int, radius: float, ratio: float, angle: float, bar: float, rng: np.random.Generator) -> Light:
    """Return an exponential disc with two logarithmic arms of young stars that begin outside a bar's half-length."""
    along, across = _turned(size, angle)
    distance = np.hypot(along, across / ratio)
    around = np.arctan2(across / ratio, along)
    winding = rng.choice([-1.0, 1.0]) / np.tan(np.radians(rng.uniform(14.0, 24.0)))
    start = max(bar, 0.4 * radius)
    phase = 2.0 * (around - winding * np.log(np.maximum(distance, 0.1 * radius) / start))
    phase += 0.0 if bar else rng.uniform(0.0, 2.0 * np.pi)
    ridge = np.exp(2.5 * (np.cos(phase) - 1.0)) / (1.0 + np.exp(-(distance - 0.8 * start) / (0.08 * radius)))
    disc = np.exp(-distance / (0.6 * radius)) / (2.0 * np.pi * (0.6 * radius) ** 2 * ratio)
    arms = disc * ridge * rng.uniform(2.0, 4.0)
    return disc[..., np.newaxis] * np.array(_OLD) * 0.6 + arms[..., np.newaxis] * np.array(_YOUNG)


def _spheroid(size: int, radius: float, index: float, ratio: float, angle: float) -> NDArray[np.float64]:
    """Return a Sersic profile in the middle of an image."""
    sharp = sersic_image(half_light_pixel=radius, index=index, axis_ratio=ratio, angle_deg=angle)
    image = np.zeros((size, size))
    first = size // 2 - len(sharp) // 2
    add_inside(image, sharp, first, first)
    return image


def _turned(size: int, angle: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far each pixel lies from the middle along an axis and across it."""
    y, x = np.indices((size, size)) - size // 2
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return cosine * x + sine * y, cosine * y - sine * x


def _add_stars(light: Light, rng: np.random.Generator) -> None:
    """Add a few stars anywhere, in place."""
    for _ in range(rng.poisson(2.0)):
        y, x = rng.integers(0, light.shape[0], 2)
        colour = np.array(_OLD) if rng.random() < 0.5 else np.array(_YOUNG)
        light[y, x] += np.exp(rng.uniform(np.log(30.0), np.log(2000.0))) * colour
