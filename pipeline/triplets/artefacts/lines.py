"""Artefacts that run along a line: trails, bad columns, echoes.

Tested by tests/pipeline/triplets/artefacts/test_artefacts.py.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.errors import SettingsError
from pipeline.triplets.artefacts.light import anywhere, either, line, peak, write
from pipeline.triplets.artefacts.registry import artefact
from pipeline.triplets.artefacts.settings import ArtefactSettings, Range
from pipeline.triplets.editing import EditedCutout, source_image


@dataclass(frozen=True, kw_only=True)
class Trail(ArtefactSettings):
    """A line at any angle.

    Attributes
    ----------
    snr : range
        Of the line.
    width_pixel : range, in pixel
        Gaussian width across.
    half_length_pixel : range, in pixel
        Half the length of a line that ends.
    whole_share : float
        How many run from border to border.
    spot_share : float
        How many have a spot on them, which is what was detected.
    spot_snr : range
        Of that spot.
    template_share : float
        How many are in the template instead.
    """

    snr: Range = (2.0, 40.0)
    width_pixel: Range = (0.5, 2.5)
    half_length_pixel: Range = (4.0, 25.0)
    whole_share: float = 0.5
    spot_share: float = 0.4
    spot_snr: Range = (5.0, 40.0)
    template_share: float = 0.1


@artefact("trail", Trail, weight=0.08)
def trail(cutout: EditedCutout, rng: np.random.Generator, settings: Trail) -> None:
    """Draw a satellite, an aircraft or the spike of a bright star: a line at any angle, steady or flashing."""
    anywhere(cutout, rng)
    angle, width = rng.uniform(0, np.pi), rng.uniform(*settings.width_pixel)
    height = peak(cutout, rng, settings.snr)
    light = height * line(cutout, rng, angle, width, settings.half_length_pixel, settings.whole_share)
    if rng.random() < settings.spot_share:
        light = light + peak(cutout, rng, settings.spot_snr) * source_image(
            cutout, rng.uniform(0.6, 1.3), stretch=rng.uniform(0, 0.5), angle=angle
        )
    write(cutout, light, rng, settings.template_share)


@dataclass(frozen=True, kw_only=True)
class BadColumn(ArtefactSettings):
    """A line along a column or a row.

    Attributes
    ----------
    snr : range
        Of the line.
    width_pixel : range, in pixel
        Gaussian width across.
    half_length_pixel : range, in pixel
        Half the length of one that is cut.
    whole_share : float
        How many run from border to border.
    row_share : float
        How many lie along a row, the others along a column.
    bright_share : float
        How many are bright, the others dark.
    spot_share : float
        How many have a spot on them, which is what was detected.
    spot_snr : range
        Of that spot.
    template_share : float
        How many are in the template instead.
    """

    snr: Range = (1.0, 30.0)
    width_pixel: Range = (0.25, 0.8)
    half_length_pixel: Range = (4.0, 25.0)
    whole_share: float = 0.5
    row_share: float = 0.35
    bright_share: float = 0.5
    spot_share: float = 0.7
    spot_snr: Range = (5.0, 60.0)
    template_share: float = 0.1


@artefact("bad_column", BadColumn, weight=0.06)
def bad_column(cutout: EditedCutout, rng: np.random.Generator, settings: BadColumn) -> None:
    """Draw bad columns or rows of the detector, bright or dark, whole or cut, at times with a hot spot on them."""
    anywhere(cutout, rng)
    angle = 0.0 if rng.random() < settings.row_share else np.pi / 2
    sign = either(rng, settings.bright_share)
    height = sign * peak(cutout, rng, settings.snr)
    width = rng.uniform(*settings.width_pixel)
    light = height * line(cutout, rng, angle, width, settings.half_length_pixel, settings.whole_share)
    if rng.random() < settings.spot_share:
        light = light + sign * peak(cutout, rng, settings.spot_snr) * source_image(
            cutout, rng.uniform(0.4, 1.2), stretch=rng.uniform(0, 0.5), angle=angle
        )
    write(cutout, light.astype(np.float32), rng, settings.template_share)


@dataclass(frozen=True, kw_only=True)
class Echoes(ArtefactSettings):
    """Seven equal spots in a line.

    Attributes
    ----------
    snr : range
        Of the middle spot.
    width_pixel : range, in pixel
        FWHM / 2.3548 of the spots.
    step_pixel : range, in pixel
        From one to the next.
    row_share : float
        How many lie along a row.
    column_share : float
        How many lie along a column; the others at any angle.
    """

    snr: Range = (4.0, 50.0)
    width_pixel: Range = (0.6, 1.6)
    step_pixel: Range = (7.0, 25.0)
    row_share: float = 0.4
    column_share: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.row_share + self.column_share > 1:
            raise SettingsError(
                f"row_share {self.row_share} and column_share {self.column_share}; allowed: together at most 1"
            )


@artefact("echoes", Echoes, weight=0.04)
def echoes(cutout: EditedCutout, rng: np.random.Generator, settings: Echoes) -> None:
    """Draw cross-talk, ghosts and flashes: the same spot again and again along a row or a line."""
    anywhere(cutout, rng)
    tilted = max(1.0 - settings.row_share - settings.column_share, 0.0)
    angle = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)], p=[settings.row_share, settings.column_share, tilted])
    step, width = rng.uniform(*settings.step_pixel), rng.uniform(*settings.width_pixel)
    height = peak(cutout, rng, settings.snr)
    light = np.zeros(cutout.pixels.shape[:2], dtype=np.float32)
    for k in (-3, -2, -1, 0, 1, 2, 3):
        strength = rng.uniform(0.5, 1.2) if k else 1.0
        light += height * strength * source_image(cutout, width, k * step * np.sin(angle), k * step * np.cos(angle))
    write(cutout, light, rng)
