"""RandAugment (Cubuk et al. 2020, arXiv:1909.13719): a few changes of each image, drawn from a list, of one strength.

Of its fourteen changes those stand here that keep what an image of the sky shows; ``posterize``, ``solarize``,
``equalize`` and ``autocontrast`` do not, because they move each brightness on its own.

Tested by tests/pipeline/cutouts/test_rand_augment.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SettingsError
from pipeline.registry import Registry

Image = NDArray[np.float32]
"""Of one row, ``(y, x, channel)``; NaN = missing."""

CHANGES: Registry[Callable[[Image, float], Image]] = Registry("change of an image")
"""From an image and a signed strength, -1 to 1, to an image of the same shape; 0 leaves it as it is."""

LARGEST_TURN_DEG: Final = 30.0
LARGEST_SHEAR: Final = 0.3
LARGEST_MOVE: Final = 0.3
"""Of the side of the image."""
LARGEST_FACTOR: Final = 0.9
"""By which brightness, contrast, colour and sharpness differ from 1."""


@dataclass(frozen=True, kw_only=True)
class RandAugment:
    """How many changes each training image gets, and how strong they are.

    Attributes
    ----------
    count : int
        Changes of each image, drawn with replacement from ``identity``, ``turn`` (to 30 degrees), ``shear_x``,
        ``shear_y`` (to 0.3), ``move_x``, ``move_y`` (to 0.3 of the side), ``brightness``, ``contrast``, ``colour`` and
        ``sharpness`` (factors of 0.1 to 1.9); at least 1.
    strength : float
        Share of the largest change, above 0 and at most 1; of either sign.
    """

    count: int = 2
    strength: float = 0.5

    def __post_init__(self) -> None:
        if self.count < 1:
            raise SettingsError(f"count is {self.count}; allowed: at least 1")
        if not 0 < self.strength <= 1:
            raise SettingsError(f"strength is {self.strength}; allowed: above 0, at most 1")


def rand_augment(cutouts: NDArray[np.float32], settings: RandAugment, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the cutouts after the drawn changes, each row drawn on its own.

    Parameters
    ----------
    cutouts : ndarray of float32, shape (n, y, x, channel)
        Raw pixels, NaN = missing; not changed. All channels of a row move together.
    settings : RandAugment
        Number and strength.
    rng : numpy.random.Generator
        Draws the changes and their signs.
    """
    names = list(CHANGES)
    drawn = rng.integers(len(names), size=(len(cutouts), settings.count))
    strengths = settings.strength * rng.choice([-1.0, 1.0], size=drawn.shape)
    changed = np.empty_like(cutouts)
    for row, image in enumerate(cutouts):
        for number, strength in zip(drawn[row], strengths[row], strict=True):
            image = CHANGES[names[number]](image, float(strength))
        changed[row] = image
    return changed


@CHANGES.register("identity")
def identity(image: Image, strength: float) -> Image:  # noqa: ARG001
    """Leave the image as it is."""
    return image


@CHANGES.register("turn")
def turn(image: Image, strength: float) -> Image:
    """Turn about the central pixel."""
    angle = np.deg2rad(LARGEST_TURN_DEG) * strength
    return _moved(image, np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]))


@CHANGES.register("shear_x")
def shear_x(image: Image, strength: float) -> Image:
    """Move each line along x by a share of its distance from the central one."""
    return _moved(image, np.array([[1.0, 0.0], [LARGEST_SHEAR * strength, 1.0]]))


@CHANGES.register("shear_y")
def shear_y(image: Image, strength: float) -> Image:
    """Move each column along y by a share of its distance from the central one."""
    return _moved(image, np.array([[1.0, LARGEST_SHEAR * strength], [0.0, 1.0]]))


@CHANGES.register("move_x")
def move_x(image: Image, strength: float) -> Image:
    """Move along x."""
    return _moved(image, np.eye(2), (0.0, LARGEST_MOVE * strength * image.shape[1]))


@CHANGES.register("move_y")
def move_y(image: Image, strength: float) -> Image:
    """Move along y."""
    return _moved(image, np.eye(2), (LARGEST_MOVE * strength * image.shape[0], 0.0))


@CHANGES.register("brightness")
def brightness(image: Image, strength: float) -> Image:
    """Multiply all pixels by a factor."""
    return _scaled(image, np.float32(0.0), strength)


@CHANGES.register("contrast")
def contrast(image: Image, strength: float) -> Image:
    """Multiply the deviation from the mean over all pixels and channels by a factor."""
    return _scaled(image, _mean(image, (0, 1, 2)), strength)


@CHANGES.register("colour")
def colour(image: Image, strength: float) -> Image:
    """Multiply the deviation of each channel from their mean by a factor."""
    return _scaled(image, _mean(image, (2,)), strength)


@CHANGES.register("sharpness")
def sharpness(image: Image, strength: float) -> Image:
    """Multiply the deviation from the mean over 3 x 3 pixels by a factor: above 1 sharper, below 1 softer.

    A pixel beside a missing one is missing.
    """
    from scipy.ndimage import correlate

    return _scaled(image, correlate(image, np.full((3, 3, 1), 1 / 9), mode="nearest"), strength)


def _mean(image: Image, axes: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the mean of the pixels that are there; 0 where there is none."""
    there = np.isfinite(image)
    total = np.sum(image, axis=axes, keepdims=True, where=there, dtype=np.float64)
    return np.asarray(total / np.maximum(there.sum(axis=axes, keepdims=True), 1), dtype=np.float32)


def _scaled(image: Image, around: NDArray[np.float32] | np.float32, strength: float) -> Image:
    """Return the image with its deviation from something multiplied by 1 + ``LARGEST_FACTOR`` x strength."""
    return np.asarray(around + (1.0 + LARGEST_FACTOR * strength) * (image - around), dtype=np.float32)


def _moved(image: Image, back: NDArray[np.float64], by: tuple[float, float] = (0.0, 0.0)) -> Image:
    """Return the image moved by pixels, and changed about pixel ``size // 2`` by the inverse of a matrix ``(y, x)``.

    Pixels are interpolated linearly; what moves in, or lies beside a missing one, is missing.
    """
    from scipy.ndimage import affine_transform

    centre = np.array([image.shape[0] // 2, image.shape[1] // 2], dtype=float)
    whole = np.eye(3)
    whole[:2, :2] = back
    offset = np.append(centre - back @ (centre + by), 0.0)
    moved = affine_transform(image, whole, offset, order=1, mode="constant", cval=np.nan)
    return np.asarray(moved, dtype=np.float32)
