"""Data sets of several samplings joined into one, each brought to the sampling of the features by its own PSF.

Tested by tests/models/training/test_joined.py.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.inputs.contract import FEATURES_SIDE
from models.inputs.image_sampling import measured_fwhm
from models.training.in_memory import MemoryDataSet
from pipeline.datasets.dataset import DataSet
from pipeline.errors import SettingsError
from pipeline.features.sampling import resampled, sampling_factor
from pipeline.fingerprint import fingerprint
from pipeline.rng import stream

log = logging.getLogger(__name__)

REVISION: Final = 1
"""Raised when the same data sets are joined into other rows."""

_PARTS: Final = ("train", "validation", "test")
_BLOCK_ROWS: Final = 512
_KEPT: Final = ("candidate_id", "object_id", "group_id", "label", "label_source", "kind")


@dataclass(frozen=True, kw_only=True)
class Joining:
    """How rows of several skies become rows of one.

    Attributes
    ----------
    side_pixel : int
        Side of the joined cutouts, odd.
    smaller_share : float
        Share of rows of which only a smaller square is left, of any odd side from `FEATURES_SIDE` on.
    without_template_share : float
        Share of rows whose template is taken away.
    """

    side_pixel: int = 45
    smaller_share: float = 0.3
    without_template_share: float = 0.25


def joined(datasets: Sequence[DataSet], how: Joining, *, survey: str, seed: int) -> MemoryDataSet:
    """Return one data set of the rows of several, in memory, shuffled.

    Parameters
    ----------
    datasets : sequence of DataSet
        Of the same channels and classes, with raw pixels.
    how : Joining
    survey : str
        What the joined survey is called; ids get the name of their own in front.
    seed : int
        Of the order of rows, and of which lose their template or their border.

    Raises
    ------
    SettingsError
        When they differ in channels or classes, or pixels are not raw.
    """
    _require_alike(datasets)
    factors = [_factor(dataset) for dataset in datasets]
    parts = {}
    for part in _PARTS:
        rows = pd.concat([_named(dataset, part) for dataset in datasets], ignore_index=True)
        pixels = np.concatenate(
            [
                _resampled(dataset, part, factor, how.side_pixel)
                for dataset, factor in zip(datasets, factors, strict=True)
            ]
        )
        rng = stream(seed, "joined", part)
        order = rng.permutation(len(rows))
        pixels = pixels[order]
        _lose(pixels, datasets[0].channels, how, rng)
        parts[part] = (rows.iloc[order].reset_index(drop=True), pixels)
    first = datasets[0]
    made_of = [REVISION, vars(how), survey, seed, [dataset.fingerprint for dataset in datasets]]
    return MemoryDataSet(
        parts=parts,
        survey=survey,
        channels=tuple(first.channels),
        class_names=tuple(first.class_names),
        pixel_scale_arcsec=float("nan"),
        fingerprint=fingerprint(made_of),
    )


def _require_alike(datasets: Sequence[DataSet]) -> None:
    for dataset in datasets:
        for what in ("channels", "class_names"):
            ours, theirs = tuple(getattr(datasets[0], what)), tuple(getattr(dataset, what))
            if ours != theirs:
                raise SettingsError(
                    f"{what} of {dataset.survey} are {', '.join(theirs)}; allowed beside {datasets[0].survey}: "
                    f"{', '.join(ours)}"
                )
        if dataset.pixel_state != "raw":
            raise SettingsError(f"pixels of {dataset.survey} are {dataset.pixel_state!r}; allowed: raw")


def _factor(dataset: DataSet) -> float:
    """Return by how much the cutouts of a data set are enlarged, from the stars in its training rows."""
    blocks = (pixels for _, pixels in dataset.batches("train", _BLOCK_ROWS))
    fwhm_pixel = measured_fwhm(blocks, tuple(dataset.channels), most=_BLOCK_ROWS)
    factor = sampling_factor(fwhm_pixel)
    log.info("%s: FWHM %.2f pixels, enlarged by %.2f", dataset.survey, fwhm_pixel, factor)
    return factor


def _named(dataset: DataSet, part: str) -> pd.DataFrame:
    """Return the candidates of a part, the name of the survey before each id, for surveys number theirs alike."""
    rows = dataset.candidates(part)
    rows = rows[[name for name in _KEPT if name in rows]]
    ids = [name for name in _KEPT[:3] if name in rows]
    return rows.assign(**{name: f"{dataset.survey}/" + rows[name].astype(str) for name in ids})


def _resampled(dataset: DataSet, part: str, factor: float, side: int) -> NDArray[np.float32]:
    """Return the cutouts of a part in the sampling of the features, ``(n, side, side, channel)``."""
    blocks = [
        _at_side(resampled(pixels, factor), side) for _, pixels in dataset.batches(part, _BLOCK_ROWS) if len(pixels)
    ]
    return np.concatenate(blocks) if blocks else np.empty((0, side, side, len(dataset.channels)), np.float32)


def _at_side(pixels: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return cutouts cut to a side, or with missing pixels around them up to it; the middle stays the middle."""
    given, half = pixels.shape[1], side // 2
    reach = min(half, given // 2, given - 1 - given // 2)
    out = np.full((len(pixels), side, side, pixels.shape[3]), np.nan, dtype=np.float32)
    to = slice(half - reach, half + reach + 1)
    of = slice(given // 2 - reach, given // 2 + reach + 1)
    out[:, to, to] = pixels[:, of, of]
    return out


def _lose(pixels: NDArray[np.float32], channels: Sequence[str], how: Joining, rng: np.random.Generator) -> None:
    """Take the border of some rows away, and the template of some, in place."""
    half, smallest = how.side_pixel // 2, FEATURES_SIDE // 2
    smaller = rng.random(len(pixels)) < how.smaller_share
    reach = np.where(smaller, rng.integers(smallest, half + 1, len(pixels)), half)
    distance = np.abs(np.arange(how.side_pixel) - half)
    outside = np.maximum(distance[:, None], distance)[None] > reach[:, None, None]
    pixels[outside] = np.nan
    if "template" in channels:
        pixels[rng.random(len(pixels)) < how.without_template_share, ..., list(channels).index("template")] = np.nan
