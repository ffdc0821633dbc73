"""What a subtraction leaves of a constant source, by cause: scale, position, width."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.triplets.artefacts.settings import Range
from pipeline.triplets.editing import (
    DIFFERENCE,
    SCIENCE,
    TEMPLATE,
    EditedCutout,
    distance,
    recentre,
    source_image,
    template_peaks,
)

BRIGHT_SNR: Range = (100.0, 5000.0)
"""Peak signal to noise ratio, in the template, of a bright star that is added where there is none."""


def to_a_star(cutout: EditedCutout, rng: np.random.Generator, bright: bool = False) -> None:
    """Centre the cutout on a source of the template; if it has none, add a constant star.

    ``bright`` prefers the brightest, and often adds a still brighter one.
    """
    peaks = template_peaks(cutout)
    if bright and rng.random() < 0.5:
        peaks = peaks[:0]
    if len(peaks) == 0:
        _add_star(cutout, rng, BRIGHT_SNR if bright else (15, 500))
        return
    cy, cx = cutout.centre
    height = cutout.pixels[peaks[:, 0] + cy, peaks[:, 1] + cx, TEMPLATE]
    chosen = int(np.argmax(height)) if bright or rng.random() < 0.3 else int(rng.integers(len(peaks)))
    recentre(cutout, int(peaks[chosen, 0]), int(peaks[chosen, 1]))


def _add_star(cutout: EditedCutout, rng: np.random.Generator, peak_snr: Range) -> None:
    width = rng.uniform(0.8, 1.4)
    y, x = rng.uniform(-0.5, 0.5, 2)
    height = np.exp(rng.uniform(*np.log(peak_snr))) * cutout.noise[TEMPLATE]
    beta = rng.uniform(2.5, 4)
    for image, blur in ((SCIENCE, rng.uniform(0.9, 1.2)), (TEMPLATE, 1.0)):
        profile = source_image(cutout, width * blur, y, x, beta=beta)
        cutout.pixels[..., image] += (height / blur**2) * profile
    cutout.missing[distance(cutout) <= 4] = False


def structure(cutout: EditedCutout, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the template without sky and with smoothed noise, which is what was subtracted."""
    image = (
        np.where(cutout.missing[..., TEMPLATE], cutout.sky[TEMPLATE], cutout.pixels[..., TEMPLATE])
        - cutout.sky[TEMPLATE]
    )
    smooth = ndimage.gaussian_filter(image, rng.uniform(0.4, 0.9))
    return np.where(np.abs(image) > 6 * cutout.noise[TEMPLATE], image, smooth).astype(np.float32)


def leave(cutout: EditedCutout, residual: NDArray[np.float32], rng: np.random.Generator, snr: Range) -> None:
    """Scale a residual to a drawn signal-to-noise ratio, and add it to the science image and the difference.

    The ratio is that of the largest value of the residual within 6 pixels of the centre, after a mean over 3 x 3
    pixels, to half the noise of a pixel of the difference.

    Parameters
    ----------
    cutout : EditedCutout
        The triplet, changed in place.
    residual : ndarray of float32, (y, x)
        The shape of the residual, in any unit.
    rng : Generator
        Source of the draws.
    snr : pair of float
        Range of the ratio, drawn with equal probability per unit of its logarithm.
    """
    near = distance(cutout) <= 6
    smooth = ndimage.uniform_filter(residual, 3)
    height = float(np.abs(smooth[near]).max()) + 1e-9
    wanted = np.exp(rng.uniform(*np.log(snr))) * max(float(cutout.noise[DIFFERENCE]), 1e-6) / 2
    change = (residual * np.float32(wanted / height)).astype(np.float32)
    cutout.pixels[..., SCIENCE] += change
    cutout.pixels[..., DIFFERENCE] += change


def mismatch(image: NDArray[np.float32], rng: np.random.Generator, blur: Range = (0.5, 1.2)) -> NDArray[np.float32]:
    """Return what a wrong matching kernel leaves: a blurred image minus the image, perhaps along one axis only."""
    wide = rng.uniform(*blur)
    narrow = wide * rng.uniform(0, 1)
    kernel = (wide, narrow) if rng.random() < 0.5 else (narrow, wide)
    return (ndimage.gaussian_filter(image, kernel) - image).astype(np.float32)


def shifted(image: NDArray[np.float32], rng: np.random.Generator, shift: Range = (0.1, 0.8)) -> NDArray[np.float32]:
    """Return what a wrong alignment leaves: the image moved by a fraction of a pixel, minus the image."""
    angle, size = rng.uniform(0, 2 * np.pi), rng.uniform(*shift)
    moved = ndimage.shift(image, (size * np.sin(angle), size * np.cos(angle)), order=1, mode="nearest")
    return (moved - image).astype(np.float32)


def smooth_field(shape: tuple[int, ...], rng: np.random.Generator, scale: float) -> NDArray[np.float32]:
    """Return a smooth random field whose largest departure from 0 is 1."""
    field = ndimage.gaussian_filter(rng.standard_normal(shape, dtype=np.float32), scale, mode="wrap")
    return field / (np.abs(field).max() + 1e-9)
