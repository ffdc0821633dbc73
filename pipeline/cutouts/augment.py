"""Augmentation of training cutouts: turns, flips, small shifts, zoom and brightness that do not change the label."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.registry import Registry

Augmentation = Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]

AUGMENTATIONS: Registry[Augmentation] = Registry("augmentation")

LARGEST_SHIFT: Final = 1
"""Pixels by which ``shift`` moves a cutout at most, along each axis."""
LARGEST_ZOOM: Final = 1.1
"""Factor by which ``zoom`` enlarges or shrinks at most."""
LARGEST_BRIGHTNESS: Final = 1.25
"""Factor by which ``brightness`` multiplies or divides at most."""


def augment(cutouts: NDArray[np.float32], names: Sequence[str], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the cutouts after the named augmentations, in that order, each row drawn on its own.

    Parameters
    ----------
    cutouts : ndarray of float32, shape (n, y, x, channel)
        Raw pixels, NaN = missing; not changed. All channels of a row move together.
    names : sequence of str
        Names in ``AUGMENTATIONS``; empty gives the input back.
    rng : numpy.random.Generator
        Draws n numbers for each augmentation.
    """
    for name in names:
        cutouts = AUGMENTATIONS[name](cutouts, rng)
    return cutouts


@AUGMENTATIONS.register("rotate", square=True)
def rotate(cutouts: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Rotate each row by a multiple of 90 degrees."""
    turns = rng.integers(4, size=len(cutouts))
    return _by_group(cutouts, turns, lambda rows, turn: np.rot90(rows, turn, axes=(1, 2)))


@AUGMENTATIONS.register("flip", square=False)
def flip(cutouts: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Mirror half of the rows along x; together with ``rotate`` this gives all 8 symmetries of a square."""
    mirrored = rng.integers(2, size=len(cutouts))
    return _by_group(cutouts, mirrored, lambda rows, mirror: rows[:, :, ::-1] if mirror else rows)


@AUGMENTATIONS.register("shift", square=False)
def shift(cutouts: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Move each row by -1, 0 or 1 pixel along y and x; pixels that move in are missing."""
    side = 2 * LARGEST_SHIFT + 1
    moves = rng.integers(side * side, size=len(cutouts))

    def move(rows: NDArray[np.float32], index: int) -> NDArray[np.float32]:
        return _moved(rows, index // side - LARGEST_SHIFT, index % side - LARGEST_SHIFT)

    return _by_group(cutouts, moves, move)


@AUGMENTATIONS.register("rotate_any", square=True)
def rotate_any(cutouts: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Rotate each row by any angle about its candidate's pixel, interpolated; corners that turn in are missing."""
    return _resampled(cutouts, angles=rng.uniform(0.0, 2.0 * np.pi, len(cutouts)), factors=np.ones(len(cutouts)))


@AUGMENTATIONS.register("zoom", square=False)
def zoom(cutouts: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Enlarge or shrink each row about its candidate's pixel by up to a tenth, interpolated."""
    return _resampled(cutouts, angles=np.zeros(len(cutouts)), factors=_factors(LARGEST_ZOOM, len(cutouts), rng))


@AUGMENTATIONS.register("brightness", square=False)
def brightness(cutouts: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Multiply each row by a factor of at most a quarter more or less; a normalisation that divides undoes it."""
    factors = _factors(LARGEST_BRIGHTNESS, len(cutouts), rng)
    return np.asarray(cutouts * factors[:, None, None, None], dtype=np.float32)


def _factors(largest: float, rows: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return factors from 1 / largest to largest, as many below as above 1."""
    return np.asarray(largest ** rng.uniform(-1.0, 1.0, rows))


def _resampled(
    cutouts: NDArray[np.float32], angles: NDArray[np.float64], factors: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return each row turned by an angle (radians, y towards x) and enlarged by a factor about pixel ``size // 2``.

    Pixels are interpolated linearly; one of which a neighbour is missing is missing.
    """
    from scipy.ndimage import affine_transform

    centre = np.array([cutouts.shape[1] // 2, cutouts.shape[2] // 2, 0], dtype=float)
    resampled = np.empty_like(cutouts)
    for row, (angle, factor) in enumerate(zip(angles, factors, strict=True)):
        cos, sin = np.cos(angle) / factor, np.sin(angle) / factor
        back = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
        resampled[row] = affine_transform(
            cutouts[row], back, centre - back @ centre, order=1, mode="constant", cval=np.nan
        )
    return resampled


def _by_group(
    cutouts: NDArray[np.float32],
    groups: NDArray[np.int64],
    change: Callable[[NDArray[np.float32], int], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """Return the rows in their order, after each group was changed as a whole."""
    changed = np.empty_like(cutouts)
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        changed[rows] = change(cutouts[rows], int(group))
    return changed


def _moved(rows: NDArray[np.float32], down: int, right: int) -> NDArray[np.float32]:
    """Return the rows moved by whole pixels, NaN where nothing moved in."""
    moved = np.full_like(rows, np.nan)
    (to_y, from_y), (to_x, from_x) = (_overlap(down, rows.shape[1]), _overlap(right, rows.shape[2]))
    moved[:, to_y, to_x] = rows[:, from_y, from_x]
    return moved


def _overlap(step: int, side: int) -> tuple[slice, slice]:
    """Return where pixels go to and come from along one axis."""
    return slice(max(step, 0), side + min(step, 0)), slice(max(-step, 0), side + min(-step, 0))
