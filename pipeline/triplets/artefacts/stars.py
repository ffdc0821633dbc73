"""What a subtraction leaves of constant stars: wrong gain, clouds, shifts, wrong PSF.

Tested by tests/pipeline/triplets/artefacts/test_artefacts.py.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.triplets.artefacts.light import either
from pipeline.triplets.artefacts.registry import artefact
from pipeline.triplets.artefacts.residues import leave, mismatch, shifted, smooth_field, structure, to_a_star
from pipeline.triplets.artefacts.settings import ArtefactSettings, Range
from pipeline.triplets.editing import DIFFERENCE, SCIENCE, EditedCutout, add_neighbours, dim


@dataclass(frozen=True, kw_only=True)
class Gain(ArtefactSettings):
    """A copy of every source.

    Attributes
    ----------
    snr : range
        Of the residual.
    positive_share : float
        How many have too bright a science image.
    shifted : range
        How much of a shift goes with it, over the copy.
    mismatched : range
        How much of a wrong PSF goes with it, over the copy.
    crowded_share : float
        How many cutouts get more constant stars.
    log_neighbours : range
        Natural logarithm of how many stars.
    """

    snr: Range = (6.0, 80.0)
    positive_share: float = 0.6
    shifted: Range = (0.0, 0.6)
    mismatched: Range = (0.0, 0.8)
    crowded_share: float = 0.3
    log_neighbours: Range = (1.0, 4.0)


@artefact("gain", Gain, weight=0.16)
def gain(cutout: EditedCutout, rng: np.random.Generator, settings: Gain) -> None:
    """Take a wrong flux scale: every constant source leaves a copy of itself, most of all the one detected."""
    if rng.random() < settings.crowded_share:
        add_neighbours(cutout, rng, int(np.exp(rng.uniform(*settings.log_neighbours))))
    to_a_star(cutout, rng)
    image = structure(cutout, rng)
    residual = (
        either(rng, settings.positive_share) * image
        + rng.uniform(*settings.shifted) * shifted(image, rng)
        + rng.uniform(*settings.mismatched) * mismatch(image, rng)
    )
    leave(cutout, residual.astype(np.float32), rng, settings.snr)


@dataclass(frozen=True, kw_only=True)
class Cloud(ArtefactSettings):
    """Lost and uneven light.

    Attributes
    ----------
    snr : range
        Of the residual.
    through : range
        Share of the light that reaches the science image, drawn evenly in its logarithm.
    unevenness : range
        How much the gain varies over the cutout.
    positive_share : float
        How many leave a bright copy of the sources.
    shifted : range
        How much of a shift goes with it, over the copy.
    mismatched : range
        How much of a wrong PSF goes with it, over the copy.
    crowded_share : float
        How many cutouts get more constant stars.
    log_neighbours : range
        Natural logarithm of how many stars.
    wavy_share : float
        How many have waves of the sky, up to the noise of the difference.
    """

    snr: Range = (5.0, 40.0)
    through: Range = (0.02, 0.9)
    unevenness: Range = (0.0, 0.5)
    positive_share: float = 0.6
    shifted: Range = (0.0, 0.5)
    mismatched: Range = (0.0, 0.8)
    crowded_share: float = 0.6
    log_neighbours: Range = (1.5, 4.5)
    wavy_share: float = 0.3


@artefact("cloud", Cloud, weight=0.2)
def cloud(cutout: EditedCutout, rng: np.random.Generator, settings: Cloud) -> None:
    """Put cloud in the science image: sources are dim in it, uneven in gain, and the sky is uneven as well."""
    if rng.random() < settings.crowded_share:
        add_neighbours(cutout, rng, int(np.exp(rng.uniform(*settings.log_neighbours))))
    to_a_star(cutout, rng, bright=rng.random() < 0.5)
    image = structure(cutout, rng)
    dim(cutout, rng, float(np.exp(rng.uniform(*np.log(settings.through)))))
    uneven = 1 + rng.uniform(*settings.unevenness) * smooth_field(image.shape, rng, 12)
    residual = (
        either(rng, settings.positive_share) * uneven * image
        + rng.uniform(*settings.shifted) * shifted(image, rng)
        + rng.uniform(*settings.mismatched) * mismatch(image, rng)
    )
    leave(cutout, residual.astype(np.float32), rng, settings.snr)
    if rng.random() < settings.wavy_share:
        waves = rng.uniform(0, 1) * cutout.noise[DIFFERENCE] * smooth_field(image.shape, rng, 10)
        cutout.pixels[..., SCIENCE] += waves
        cutout.pixels[..., DIFFERENCE] += waves


@dataclass(frozen=True, kw_only=True)
class Dipole(ArtefactSettings):
    """A source less itself, moved.

    Attributes
    ----------
    snr : range
        Of the residual.
    shift_pixel : range, in pixel
        How far the alignment is off.
    gain_error : float
        Most of the source that stays besides, of either sign, over its flux.
    bright_share : float
        How many are of a bright star.
    """

    snr: Range = (7.0, 200.0)
    shift_pixel: Range = (0.1, 0.8)
    gain_error: float = 0.05
    bright_share: float = 0.5


@artefact("dipole", Dipole, weight=0.07)
def dipole(cutout: EditedCutout, rng: np.random.Generator, settings: Dipole) -> None:
    """Align wrongly: a source leaves one bright and one dark half."""
    to_a_star(cutout, rng, bright=rng.random() < settings.bright_share)
    image = structure(cutout, rng)
    residual = (
        shifted(image, rng, settings.shift_pixel) + rng.uniform(-settings.gain_error, settings.gain_error) * image
    )
    leave(cutout, residual.astype(np.float32), rng, settings.snr)


@dataclass(frozen=True, kw_only=True)
class PsfMismatch(ArtefactSettings):
    """A source less itself, blurred.

    Attributes
    ----------
    snr : range
        Of the residual.
    blur_pixel : range, in pixel
        Gaussian width of the missing blur along its wider axis.
    shifted : range
        How much of a shift goes with it, over the blur.
    positive_share : float
        How many leave a dark core in a bright ring.
    bright_share : float
        How many are of a bright star.
    """

    snr: Range = (7.0, 200.0)
    blur_pixel: Range = (0.5, 1.2)
    shifted: Range = (0.0, 0.3)
    positive_share: float = 0.6
    bright_share: float = 0.5


@artefact("psf_mismatch", PsfMismatch, weight=0.07)
def psf_mismatch(cutout: EditedCutout, rng: np.random.Generator, settings: PsfMismatch) -> None:
    """Match with a wrong PSF: a source leaves a dark or bright core in a ring of the other sign."""
    to_a_star(cutout, rng, bright=rng.random() < settings.bright_share)
    image = structure(cutout, rng)
    residual = either(rng, settings.positive_share) * mismatch(image, rng, settings.blur_pixel)
    residual = residual + rng.uniform(*settings.shifted) * shifted(image, rng)
    leave(cutout, residual.astype(np.float32), rng, settings.snr)
