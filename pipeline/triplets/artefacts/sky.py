"""Artefacts of sky and optics: clumps of noise, stray light.

Tested by tests/pipeline/triplets/artefacts/test_artefacts.py.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from pipeline.triplets.artefacts.light import anywhere, peak, write
from pipeline.triplets.artefacts.registry import artefact
from pipeline.triplets.artefacts.settings import ArtefactSettings, Range
from pipeline.triplets.editing import DIFFERENCE, EditedCutout, distance


@dataclass(frozen=True, kw_only=True)
class Noise(ArtefactSettings):
    """Clumps of noise.

    Attributes
    ----------
    strength : range
        Standard deviation of the added clumps over the noise of the difference.
    width_pixel : range, in pixel
        Gaussian width of a clump.
    template_share : float
        How many are in the template instead.
    """

    strength: Range = (0.7, 2.0)
    width_pixel: Range = (0.5, 4.0)
    template_share: float = 0.3


@artefact("noise", Noise, weight=0.02)
def noise(cutout: EditedCutout, rng: np.random.Generator, settings: Noise) -> None:
    """Leave no source: a clump of correlated noise, a stripe pattern or an uneven sky, picked up as a source."""
    anywhere(cutout, rng)
    shape = cutout.pixels.shape[:2]
    field = rng.standard_normal(shape, dtype=np.float32)
    clumps = ndimage.gaussian_filter(field, rng.uniform(*settings.width_pixel))
    clumps *= rng.uniform(*settings.strength) * cutout.noise[DIFFERENCE] / clumps.std()
    write(cutout, clumps.astype(np.float32), rng, settings.template_share)


@dataclass(frozen=True, kw_only=True)
class Ghost(ArtefactSettings):
    """A disc of stray light.

    Attributes
    ----------
    snr : range
        Of the disc.
    radius_pixel : range, in pixel
        Of the disc.
    edge_pixel : range, in pixel
        How soft its rim is.
    off_centre_pixel : float, in pixel
        Most that its middle is off the cutout's, along each axis.
    template_share : float
        How many are in the template instead.
    """

    snr: Range = (2.0, 15.0)
    radius_pixel: Range = (3.0, 20.0)
    edge_pixel: Range = (0.4, 3.0)
    off_centre_pixel: float = 12.0
    template_share: float = 0.1


@artefact("ghost", Ghost, weight=0.01)
def ghost(cutout: EditedCutout, rng: np.random.Generator, settings: Ghost) -> None:
    """Add stray light: a wide soft disc or its rim, far wider than the seeing."""
    y, x = rng.uniform(-settings.off_centre_pixel, settings.off_centre_pixel, 2)
    near, radius = distance(cutout, y, x), rng.uniform(*settings.radius_pixel)
    light = 1 / (1 + np.exp(np.clip((near - radius) / rng.uniform(*settings.edge_pixel), -30, 30)))
    write(cutout, (peak(cutout, rng, settings.snr) * light).astype(np.float32), rng, settings.template_share)
