"""Scores of a cutout file, a data set or a night as it is read, streamed through a package block by block."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.fitting import no_progress
from models.runtime import Package
from pipeline.errors import InputError
from pipeline.io.cutout_file import CutoutFile, CutoutHeader, open_cutouts
from pipeline.io.scores_file import ScoresWriter
from pipeline.quality import Flag
from pipeline.rng import stream
from pipeline.surveys.fetch import NightCutouts
from pipeline.unlike_training import UNLIKE, unlike_words

log = logging.getLogger(__name__)
_COLUMNS = ("candidate_id", "object_id", "exposure_id", "night", "flags")


Block = tuple[pd.DataFrame, NDArray[np.float32]]
"""Columns of some rows, with their part, and their pixels ``(n, y, x, channel)``."""


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """How rows are scored.

    Attributes
    ----------
    package : Package
        The model package.
    batch_size : int
        Rows a forward pass, at least 1.
    release : str
        Name of the processing, for the column ``release``.
    seed : int
        Seed of dropout masks, where the package samples a posterior.
    only : collection of str
        Candidates or objects to score; empty for all.
    """

    package: Package
    batch_size: int = 256
    release: str
    seed: int
    only: Collection[str] = ()

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise InputError(f"batch_size is {self.batch_size}; allowed: at least 1")


def score_file(
    path: Path,
    scoring: Scoring,
    *,
    rows: Path,
    provenance: Mapping[str, Any],
    progress: Callable[[float, str], None] = no_progress,
) -> None:
    """Write the scores of the rows of a cutout file or data set, in its order.

    Parameters
    ----------
    path : Path
        Parquet file to write.
    scoring : Scoring
        How.
    rows : Path
        Cutout file or data set.
    provenance : mapping
        Stored in the file.
    progress : callable
        Called with the share done and a message.

    Raises
    ------
    InputError
        If one of the candidates asked for is not in the file.
    IncompatiblePackageError
        If the package cannot score such cutouts; both sides are stated.
    """
    with open_cutouts(rows) as cutouts:
        blocks = _blocks_of(cutouts, scoring.batch_size, progress)
        _score(path, scoring, cutouts.header, blocks, rows.name, provenance)


def score_night(
    path: Path,
    scoring: Scoring,
    night: NightCutouts,
    *,
    provenance: Mapping[str, Any],
    progress: Callable[[float, str], None] = no_progress,
) -> None:
    """Write the scores of a night as it is read, without keeping its cutouts; otherwise as `score_file`.

    Raises
    ------
    TooMuchLostError
        If more exposures were unusable than the survey allows.
    """
    blocks = _blocks_of_night(night, scoring.batch_size, progress)
    _score(path, scoring, night.header, blocks, f"night {night.night}", {**provenance, "read": night.counts})


def _score(
    path: Path,
    scoring: Scoring,
    header: CutoutHeader,
    blocks: Iterator[Block],
    what: str,
    provenance: Mapping[str, Any],
) -> None:
    package, found, count = scoring.package, set[str](), 0
    package.check(channels=header.channels, size_pixel=header.size_pixel, pixel_state=header.pixel_state)
    about = _warned(package.contract.unlike(survey=header.survey, pixel_scale_arcsec=header.pixel_scale_arcsec), what)
    with ScoresWriter(path, len(package.class_names), {**provenance, **about}) as writer:
        for frame, pixels in blocks:
            wanted = _wanted(frame, scoring.only, found)
            if wanted.any():
                chosen = frame[wanted].reset_index(drop=True).assign(release=scoring.release)
                writer.append(_scored(chosen, package, pixels[wanted], header.channels, scoring.seed))
                count += len(chosen)
    if set(scoring.only) - found:
        raise InputError(f"{min(set(scoring.only) - found)!r} is no candidate and no object of {what}")
    log.info("scored %d cutouts of %s", count, what)


def _warned(unlike: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Say in the log what was scored by a model that learned from other cutouts; return it for the provenance."""
    if not unlike:
        return {}
    log.warning("%s: %s; how well it does there is not known", what, unlike_words(unlike))
    return {UNLIKE: unlike}


def _blocks_of(cutouts: CutoutFile, size: int, progress: Callable[[float, str], None]) -> Iterator[Block]:
    split = _split_of(cutouts)
    for block, pixels in cutouts.batches(size):
        yield cutouts.candidates(block, _COLUMNS).assign(split=split[block]), pixels
        progress(block.stop / len(cutouts), f"scored {block.stop} of {len(cutouts)} cutouts")


def _blocks_of_night(night: NightCutouts, size: int, progress: Callable[[float, str], None]) -> Iterator[Block]:
    for batch in night.batches():
        for start in range(0, len(batch.candidates), size):
            rows = batch.candidates.iloc[start : start + size][list(_COLUMNS)]
            yield rows.reset_index(drop=True).assign(split=np.int8(-1)), batch.cutouts[start : start + size]
        progress(night.percent / 100, f"scored {night.exposures} exposures")


def _wanted(frame: pd.DataFrame, only: Collection[str], found: set[str]) -> NDArray[np.bool_]:
    """Tell which rows are asked for, and note by which name."""
    if not only:
        return np.ones(len(frame), dtype=bool)
    asked = {name: frame[name].isin(set(only)).to_numpy() for name in ("candidate_id", "object_id")}
    for name, rows in asked.items():
        found |= set(frame[name][rows])
    return np.asarray(asked["candidate_id"] | asked["object_id"])


def _split_of(cutouts: CutoutFile) -> NDArray[np.int8]:
    try:
        return cutouts.split()[0]
    except InputError:
        return np.full(len(cutouts), -1, dtype=np.int8)


def _scored(
    frame: pd.DataFrame, package: Package, pixels: NDArray[np.float32], channels: tuple[str, ...], seed: int
) -> pd.DataFrame:
    probabilities = package.predict(pixels, channels)
    for index in range(probabilities.shape[1]):
        frame[f"p_{index}"] = probabilities[:, index]
    unscored = np.isnan(probabilities).any(axis=1)
    frame["flags"] = frame["flags"].to_numpy() | np.where(unscored, int(Flag.NOT_SCORED), 0).astype(np.int32)
    frame["score"] = probabilities[:, 1] if probabilities.shape[1] == 2 else np.float32(np.nan)
    frame["label_predicted"] = package.predicted_labels(probabilities)
    frame["model"] = package.name
    return frame.assign(**_uncertainty(frame, package, pixels, channels, seed))


def _uncertainty(
    frame: pd.DataFrame, package: Package, pixels: NDArray[np.float32], channels: tuple[str, ...], seed: int
) -> dict[str, NDArray[np.float32]]:
    """Return ``score_std entropy bald``, NaN for a package that samples no posterior."""
    if not package.posterior_samples:
        nothing = np.full(len(frame), np.nan, dtype=np.float32)
        return {"score_std": nothing, "entropy": nothing, "bald": nothing}
    rngs = [stream(seed, "posterior", name) for name in frame["candidate_id"]]
    posterior = package.posterior(pixels, channels, package.posterior_samples, rngs)
    return {"score_std": posterior.std, "entropy": posterior.entropy, "bald": posterior.bald}
