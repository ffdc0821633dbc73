"""Artefacts of a few pixels: cosmic rays, hot and dead pixels.

Tested by tests/pipeline/triplets/artefacts/test_artefacts.py.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from pipeline.triplets.artefacts.light import anywhere, either, offsets, peak, write
from pipeline.triplets.artefacts.registry import artefact
from pipeline.triplets.artefacts.settings import ArtefactSettings, Range
from pipeline.triplets.editing import EditedCutout


@dataclass(frozen=True, kw_only=True)
class CosmicRay(ArtefactSettings):
    """A dot or a short track.

    Attributes
    ----------
    snr : range
        Of the peak; a dot between two pixels shows less.
    width_pixel : range, in pixel
        Gaussian width, below that of any star.
    track_share : float
        How many are tracks, the others dots.
    half_length_pixel : range, in pixel
        Half the length of a track.
    """

    snr: Range = (8.0, 150.0)
    width_pixel: Range = (0.2, 0.55)
    track_share: float = 0.5
    half_length_pixel: Range = (0.3, 6.0)


@artefact("cosmic_ray", CosmicRay, weight=0.1)
def cosmic_ray(cutout: EditedCutout, rng: np.random.Generator, settings: CosmicRay) -> None:
    """Let a particle hit: a few pixels in one exposure, sharper than any star, a dot or a short track."""
    anywhere(cutout, rng)
    dy, dx = offsets(cutout)
    angle = rng.uniform(0, np.pi)
    shares = [1 - settings.track_share, settings.track_share]
    half = rng.choice([0.0, rng.uniform(*settings.half_length_pixel)], p=shares)
    sy, sx = rng.uniform(-0.5, 0.5, 2)
    along = np.cos(angle) * (dx - sx) + np.sin(angle) * (dy - sy)
    across = -np.sin(angle) * (dx - sx) + np.cos(angle) * (dy - sy)
    beyond = np.maximum(np.abs(along) - half, 0)
    light = np.exp(-0.5 * (across**2 + beyond**2) / rng.uniform(*settings.width_pixel) ** 2)
    write(cutout, (peak(cutout, rng, settings.snr) * light).astype(np.float32), rng)


@dataclass(frozen=True, kw_only=True)
class HotPixel(ArtefactSettings):
    """A few single pixels.

    Attributes
    ----------
    snr : range
        Of the highest.
    pixels_max : int
        Most of them; a single one is twice as likely as any other number.
    bright_share : float
        How many are bright, the others dark.
    softened_share : float
        How many were softened by resampling.
    softened_pixel : range, in pixel
        Gaussian width of that.
    template_share : float
        How many are in the template instead.
    """

    snr: Range = (8.0, 150.0)
    pixels_max: int = 4
    bright_share: float = 0.5
    softened_share: float = 0.6
    softened_pixel: Range = (0.25, 0.6)
    template_share: float = 0.1


@artefact("hot_pixel", HotPixel, weight=0.1)
def hot_pixel(cutout: EditedCutout, rng: np.random.Generator, settings: HotPixel) -> None:
    """Set hot or dead pixels: one to four pixels, bright or dark, softened where the image was resampled."""
    anywhere(cutout, rng)
    light = np.zeros(cutout.pixels.shape[:2], dtype=np.float32)
    cy, cx = cutout.centre
    for _ in range(int(rng.choice([1, *range(1, settings.pixels_max + 1)]))):
        y, x = rng.integers(-1, 2, 2) if light.any() else (0, 0)
        light[cy + y, cx + x] += rng.uniform(0.4, 1)
    if rng.random() < settings.softened_share:
        light = ndimage.gaussian_filter(light, rng.uniform(*settings.softened_pixel))
    sign = either(rng, settings.bright_share)
    light = (sign * peak(cutout, rng, settings.snr) / light.max() * light).astype(np.float32)
    write(cutout, light, rng, settings.template_share)
