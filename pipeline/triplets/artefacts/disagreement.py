"""Artefacts that the three images contradict: off the claimed position, missing light, a foreign difference.

Tested by tests/pipeline/triplets/artefacts/test_artefacts.py.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SettingsError
from pipeline.triplets.artefacts.light import anywhere, peak, write
from pipeline.triplets.artefacts.registry import artefact
from pipeline.triplets.artefacts.residues import leave
from pipeline.triplets.artefacts.settings import ArtefactSettings, Range
from pipeline.triplets.editing import DIFFERENCE, SCIENCE, TEMPLATE, EditedCutout, distance, source_image


@dataclass(frozen=True, kw_only=True)
class OffCentre(ArtefactSettings):
    """A source beside the claimed place.

    Attributes
    ----------
    snr : range
        Of the source.
    away_pixel : range, in pixel
        From the claimed place to the source.
    width_pixel : range, in pixel
        FWHM / 2.3548 of the source.
    """

    snr: Range = (8.0, 100.0)
    away_pixel: Range = (3.0, 7.0)
    width_pixel: Range = (0.8, 1.4)


@artefact("off_centre", OffCentre, weight=0.02, centred=False)
def off_centre(cutout: EditedCutout, rng: np.random.Generator, settings: OffCentre) -> None:
    """Leave a source, or the wing of one, 3 to 7 pixels off the claimed position."""
    angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(*settings.away_pixel)
    residual = source_image(cutout, rng.uniform(*settings.width_pixel), away * np.sin(angle), away * np.cos(angle))
    leave(cutout, residual, rng, settings.snr)


@dataclass(frozen=True, kw_only=True)
class NegativeResidual(ArtefactSettings):
    """A hole in the difference that no fading source made.

    Attributes
    ----------
    snr : range
        Of the hole.
    template_share : float
        How many are a defect of the template; the others a shadow in the science image.
    shadow_radius_pixel : range, in pixel
        Radius of the shadow of dust.
    width_pixel : range, in pixel
        FWHM / 2.3548 of the template's defect, below that of any star.
    stretch : range
        Elongation of the template's defect.
    """

    snr: Range = (6.0, 80.0)
    template_share: float = 0.5
    shadow_radius_pixel: Range = (1.5, 7.0)
    width_pixel: Range = (0.2, 0.55)
    stretch: Range = (0.2, 1.5)


@artefact("negative_residual", NegativeResidual, weight=0.02)
def negative_residual(cutout: EditedCutout, rng: np.random.Generator, settings: NegativeResidual) -> None:
    """Leave a hole without a fading source: dust in the light path, or a particle coadded into the template."""
    anywhere(cutout, rng)
    height = peak(cutout, rng, settings.snr)
    if rng.random() < settings.template_share:
        width, stretch = rng.uniform(*settings.width_pixel), rng.uniform(*settings.stretch)
        spot = source_image(cutout, width, *rng.uniform(-0.5, 0.5, 2), stretch=stretch, angle=rng.uniform(0, np.pi))
        write(cutout, height / spot.max() * spot, rng, template_share=1.0)
        return
    radius = rng.uniform(*settings.shadow_radius_pixel)
    edge = radius * rng.uniform(0.1, 0.3)
    near = distance(cutout, *rng.uniform(-1, 1, 2))
    shadow = 1 / (1 + np.exp(np.clip((near - radius) / edge, -30, 30)))
    # an obstructed telescope throws rings: the middle of the shadow is lit again
    ring = rng.uniform(0, 0.8) * np.exp(-0.5 * (near / (0.35 * radius)) ** 2)
    write(cutout, (-height * (shadow - ring)).astype(np.float32), rng)


@dataclass(frozen=True, kw_only=True)
class Contradiction(ArtefactSettings):
    """A source that the three images do not agree on.

    Attributes
    ----------
    snr : range
        Of the source in the difference.
    width_pixel : range, in pixel
        FWHM / 2.3548 of the source.
    difference_alone_share : float
        How many have it in the difference alone.
    displaced_share : float
        How many have it at another place in the science image; the others have it in science image and template
        alike, so that nothing should be left.
    displaced_pixel : range, in pixel
        From the one place to the other.
    """

    snr: Range = (8.0, 100.0)
    width_pixel: Range = (0.8, 1.5)
    difference_alone_share: float = 0.4
    displaced_share: float = 0.3
    displaced_pixel: Range = (3.0, 12.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.difference_alone_share + self.displaced_share > 1:
            raise SettingsError(
                f"difference_alone_share {self.difference_alone_share} and displaced_share {self.displaced_share}; "
                "allowed: together at most 1"
            )


@artefact("contradiction", Contradiction, weight=0.02)
def contradiction(cutout: EditedCutout, rng: np.random.Generator, settings: Contradiction) -> None:
    """Make cutouts that contradict each other: the difference holds a source that science minus template does not."""
    y, x = rng.uniform(-0.5, 0.5, 2)
    profile = source_image(cutout, rng.uniform(*settings.width_pixel), y, x, beta=rng.uniform(2.8, 6))
    light = peak(cutout, rng, settings.snr) * profile
    cutout.pixels[..., DIFFERENCE] += light
    drawn = rng.random() - settings.difference_alone_share
    if drawn < 0:
        return
    if drawn < settings.displaced_share:
        cutout.pixels[..., SCIENCE] += _moved(light, rng, settings.displaced_pixel)
        return
    cutout.pixels[..., SCIENCE] += light
    cutout.pixels[..., TEMPLATE] += light


def _moved(light: NDArray[np.float32], rng: np.random.Generator, away: Range) -> NDArray[np.float32]:
    """Return the light moved by whole pixels."""
    angle, size = rng.uniform(0, 2 * np.pi), rng.uniform(*away)
    shift = (round(size * np.sin(angle)), round(size * np.cos(angle)))
    return np.roll(light, shift, axis=(0, 1))
