"""What a subtraction leaves of things that did not change: wrong gain, clouds, shifts, wrong PSF."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.artefacts.registry import artefact
from pipeline.stamp_editing import (
    DIFFERENCE,
    SCIENCE,
    TEMPLATE,
    Stamp,
    add_neighbours,
    dim,
    distance,
    recentre,
    source_image,
    template_peaks,
)


def to_a_star(stamp: Stamp, rng: np.random.Generator, bright: bool = False) -> None:
    """Centre the stamp on a source of the template; put a constant star there where the stamp has none.

    ``bright`` prefers the brightest, and often adds a still brighter one.
    """
    peaks = template_peaks(stamp)
    if bright and rng.random() < 0.5:
        peaks = peaks[:0]
    if len(peaks) == 0:
        _add_star(stamp, rng, (100, 5000) if bright else (15, 500))
        return
    cy, cx = stamp.centre
    height = stamp.pixels[peaks[:, 0] + cy, peaks[:, 1] + cx, TEMPLATE]
    chosen = int(np.argmax(height)) if bright or rng.random() < 0.3 else int(rng.integers(len(peaks)))
    recentre(stamp, int(peaks[chosen, 0]), int(peaks[chosen, 1]))


def _add_star(stamp: Stamp, rng: np.random.Generator, peak_snr: tuple[float, float]) -> None:
    width = rng.uniform(0.8, 1.4)
    y, x = rng.uniform(-0.5, 0.5, 2)
    height = np.exp(rng.uniform(*np.log(peak_snr))) * stamp.noise[TEMPLATE]
    beta = rng.uniform(2.5, 4)
    for image, blur in ((SCIENCE, rng.uniform(0.9, 1.2)), (TEMPLATE, 1.0)):
        profile = source_image(stamp, width * blur, y, x, beta=beta)
        stamp.pixels[..., image] += (height / blur**2) * profile
    stamp.missing[distance(stamp) <= 4] = False


def structure(stamp: Stamp, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the template without sky and with its noise smoothed: what there was to subtract."""
    image = (
        np.where(stamp.missing[..., TEMPLATE], stamp.sky[TEMPLATE], stamp.pixels[..., TEMPLATE]) - stamp.sky[TEMPLATE]
    )
    smooth = ndimage.gaussian_filter(image, rng.uniform(0.4, 0.9))
    return np.where(np.abs(image) > 6 * stamp.noise[TEMPLATE], image, smooth).astype(np.float32)


def leave(stamp: Stamp, residual: NDArray[np.float32], rng: np.random.Generator, snr: tuple[float, float]) -> None:
    """Scale a residual to a drawn peak signal to noise ratio and leave it in science image and difference."""
    near = distance(stamp) <= 6
    smooth = ndimage.uniform_filter(residual, 3)
    height = float(np.abs(smooth[near]).max()) + 1e-9
    wanted = np.exp(rng.uniform(*np.log(snr))) * max(float(stamp.noise[DIFFERENCE]), 1e-6) / 2
    change = (residual * np.float32(wanted / height)).astype(np.float32)
    stamp.pixels[..., SCIENCE] += change
    stamp.pixels[..., DIFFERENCE] += change


def _either(rng: np.random.Generator) -> float:
    return 1.0 if rng.random() < 0.6 else -1.0


def _mismatch(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return what a wrong matching kernel leaves: a blurred image less the image, perhaps along one axis."""
    wide = rng.uniform(0.5, 1.2)
    narrow = wide * rng.uniform(0, 1)
    kernel = (wide, narrow) if rng.random() < 0.5 else (narrow, wide)
    return (ndimage.gaussian_filter(image, kernel) - image).astype(np.float32)


def _shifted(image: NDArray[np.float32], rng: np.random.Generator, most: float = 0.8) -> NDArray[np.float32]:
    """Return what a wrong alignment leaves: the image moved by a fraction of a pixel less the image."""
    angle, size = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, most)
    moved = ndimage.shift(image, (size * np.sin(angle), size * np.cos(angle)), order=1, mode="nearest")
    return (moved - image).astype(np.float32)


@artefact("gain", weight=0.16)
def gain(stamp: Stamp, rng: np.random.Generator) -> None:
    """A wrong flux scale: every constant source leaves a copy of itself, most of all the one detected."""
    if rng.random() < 0.3:
        add_neighbours(stamp, rng, int(np.exp(rng.uniform(1, 4))))
    to_a_star(stamp, rng)
    image = structure(stamp, rng)
    residual = (
        _either(rng) * image + rng.uniform(0, 0.6) * _shifted(image, rng) + rng.uniform(0, 0.8) * _mismatch(image, rng)
    )
    leave(stamp, residual.astype(np.float32), rng, (6, 80))


@artefact("cloud", weight=0.2)
def cloud(stamp: Stamp, rng: np.random.Generator) -> None:
    """Cloud in the science image: sources are dim in it, uneven in gain, and the sky is uneven as well."""
    if rng.random() < 0.6:
        add_neighbours(stamp, rng, int(np.exp(rng.uniform(1.5, 4.5))))
    to_a_star(stamp, rng, bright=rng.random() < 0.5)
    image = structure(stamp, rng)
    dim(stamp, rng, float(np.exp(rng.uniform(np.log(0.02), np.log(0.9)))))
    uneven = 1 + rng.uniform(0, 0.5) * _smooth_field(image.shape, rng, 12)
    residual = (
        _either(rng) * uneven * image
        + rng.uniform(0, 0.5) * _shifted(image, rng)
        + rng.uniform(0, 0.8) * _mismatch(image, rng)
    )
    leave(stamp, residual.astype(np.float32), rng, (5, 40))
    if rng.random() < 0.3:
        waves = rng.uniform(0, 1) * stamp.noise[DIFFERENCE] * _smooth_field(image.shape, rng, 10)
        stamp.pixels[..., SCIENCE] += waves
        stamp.pixels[..., DIFFERENCE] += waves


def _smooth_field(shape: tuple[int, ...], rng: np.random.Generator, scale: float) -> NDArray[np.float32]:
    field = ndimage.gaussian_filter(rng.standard_normal(shape, dtype=np.float32), scale, mode="wrap")
    return field / (np.abs(field).max() + 1e-9)


@artefact("dipole", weight=0.07)
def dipole(stamp: Stamp, rng: np.random.Generator) -> None:
    """Wrong alignment: a source leaves one bright and one dark half."""
    to_a_star(stamp, rng, bright=rng.random() < 0.5)
    image = structure(stamp, rng)
    residual = _shifted(image, rng) + rng.uniform(-0.05, 0.05) * image
    leave(stamp, residual.astype(np.float32), rng, (7, 200))


@artefact("psf_mismatch", weight=0.07)
def psf_mismatch(stamp: Stamp, rng: np.random.Generator) -> None:
    """A wrong PSF: a source leaves a dark or bright core in a ring of the other sign."""
    to_a_star(stamp, rng, bright=rng.random() < 0.5)
    image = structure(stamp, rng)
    residual = _either(rng) * _mismatch(image, rng) + 0.3 * rng.uniform(0, 1) * _shifted(image, rng)
    leave(stamp, residual.astype(np.float32), rng, (7, 200))


@artefact("bright_star", weight=0.1)
def bright_star(stamp: Stamp, rng: np.random.Generator) -> None:
    """Core of a bright or saturated star: coarse speckle as strong as the star is, of both signs."""
    to_a_star(stamp, rng, bright=True)
    image = structure(stamp, rng)
    speckle = ndimage.gaussian_filter(rng.standard_normal(image.shape, dtype=np.float32), rng.uniform(0.5, 1.3))
    weight = np.maximum(ndimage.gaussian_filter(image, 0.7), 0) ** rng.uniform(0.6, 1.0)
    parts = (speckle * weight / (speckle.std() + 1e-9), _shifted(image, rng), _mismatch(image, rng), image)
    residual = np.zeros_like(image)
    for part, most in zip(parts, (1.0, 1.0, 1.0, 0.3), strict=True):
        top = float(np.abs(part[distance(stamp) <= 6]).max()) + 1e-9
        residual += (rng.uniform(-most, most) / top) * part
    leave(stamp, residual, rng, (8, 400))


@artefact("off_centre", weight=0.02, centred=False)
def off_centre(stamp: Stamp, rng: np.random.Generator) -> None:
    """A source or the wing of one that lies 3 to 7 pixels off the claimed place."""
    angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(3, 7)
    residual = source_image(stamp, rng.uniform(0.8, 1.4), away * np.sin(angle), away * np.cos(angle))
    leave(stamp, residual, rng, (8, 100))
