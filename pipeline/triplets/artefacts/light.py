"""How an artefact's light gets into a cutout: its height, its position, its share in the three images, lines."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.triplets.artefacts.settings import Range
from pipeline.triplets.editing import DIFFERENCE, SCIENCE, TEMPLATE, EditedCutout, recentre


def offsets(cutout: EditedCutout) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the offsets of the rows ``(y, 1)`` and columns ``(1, x)`` from the central pixel."""
    cy, cx = cutout.centre
    rows, columns = (np.arange(side, dtype=np.float32) for side in cutout.pixels.shape[:2])
    return rows[:, None] - cy, columns[None] - cx


def peak(cutout: EditedCutout, rng: np.random.Generator, snr: Range) -> float:
    """Return a peak height, in the unit of the pixels, for a drawn signal to noise ratio in the difference."""
    return float(np.exp(rng.uniform(*np.log(snr))) * max(cutout.noise[DIFFERENCE], 1e-6))


def either(rng: np.random.Generator, positive_share: float = 0.5) -> float:
    """Return 1 with a probability of ``positive_share``, otherwise -1."""
    return 1.0 if rng.random() < positive_share else -1.0


def write(
    cutout: EditedCutout, light: NDArray[np.float32], rng: np.random.Generator, template_share: float = 0.0
) -> None:
    """Add light to the science image and the difference, or at times to the template and, negated, to the difference.

    A subtraction convolves what it subtracts, so the difference mostly holds a softer copy of the light.

    Parameters
    ----------
    cutout : EditedCutout
        The triplet, changed in place.
    light : ndarray of float32, (y, x)
        What to add, in the unit of the images.
    rng : Generator
        Source of the draws.
    template_share : float
        Probability that the light belongs to the template.
    """
    softer = ndimage.gaussian_filter(light, rng.uniform(0.25, 0.75)) if rng.random() < 0.7 else light
    from_template = rng.random() < template_share
    cutout.pixels[..., TEMPLATE if from_template else SCIENCE] += light
    cutout.pixels[..., DIFFERENCE] += -softer if from_template else softer


def anywhere(cutout: EditedCutout, rng: np.random.Generator) -> None:
    """Centre the cutout on a random position, or half the time leave it."""
    if rng.random() < 0.5:
        reach = max(min(cutout.pixels.shape[:2]) // 2 - 9, 1)
        dy, dx = rng.integers(-reach, reach + 1, 2)
        recentre(cutout, int(dy), int(dx))


def line(
    cutout: EditedCutout,
    rng: np.random.Generator,
    angle: float,
    width: float,
    length: Range = (4, 25),
    whole_share: float = 0.5,
) -> NDArray[np.float32]:
    """Return a line through the neighbourhood of the centre, of unit height and uneven brightness, (y, x).

    Parameters
    ----------
    cutout : EditedCutout
        Gives the shape and the centre.
    rng : Generator
        Source of the draws.
    angle : float
        Direction of the line in radians, from the x axis towards y.
    width : float
        Standard deviation of its Gaussian profile, in pixels.
    length : pair of float
        Range of its half length, in pixels, where it ends within the cutout.
    whole_share : float
        Probability that it crosses the whole cutout.
    """
    dy, dx = offsets(cutout)
    along = np.cos(angle) * dx + np.sin(angle) * dy
    across = -np.sin(angle) * dx + np.cos(angle) * dy - rng.uniform(-1, 1)
    drawn = np.exp(-0.5 * (across / width) ** 2)
    if rng.random() < 1 - whole_share:
        half = rng.uniform(*length)
        drawn = drawn / (1 + np.exp(np.clip((np.abs(along - rng.uniform(-half / 2, half / 2)) - half) / 0.7, -30, 30)))
    if rng.random() < 0.5:
        drawn = drawn * (1 + rng.uniform(0.1, 0.9) * np.sin(along / rng.uniform(1.5, 8) + rng.uniform(0, 6)))
    return drawn.astype(np.float32)
