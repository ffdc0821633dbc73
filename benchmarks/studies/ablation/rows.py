"""Which rows of a data set's training part teach, choose the epoch and judge in the ablations: apart on the sky.

Tested by tests/benchmarks/studies/ablation/test_rows.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.training.in_memory import MemoryDataSet
from pipeline.classes import BOGUS, REAL, TRAINING_ONLY_SOURCES
from pipeline.io.results.dataset_file import open_dataset
from pipeline.rng import stream

CELL_DEG: Final = 1 / 60
STOP: Final = 1000
"""Rows that choose the epoch, at most."""

PARTS: Final[Mapping[str, float]] = {"teach": 0.55, "stop": 0.10, "judge": 0.35}
"""Shares of the cells of the sky."""

NATURAL_SHARE: Final = 0.18
"""Reals among the candidates of ``synthetic_large``, its ``base_rate``: what unlabelled rows hold of them."""

KNOWN_REALS: Final = 0.14
"""Share of the rows of contaminated training that are labelled reals; all others pass for bogus."""

LABELLED_NIGHTS: Final = 0.25
"""Share of the nights whose labels are known where the others train themselves."""

Places = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Pool:
    """The rows of the training part, in memory.

    Attributes
    ----------
    candidates : DataFrame
    cutouts : ndarray of float32, shape (n, y, x, channel)
    places : mapping of str to ndarray
        ``teach``, ``stop`` and ``judge``; ``bogus``, those of the cells that teach which are not among ``teach``; and
        ``unlabelled``, of the same cells, with as many reals as contaminated training has.
    survey, channels, pixel_scale_arcsec, fingerprint
        As of the data set.
    """

    candidates: pd.DataFrame
    cutouts: NDArray[np.float32] = field(repr=False)
    places: Mapping[str, Places]
    survey: str
    channels: tuple[str, ...]
    pixel_scale_arcsec: float
    fingerprint: str

    def dataset(self, teach: Places, named: str, labels: NDArray[np.int8] | None = None) -> MemoryDataSet:
        """Return a data set of some rows that teach, with other labels if any are given; validation is ``stop``."""
        taught = self.candidates.iloc[teach].reset_index(drop=True)
        taught = taught if labels is None else taught.assign(label=labels)
        stop, judge = (self.places[part] for part in ("stop", "judge"))
        others = {"validation": stop, "test": judge}
        parts = {name: (self.candidates.iloc[rows].reset_index(drop=True), self.cutouts[rows]) for name, rows in
                 others.items()}  # fmt: skip
        return MemoryDataSet(
            parts={"train": (taught, self.cutouts[teach]), **parts},
            survey=self.survey,
            channels=self.channels,
            pixel_scale_arcsec=self.pixel_scale_arcsec,
            fingerprint=f"{self.fingerprint}-{named}",
        )


def read_pool(path: Path, *, teach: int, judge: int) -> Pool:
    """Return the training part of a data set, with so many rows that teach and that judge at most."""
    with open_dataset(path) as file:
        candidates, cutouts = file.candidates("train"), file.cutouts("train")
        return Pool(
            candidates=candidates,
            cutouts=cutouts,
            places=divided(candidates, teach=teach, judge=judge),
            survey=file.survey,
            channels=tuple(file.channels),
            pixel_scale_arcsec=file.pixel_scale_arcsec,
            fingerprint=file.fingerprint,
        )


def divided(candidates: pd.DataFrame, *, teach: int, judge: int) -> dict[str, Places]:
    """Return the places of `Pool` by part, each in rising order.

    Cells of the sky keep the groups of their candidates together: all rows of a group are in the part of the cell in
    which its first row stands. Rows that a person or a catalogue did not label neither stop nor judge.
    """
    part = parts_of(candidates)
    rng, labels = stream(1, "ablation", "rows"), candidates["label"].to_numpy()
    trusted = ~candidates["label_source"].isin(TRAINING_ONLY_SOURCES).to_numpy() & (labels >= 0)
    teaching = rng.permutation(np.flatnonzero((part == "teach") & (labels >= 0)))
    judging = rng.permutation(np.flatnonzero((part == "judge") & trusted))
    known, rest = teaching[:teach], teaching[teach:]
    reals = round(teach * (KNOWN_REALS + (1 - KNOWN_REALS) * NATURAL_SHARE))
    of_class = {label: teaching[labels[teaching] == label] for label in (BOGUS, REAL)}
    found = {
        "teach": known,
        "stop": rng.permutation(np.flatnonzero((part == "stop") & trusted))[:STOP],
        "judge": judging[:judge],
        "bogus": rest[labels[rest] == BOGUS],
        "unlabelled": np.concatenate([of_class[REAL][:reals], of_class[BOGUS][: teach - reals]]),
    }
    return {name: np.sort(places) for name, places in found.items()}


def parts_of(candidates: pd.DataFrame) -> NDArray[np.str_]:
    """Return the part of each row, by the cell of the sky in which the first row of its group stands."""
    first = candidates.groupby("group_id")[["ra_deg", "dec_deg"]].first()
    cells = np.floor(
        np.column_stack([first["ra_deg"] * np.cos(np.deg2rad(first["dec_deg"])), first["dec_deg"]]) / CELL_DEG
    )
    names, cell = np.unique(cells, axis=0, return_inverse=True)
    drawn = stream(1, "ablation", "cells").random(len(names))[cell.reshape(-1)]
    bounds = np.cumsum(list(PARTS.values()))
    of_group = np.array(list(PARTS))[np.searchsorted(bounds[:-1], drawn, side="right")]
    return pd.Series(of_group, index=first.index).loc[candidates["group_id"]].to_numpy(str)


def hidden_labels(labels: NDArray[np.integer], share: float = KNOWN_REALS) -> NDArray[np.int8]:
    """Return labels of which reals beyond a share of the rows pass for bogus, drawn once."""
    reals = stream(1, "ablation", "hidden").permutation(np.flatnonzero(labels == REAL))
    hidden = np.full(len(labels), BOGUS, dtype=np.int8)
    hidden[reals[: round(share * len(labels))]] = REAL
    return hidden


def labelled_nights(nights: pd.Series) -> list[str]:
    """Return the nights whose labels are known where the others train themselves, drawn once."""
    names = stream(1, "ablation", "nights").permutation(np.unique(nights.to_numpy(str)))
    return sorted(names[: max(1, round(LABELLED_NIGHTS * len(names)))])
