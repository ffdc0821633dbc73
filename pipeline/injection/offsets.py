"""How transients lie around their hosts: one definition per distribution."""

from collections.abc import Callable

import numpy as np

from pipeline.registry import Registry

Offset = Callable[[float, np.random.Generator], tuple[float, float]]

OFFSETS: Registry[Offset] = Registry("offset distribution")
"""Name to a function of a scale in pixels and a generator that gives a distance and an angle (radian)."""


@OFFSETS.register("disc")
def disc(scale: float, rng: np.random.Generator) -> tuple[float, float]:
    """Draw as the light of an exponential disc lies; the scale is the mean distance."""
    return float(rng.gamma(2.0, scale / 2.0)), float(rng.uniform(0.0, 2.0 * np.pi))


@OFFSETS.register("normal")
def normal(scale: float, rng: np.random.Generator) -> tuple[float, float]:
    """Draw normally in x and in y; the scale is their standard deviation."""
    return _polar(*rng.normal(0.0, scale, 2))


@OFFSETS.register("uniform")
def uniform(scale: float, rng: np.random.Generator) -> tuple[float, float]:
    """Draw anywhere in a square; the scale is half its side."""
    return _polar(*rng.uniform(-scale, scale, 2))


@OFFSETS.register("nuclear")
def nuclear(scale: float, rng: np.random.Generator) -> tuple[float, float]:
    """Draw in the centre, with a scatter of a twentieth of the scale in x and in y."""
    return _polar(*rng.normal(0.0, 0.05 * scale, 2))


def _polar(x: float, y: float) -> tuple[float, float]:
    return float(np.hypot(x, y)), float(np.arctan2(y, x))
