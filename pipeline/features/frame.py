"""The square that is measured: distances from its centre, and the pixels of its rings, rays and regions.

Tested by tests/pipeline/features/test_features.py.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

HALF = 31
"""Half side of the square that is measured, in pixels; larger cutouts are cropped, smaller ones padded."""

SMALLEST = 10
"""Half side of the smallest square in which everything can be measured."""

ANGLES = 32
_RAY_RADII = np.arange(5, 23)


@dataclass(frozen=True, eq=False, kw_only=True)
class Frame:
    """Geometry of a square with ``2 * half + 1`` pixels a side; arrays are ``(y, x)`` if not said otherwise.

    Attributes
    ----------
    half : int
        Half side.
    radius : ndarray of float32
        Distance of every pixel from the central one.
    outer : ndarray of bool
        More than 8 pixels from the centre.
    round : ndarray of bool
        Of those, up to 22 pixels.
    field : ndarray of bool
        Of the outer ones, at least 5 pixels from the edge of the largest square.
    ring : ndarray of int
        Pixels between 7 and 25 pixels from the centre, as places in a flattened image.
    core : ndarray of int
        Pixels up to 5 from the centre, alike.
    rays : ndarray of int, ``(angle, step)``
        Pixels on straight rays from the centre, alike.
    on_rays : ndarray of bool, ``(angle, step)``
        Whether the square has the pixel of a ray.
    """

    half: int
    radius: NDArray[np.float32]
    outer: NDArray[np.bool_]
    round: NDArray[np.bool_]
    field: NDArray[np.bool_]
    ring: NDArray[np.intp]
    core: NDArray[np.intp]
    rays: NDArray[np.intp]
    on_rays: NDArray[np.bool_]

    @property
    def side(self) -> int:
        """Pixels along a side."""
        return 2 * self.half + 1

    def middle(self, half: int) -> slice:
        """Return the ``2 * half + 1`` rows or columns around the centre."""
        return slice(self.half - half, self.half + half + 1)


@lru_cache(maxsize=HALF + 1)
def frame(half: int) -> Frame:
    """Return the geometry of a square of given half side, from ``SMALLEST`` to ``HALF``."""
    offsets = np.arange(-half, half + 1, dtype=np.float32)
    radius = np.hypot(offsets[:, None], offsets[None, :])
    away = np.maximum(np.abs(offsets)[:, None], np.abs(offsets)[None])
    theta = np.arange(ANGLES) * 2 * np.pi / ANGLES
    row, column = (np.rint(half + wave(theta)[:, None] * _RAY_RADII).astype(np.intp) for wave in (np.sin, np.cos))
    inside = (row >= 0) & (row <= 2 * half) & (column >= 0) & (column <= 2 * half)
    return Frame(
        half=half,
        radius=radius,
        outer=radius > 8,
        round=(radius > 8) & (radius <= 22),
        field=(radius > 8) & (away <= HALF - 5),
        ring=np.flatnonzero((radius > 7) & (radius <= 25)),
        core=np.flatnonzero(radius <= 5),
        rays=np.where(inside, row * (2 * half + 1) + column, 0),
        on_rays=inside,
    )


def frame_of(images: NDArray[np.generic]) -> Frame:
    """Return the geometry of images ``(n, y, x)`` of such a side."""
    return frame(images.shape[1] // 2)


FULL = frame(HALF)
OUTER_PIXELS = int(FULL.outer.sum())
"""Pixels of the largest square that are more than 8 pixels from the centre."""
