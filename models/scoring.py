"""Scores of a cutout file or data set, streamed through a package block by block."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.fitting import no_progress
from models.runtime import Package
from pipeline.errors import InputError
from pipeline.io.cutout_file import CutoutFile, open_cutouts
from pipeline.io.scores_file import ScoresWriter
from pipeline.quality import Flag
from pipeline.rng import stream

log = logging.getLogger(__name__)
_COLUMNS = ("candidate_id", "object_id", "exposure_id", "night", "flags")


def score_file(
    path: Path,
    package: Package,
    *,
    rows: Path,
    batch_size: int,
    release: str,
    seed: int,
    provenance: Mapping[str, Any],
    progress: Callable[[float, str], None] = no_progress,
) -> None:
    """Write the scores of every row of a file, in its order.

    Parameters
    ----------
    path : Path
        Parquet file to write.
    package : Package
        The model package.
    rows : Path
        Cutout file or data set.
    batch_size : int
        Rows a forward pass, at least 1.
    release : str
        Name of the processing, for the column ``release``.
    seed : int
        Seed of dropout masks, where the package samples a posterior.
    provenance : mapping
        Stored in the file.
    progress : callable
        Called with the share done and a message.

    Raises
    ------
    IncompatiblePackageError
        If the package cannot score such cutouts; both sides are stated.
    """
    if batch_size < 1:
        raise InputError(f"batch_size is {batch_size}; allowed: at least 1")
    with open_cutouts(rows) as cutouts:
        header = cutouts.header
        package.check(channels=header.channels, size_pixel=header.size_pixel, pixel_state=header.pixel_state)
        split = _split_of(cutouts)
        with ScoresWriter(path, len(package.class_names), provenance) as writer:
            for block, pixels in cutouts.batches(batch_size):
                frame = cutouts.candidates(block, _COLUMNS).assign(split=split[block], release=release)
                writer.append(_scored(frame, package, pixels, header.channels, seed))
                progress(block.stop / len(cutouts), f"scored {block.stop} of {len(cutouts)} cutouts")
        log.info("scored %d cutouts of %s", len(cutouts), rows.name)


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
