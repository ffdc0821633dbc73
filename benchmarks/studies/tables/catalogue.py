"""The catalogue of the study: SDSS magnitudes and colours with spectroscopic classes, in three parts."""

from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.training.in_memory import MemoryDataSet
from pipeline.classes import PART_NAMES, TEST, TRAIN, VALIDATION
from pipeline.rng import stream

BANDS: Final = "ugriz"
CLASSES: Final = ("GALAXY", "QSO", "STAR")
SEED: Final = 20261130

SHARES: Final = {TRAIN: 0.6, VALIDATION: 0.15, TEST: 0.25}
"""Of the objects, drawn by a fixed seed; those of equal magnitudes stay in one part."""


def features(table: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Return what classifiers see: the magnitudes, and the colours of neighbouring bands, in mag."""
    colours = {f"{blue}-{red}": (table[blue] - table[red]).to_numpy() for blue, red in pairwise(BANDS)}
    return {band: table[band].to_numpy() for band in BANDS} | colours


def parts(path: Path, *, judged: bool) -> MemoryDataSet:
    """Return the catalogue in parts.

    Parameters
    ----------
    path : Path
        ``sdss_ugriz_spectra.parquet``.
    judged : bool
        Whether the test part is there; without it, it is empty.
    """
    table = pd.read_parquet(path)
    _, same = np.unique(table[list(BANDS)].to_numpy(), axis=0, return_inverse=True)
    drawn = stream(SEED, "sdss").random(int(same.max()) + 1)[same.ravel()]
    seen = features(table)
    rows = np.stack(list(seen.values()), axis=1).astype(np.float32)[:, None, None, :]
    names = pd.DataFrame(
        {
            "candidate_id": [f"o{row:05d}" for row in range(len(table))],
            "label": table["class"].map(CLASSES.index).to_numpy(np.int8),
            "label_source": "spectrum",
            "kind": "",
        }
    )
    found, low = {}, 0.0
    for part, share in SHARES.items():
        mine = (drawn >= low) & (drawn < low + share) & (judged or part != TEST)
        order = stream(SEED, "sdss", PART_NAMES[part]).permutation(np.flatnonzero(mine))
        found |= {PART_NAMES[part]: (names.iloc[order].reset_index(drop=True), rows[order])}
        low += share
    return MemoryDataSet(
        parts=found, survey="sdss", channels=tuple(seen), class_names=CLASSES, pixel_scale_arcsec=float("nan")
    )
