"""What the trainings of a scan of the training set's size share, and the samples that they differ by.

Tested by tests/models/searches/test_size_scan.py.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.recipes.classifier import ClassifierRecipe
from models.searches.judged_rows import JudgedRows, judged_rows
from models.training.rows import PartRows, scorable_rows, select_rows
from models.training.train import contract_of
from pipeline.classes import BOGUS, REAL
from pipeline.datasets.dataset import DataSet
from pipeline.datasets.nested_samples import NestedSamples, nested_samples
from pipeline.datasets.sample_sizes import SampleSize, require_two_classes
from pipeline.errors import DataSetError, SettingsError
from pipeline.metrics import groups_of
from pipeline.metrics.size_scan import Cell
from pipeline.rng import stream

log = logging.getLogger(__name__)

SCHEMA: Final = 1
"""Version of ``scan.json`` and of the tables beside it."""
MUCH_MORE: Final = 1.2
"""A sample with more than this times the rows that were asked for is warned of."""
LEVEL: Final = 0.68
"""Probability that the intervals are meant to cover, as those of a report."""


@dataclass(frozen=True, kw_only=True)
class ScanPlan:
    """What is scanned.

    Attributes
    ----------
    sizes : sequence of SampleSize
        How large the training samples are.
    repeats : int
        Samples of each size, at least 1. Each repeat has an order of the groups of its own, of which all its samples
        are beginnings, and a training seed of its own; the first has the seed of the plain training.
    seed : int
        Seed of the samples, of the training and of the intervals.
    replicates : int
        Bootstrap replicates of the intervals.
    """

    sizes: Sequence[SampleSize]
    repeats: int
    seed: int
    replicates: int = 1000

    def __post_init__(self) -> None:
        if not self.sizes or self.repeats < 1:
            raise SettingsError(f"{len(self.sizes)} sizes and {self.repeats} repeats; allowed: at least 1 of each")

    def training_seed(self, repeat: int) -> int:
        """Return the seed with which a repeat, counted from 1, trains."""
        return (self.seed + repeat - 1) % 2**32


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A training sample of one size in one repeat, the seed it trains with, and its first columns of the table."""

    size: SampleSize
    repeat: int
    seed: int
    chosen: NDArray[np.bool_] = field(repr=False)
    about: Mapping[str, Cell]


@dataclass(frozen=True, kw_only=True)
class HeldFixed:
    """What all trainings of a scan share."""

    dataset: DataSet
    recipe: ClassifierRecipe
    plan: ScanPlan
    rows: tuple[PartRows, PartRows]
    groups: NDArray[np.str_]
    draws: Sequence[NestedSamples]
    judged: JudgedRows

    @property
    def smallest(self) -> int:
        """Return the fewest rows that hold each class in every repeat."""
        return max(draw.smallest for draw in self.draws)

    def require_sizes(self) -> None:
        """Refuse a size that some repeat cannot draw, before anything is trained."""
        usable = self.draws[0].usable
        for size in self.plan.sizes:
            rows = size.rows(usable)
            if rows < self.smallest:
                raise DataSetError(
                    f"--sizes {size} asks for {rows} of {usable} usable training rows, too few for each class where "
                    f"no group is divided; the smallest possible is {self.smallest}"
                )
            if rows > usable:
                raise DataSetError(
                    f"--sizes {size} asks for more training rows than the {usable} usable ones; 1 takes all of them"
                )

    def samples(self) -> Iterator[Sample]:
        """Yield the samples, size by size."""
        for size in self.plan.sizes:
            for repeat, draw in enumerate(self.draws, start=1):
                chosen, seed = draw.of_size(size.rows(draw.usable)), self.plan.training_seed(repeat)
                about: dict[str, Cell] = {"size": str(size), "repeat": repeat, "seed": seed}
                counts = self._counts(chosen & self.rows[0].used)
                _tell_of_more(size, repeat, asked=size.rows(draw.usable), rows=counts["rows"])
                yield Sample(size=size, repeat=repeat, seed=seed, chosen=chosen, about=about | counts)

    def _counts(self, used: NDArray[np.bool_]) -> dict[str, int]:
        labels = self.rows[0].labels[used]
        real, bogus = (int((labels == label).sum()) for label in (REAL, BOGUS))
        return {"rows": len(labels), "real": real, "bogus": bogus, "groups": len(np.unique(self.groups[used]))}

    def facts(self, table: pd.DataFrame) -> dict[str, object]:
        """Return what ``scan.json`` says."""
        train, validation = self.rows
        failed = table[table["reason"] != ""]
        return {
            "schema": SCHEMA,
            "survey": self.dataset.survey,
            "class_names": list(self.dataset.class_names),
            "dataset": self.dataset.fingerprint,
            "sizes": [str(size) for size in self.plan.sizes],
            "repeats": self.plan.repeats,
            "seed": self.plan.seed,
            "training_part": {**self._counts(train.used), "smallest_sample": self.smallest},
            "held_fixed": {
                "recipe": self.recipe.stated,
                "validation": {"rows": int(validation.used.sum()), **validation.counts},
                "test": self.judged.counts,
            },
            "interval": self.judged.interval,
            "trainings": {"asked": len(table), "finished": len(table) - len(failed)},
            "failed": failed[["size", "repeat", "seed", "rows", "reason"]].to_dict("records"),
        }


def held_fixed(dataset: DataSet, recipe: ClassifierRecipe, plan: ScanPlan) -> HeldFixed:
    """Read what all trainings share: which rows teach, their groups and orders, and which rows judge.

    Raises
    ------
    DataSetError
        If a part lacks a class.
    SettingsError
        If recipe and data set contradict each other, or the data set has more than two classes.
    """
    require_two_classes(dataset.class_names, "the data set")
    contract = contract_of(dataset, recipe)
    rows = select_rows(dataset, recipe, scorable_rows(dataset, contract))
    groups = groups_of(dataset.candidates("train"))
    used = rows[0].used
    least = min(size.rows(int(used.sum())) for size in plan.sizes)
    draws = [
        nested_samples(groups, rows[0].labels, used, stream(plan.seed, "size scan", f"repeat {repeat}"), large=least)
        for repeat in range(1, plan.repeats + 1)
    ]
    columns = recipe.metadata.columns if recipe.metadata else ()
    judged = judged_rows(dataset, contract, plan.seed, plan.replicates, LEVEL, columns)
    return HeldFixed(dataset=dataset, recipe=recipe, plan=plan, rows=rows, groups=groups, draws=draws, judged=judged)


def _tell_of_more(size: SampleSize, repeat: int, *, asked: int, rows: int) -> None:
    """Log a warning where whole groups make a sample far larger than was asked for."""
    if rows > MUCH_MORE * asked:
        log.warning(
            "size %s, repeat %d: %d rows instead of %d, for a group of rows is never divided; ask for larger sizes",
            size, repeat, rows, asked,
        )  # fmt: skip
