"""Artefacts of missing pixels: borders and masks, lost rows and columns.

Tested by tests/pipeline/triplets/artefacts/test_artefacts.py.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.triplets.artefacts.light import either, offsets, peak, write
from pipeline.triplets.artefacts.registry import artefact
from pipeline.triplets.artefacts.settings import ArtefactSettings, Range
from pipeline.triplets.editing import DIFFERENCE, SCIENCE, TEMPLATE, EditedCutout, source_image


@dataclass(frozen=True, kw_only=True)
class MaskedEdge(ArtefactSettings):
    """A border beside the candidate.

    Attributes
    ----------
    depth_pixel : range, in pixel
        From the candidate to the border.
    rim_snr : range
        Of the light along the border.
    spot_snr : range
        Of the candidate.
    rim_width_pixel : range, in pixel
        How fast the light along the border falls off.
    ringing : range, in rad/pixel
        Of that light, its phase over the distance from the border.
    bright_share : float
        How many are bright, the others dark.
    template_share : float
        How many have their light in the template instead.
    """

    depth_pixel: Range = (1.0, 6.0)
    rim_snr: Range = (2.0, 20.0)
    spot_snr: Range = (4.0, 40.0)
    rim_width_pixel: Range = (0.7, 2.5)
    ringing: Range = (0.0, 2.5)
    bright_share: float = 0.5
    template_share: float = 0.1


@artefact("masked_edge", MaskedEdge, weight=0.03, centred=False)
def masked_edge(cutout: EditedCutout, rng: np.random.Generator, settings: MaskedEdge) -> None:
    """Put the border of an image or a mask beside the candidate, with ringing or a lit rim along it."""
    dy, dx = offsets(cutout)
    angle = rng.choice([0.0, np.pi / 2, np.pi, 1.5 * np.pi, rng.uniform(0, 2 * np.pi)])
    depth = np.cos(angle) * dx + np.sin(angle) * dy - rng.uniform(*settings.depth_pixel)
    sign = either(rng, settings.bright_share)
    rim = np.exp(-np.abs(depth) / rng.uniform(*settings.rim_width_pixel)) * np.cos(
        depth * rng.uniform(*settings.ringing)
    )
    spot = source_image(cutout, rng.uniform(0.6, 1.8), stretch=rng.uniform(0, 0.6), angle=angle + np.pi / 2)
    light = sign * (peak(cutout, rng, settings.rim_snr) * rim + peak(cutout, rng, settings.spot_snr) * spot)
    write(cutout, light.astype(np.float32), rng, settings.template_share)
    cutout.missing[depth > 0.5] = True


@dataclass(frozen=True, kw_only=True)
class NanRows(ArtefactSettings):
    """Missing rows or columns across the candidate.

    Attributes
    ----------
    lines_max : int
        Most missing lines side by side.
    away_pixel : range, in pixel
        From the candidate to the middle of the gap; 0 cuts through it.
    row_share : float
        How many are rows, the others columns.
    whole_share : float
        How many run from border to border; the others begin at a place within 12 pixels.
    template_share : float
        How many miss the template's pixels as well.
    snr : range
        Of the ringing beside the gap.
    ringing : range, in rad/pixel
        Phase of the ringing over the distance from the gap.
    decay_width_pixel : range, in pixel
        How fast the ringing falls off with the distance from the gap.
    """

    lines_max: int = 4
    away_pixel: Range = (0.0, 2.5)
    row_share: float = 0.5
    whole_share: float = 0.7
    template_share: float = 0.3
    snr: Range = (4.0, 60.0)
    ringing: Range = (1.5, 3.1)
    decay_width_pixel: Range = (0.6, 2.0)


@artefact("nan_rows", NanRows, weight=0.02, centred=False)
def nan_rows(cutout: EditedCutout, rng: np.random.Generator, settings: NanRows) -> None:
    """Lose rows or columns across the candidate: resampling rings beside the gap, and the ringing is what is found."""
    dy, dx = offsets(cutout)
    is_row = rng.random() < settings.row_share
    across, along = (dy, dx) if is_row else (dx, dy)
    across = across - rng.uniform(*settings.away_pixel) * either(rng)
    half = 0.5 * rng.integers(1, settings.lines_max + 1)
    beyond = np.maximum(np.abs(across) - half, 0)
    ringing = np.exp(-beyond / rng.uniform(*settings.decay_width_pixel)) * np.cos(
        beyond * rng.uniform(*settings.ringing)
    )
    patch = np.exp(-0.5 * (along / rng.uniform(0.8, 8)) ** 2)
    light = either(rng) * peak(cutout, rng, settings.snr) * ringing * patch
    write(cutout, light.astype(np.float32), rng)
    gap = np.abs(across) <= half
    if rng.random() >= settings.whole_share:
        gap = gap & (either(rng) * (along - rng.uniform(-12, 12)) > 0)
    gap = np.broadcast_to(gap, cutout.pixels.shape[:2])
    cutout.missing[..., SCIENCE] |= gap
    cutout.missing[..., DIFFERENCE] |= gap
    if rng.random() < settings.template_share:
        cutout.missing[..., TEMPLATE] |= gap
