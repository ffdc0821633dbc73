"""Recipe of a data set: its nights, what joins them, and how they are divided into parts."""

from dataclasses import dataclass, field
from typing import Literal

from pipeline.classes import TRAINING_ONLY_SOURCES
from pipeline.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class SplitSettings:
    """How rows are divided.

    Attributes
    ----------
    by : str
        ``object``: test groups are held out. ``night``: test nights are held out, and training drops every
        row that shares a group with them. Either way, training drops rows whose cutouts overlap those of other parts,
        and in crowded fields cells of the sky are divided in place of groups.
    test, validation : float
        Shares of the groups (or nights); with ``folds`` the test part is one fold instead.
    folds : int
        Number of folds for cross-validation; 0 for a single split.
    seed : int
        Another seed gives another division.
    minimum_groups : int
        Every part must hold this many groups of each class.
    """

    by: str = "object"
    test: float = 0.2
    validation: float = 0.2
    folds: int = 0
    seed: int = 1
    minimum_groups: int = 2

    def __post_init__(self) -> None:
        if self.by not in ("object", "night"):
            raise SettingsError(f"by is {self.by!r}; allowed: object, night")
        if not (0 < self.test < 1 and 0 < self.validation < 1 and self.test + self.validation < 1):
            raise SettingsError(
                f"test {self.test} and validation {self.validation}; allowed: both above 0, together below 1"
            )
        if self.minimum_groups < 0:
            raise SettingsError(f"minimum_groups is {self.minimum_groups}; allowed: at least 0")
        if self.folds < 0 or self.folds == 1:
            raise SettingsError(f"folds is {self.folds}; allowed: 0 (a single split) or at least 2")


@dataclass(frozen=True, kw_only=True)
class DatasetRecipe:
    """One data set, as ``config/datasets/<name>.yaml`` states it.

    Attributes
    ----------
    survey : str
        Where the rows come from.
    nights : tuple of str or int
        Dates, MJDs and ranges ``2026-01-01..2026-01-06``; fixed here, so that the data set is.
    simulation : str
        Recipe of simulated rows that join, or empty.
    unlabelled : str
        ``drop``, or ``bogus``: rows that nobody labelled count as bogus in training; those labelled as
        variables or movers are not among them, but undiscovered transients are.
    training_only : tuple of str
        Label sources whose rows may train but never calibrate, set thresholds or judge.
    max_ratio : float
        At most so many rows of the larger class for each of the smaller, in training and validation; 0 for
        no limit. Test rows are never thinned.
    frac_true : float, optional
        In place of ``max_ratio``: the share of reals in training and validation by otrain's rule, 0 to 1. With n the
        rows of the smaller class, at most 2 n frac_true reals and 2 n (1 - frac_true) bogus stay.
    relabel : str
        A CSV file of ids and new labels, or empty; the division into parts stays as it is.
    split : SplitSettings
        How parts are made.
    """

    survey: str
    nights: tuple[str | int, ...]
    simulation: str = ""
    unlabelled: Literal["drop", "bogus"] = "drop"
    training_only: tuple[str, ...] = TRAINING_ONLY_SOURCES
    max_ratio: float = 0.0
    frac_true: float | None = None
    relabel: str = ""
    split: SplitSettings = field(default_factory=SplitSettings)

    def __post_init__(self) -> None:
        if not self.nights:
            raise SettingsError("nights is empty; allowed: dates, MJDs, ranges such as 2026-01-01..2026-01-06")
        if self.max_ratio < 0 or 0 < self.max_ratio < 1:
            raise SettingsError(f"max_ratio is {self.max_ratio}; allowed: 0 for no limit, or at least 1")
        if self.frac_true is not None and not 0 <= self.frac_true <= 1:
            raise SettingsError(f"frac_true is {self.frac_true}; allowed: 0 to 1")
        if self.frac_true is not None and self.max_ratio:
            raise SettingsError(
                f"max_ratio {self.max_ratio:g} and frac_true {self.frac_true:g} both say how many rows of a class "
                "stay; allowed: one of them"
            )
