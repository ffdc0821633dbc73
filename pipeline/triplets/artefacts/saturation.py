"""What saturated stars leave: speckle, clipped cores, charge that runs along a column.

Tested by tests/pipeline/triplets/artefacts/test_artefacts.py.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from pipeline.triplets.artefacts.light import line, offsets, peak, write
from pipeline.triplets.artefacts.registry import artefact
from pipeline.triplets.artefacts.residues import leave, mismatch, shifted, structure, to_a_star
from pipeline.triplets.artefacts.settings import ArtefactSettings, Range
from pipeline.triplets.editing import DIFFERENCE, SCIENCE, TEMPLATE, EditedCutout, distance, recentre, source_image


@dataclass(frozen=True, kw_only=True)
class BrightStar(ArtefactSettings):
    """Speckle on a bright star.

    Attributes
    ----------
    snr : range
        Of the residual.
    speckle_pixel : range, in pixel
        Gaussian width of the speckle.
    gain_error : float
        Most of the star itself that stays, over the speckle.
    """

    snr: Range = (8.0, 400.0)
    speckle_pixel: Range = (0.5, 1.3)
    gain_error: float = 0.3


@artefact("bright_star", BrightStar, weight=0.1)
def bright_star(cutout: EditedCutout, rng: np.random.Generator, settings: BrightStar) -> None:
    """Leave the core of a bright or saturated star: coarse speckle as strong as the star is, of both signs."""
    to_a_star(cutout, rng, bright=True)
    image = structure(cutout, rng)
    field = rng.standard_normal(image.shape, dtype=np.float32)
    speckle = ndimage.gaussian_filter(field, rng.uniform(*settings.speckle_pixel))
    weight = np.maximum(ndimage.gaussian_filter(image, 0.7), 0) ** rng.uniform(0.6, 1.0)
    parts = (speckle * weight / (speckle.std() + 1e-9), shifted(image, rng), mismatch(image, rng), image)
    residual = np.zeros_like(image)
    for part, most in zip(parts, (1.0, 1.0, 1.0, settings.gain_error), strict=True):
        top = float(np.abs(part[distance(cutout) <= 6]).max()) + 1e-9
        residual += (rng.uniform(-most, most) / top) * part
    leave(cutout, residual, rng, settings.snr)


@dataclass(frozen=True, kw_only=True)
class SaturatedCore(ArtefactSettings):
    """A star that is cut off at full well in both images, at unlike radii.

    Attributes
    ----------
    full_well_snr : range
        Full well over the noise of the science image.
    excess : range
        Peak of the star over full well; drawn evenly in its logarithm.
    seeing_ratio : range
        Width of the star in the science image over that in the template.
    width_pixel : range, in pixel
        FWHM / 2.3548 in the template.
    scale : range
        Full well of the science image over that of the template, on the template's flux scale.
    masked_share : float
        How many miss the pixels that only the science image has at full well.
    """

    full_well_snr: Range = (60.0, 1500.0)
    excess: Range = (1.3, 20.0)
    seeing_ratio: Range = (0.75, 1.35)
    width_pixel: Range = (0.8, 1.5)
    scale: Range = (0.95, 1.05)
    masked_share: float = 0.3


@artefact("saturated_core", SaturatedCore, weight=0.02)
def saturated_core(cutout: EditedCutout, rng: np.random.Generator, settings: SaturatedCore) -> None:
    """Leave the core of a saturated star: flat at full well in both images, so the difference is plateau and ring."""
    full = float(np.exp(rng.uniform(*np.log(settings.full_well_snr)))) * max(float(cutout.noise[SCIENCE]), 1e-6)
    height = full * float(np.exp(rng.uniform(*np.log(settings.excess))))
    width, blur = rng.uniform(*settings.width_pixel), rng.uniform(*settings.seeing_ratio)
    (y, x), beta = rng.uniform(-0.5, 0.5, 2), rng.uniform(2.5, 4)
    wide = source_image(cutout, width * blur, y, x, beta=beta) * (height / blur**2)
    sharp = source_image(cutout, width, y, x, beta=beta) * height
    seen, expected = np.minimum(wide, full * rng.uniform(*settings.scale)), np.minimum(sharp, full)
    # the kernel matches what is not clipped, and spreads the edge of what is
    matched = np.where(sharp < full, wide, full)
    left = ndimage.gaussian_filter(seen - matched, rng.uniform(0.3, 0.8))
    for channel, light in ((SCIENCE, seen), (TEMPLATE, expected), (DIFFERENCE, left)):
        cutout.pixels[..., channel] += light.astype(np.float32)
    cutout.missing[distance(cutout) <= 6] = False
    if rng.random() < settings.masked_share:
        core = (wide >= full) & ~(sharp < full)
        cutout.missing[..., SCIENCE] |= core
        cutout.missing[..., DIFFERENCE] |= core


@dataclass(frozen=True, kw_only=True)
class Bleed(ArtefactSettings):
    """A saturated star above or below the candidate.

    Attributes
    ----------
    star_snr : range
        Of what the star leaves.
    snr : range
        Of the charge along the line.
    column_share : float
        How many run along a column, the others along a row.
    width_pixel : range, in pixel
        Gaussian width of the charge.
    half_length_pixel : range, in pixel
        Half its length where it ends.
    away_pixel : range, in pixel
        From the star to the candidate; whole pixels, the higher end left out.
    mask_pixel : range, in pixel
        Half the side of the missing square on the star.
    """

    star_snr: Range = (10.0, 100.0)
    snr: Range = (4.0, 60.0)
    column_share: float = 0.8
    width_pixel: Range = (0.4, 1.2)
    half_length_pixel: Range = (4.0, 25.0)
    away_pixel: Range = (3.0, 12.0)
    mask_pixel: Range = (2.0, 7.0)


@artefact("bleed", Bleed, weight=0.03)
def bleed(cutout: EditedCutout, rng: np.random.Generator, settings: Bleed) -> None:
    """Put a saturated star beside the candidate: its charge runs along a column, its core is masked."""
    to_a_star(cutout, rng, bright=True)
    leave(cutout, structure(cutout, rng), rng, settings.star_snr)
    height = peak(cutout, rng, settings.snr)
    angle = np.pi / 2 if rng.random() < settings.column_share else 0.0
    light = height * line(cutout, rng, angle, rng.uniform(*settings.width_pixel), settings.half_length_pixel)
    write(cutout, light, rng)
    nearest, farthest = (int(end) for end in settings.away_pixel)
    away = rng.integers(nearest, max(farthest, nearest + 1)) * rng.choice([-1, 1])
    recentre(cutout, int(away), int(rng.integers(-2, 3)))
    half = rng.uniform(*settings.mask_pixel)
    dy, dx = offsets(cutout)
    cutout.missing[(np.abs(dy + away) <= half) & (np.abs(dx) <= half) & (np.hypot(dy, dx) > 1.5)] = True
