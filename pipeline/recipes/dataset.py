"""Recipe of a data set: its nights, what joins them, and how they are divided into parts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pipeline.classes import CLASS_NAMES, MEASURED, TRAINING_ONLY_SOURCES
from pipeline.errors import SettingsError
from pipeline.recipes.people_labels import PeopleLabels
from pipeline.recipes.row_weights import RowWeights


@dataclass(frozen=True, kw_only=True)
class SplitSettings:
    """How rows are divided.

    Attributes
    ----------
    by : str
        ``object``: test groups are held out; ``night``: test nights are held out, and training drops every row that
        shares a group with them. Either way, training drops rows whose cutouts overlap those of other parts, and in
        crowded fields cells of the sky are divided in place of groups. ``part``: rows are in the part that the column
        ``part`` of the survey's ``metadata`` states (0 train, 1 validation, 2 test); training and validation drop every
        row that shares a group with a later part, and if no row is stated to validate, training rows are drawn.
    test : float
        Share of the groups (or nights) to test on, above 0; with ``folds`` the test part is one fold instead, and
        ``by: part`` does not look at it.
    validation : float
        Share for early stopping, calibration and thresholds, above 0; both together below 1.
    stratify : bool
        Whether the groups of each class are divided for themselves, so that each part has the same share of every class
        to within a group; otherwise shares differ as draws do. Goes with ``by: object``.
    folds : int
        0 for a single split, or at least 2: the test part is one fold, and ``--fold`` says which.
    seed : int
        Another seed gives another division.
    minimum_groups : int
        Groups of each class that every part must hold; a fold's test part may hold fewer, at least 0.
    """

    by: str = "object"
    test: float = 0.2
    validation: float = 0.2
    stratify: bool = False
    folds: int = 0
    seed: int = 1
    minimum_groups: int = 2

    def __post_init__(self) -> None:
        if self.by not in ("object", "night", "part"):
            raise SettingsError(f"by is {self.by!r}; allowed: object, night, part")
        if self.by == "part" and self.folds:
            raise SettingsError(f"by is 'part' and folds is {self.folds}; allowed: 0, where parts are stated")
        if not (0 < self.test < 1 and 0 < self.validation < 1 and self.test + self.validation < 1):
            raise SettingsError(
                f"test {self.test} and validation {self.validation}; allowed: both above 0, together below 1"
            )
        if self.stratify and self.by != "object":
            raise SettingsError(f"stratify is true and by is {self.by!r}; allowed with stratify: object")
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
        Survey whose rows these are.
    nights : tuple of str or int
        Dates, MJDs and ranges ``2026-01-01..2026-01-06``; fixed here, so that the data set is. ``nightsift nights
        SURVEY`` lists them.
    simulation : str
        Simulation recipe whose rows join; empty: none.
    unlabelled : {"drop", "bogus"}
        With ``bogus``, unlabelled rows count as bogus, and with them undiscovered transients; rows that are labelled as
        variables or movers keep their labels.
    training_only : tuple of str
        Label sources that may train but never calibrate, set thresholds or judge.
    max_ratio : float
        Most rows of a class for each row of the smallest in train and validation; 0 for no limit, else at least 1. Test
        rows are never thinned.
    share : float
        Share of the groups that take part, above 0, at most 1, drawn by their names and the seed of the split; a row is
        in the same part at any share, so that test rows of a large set were never training rows of a small one.
    frac_true : float or None
        In place of ``max_ratio``: the share of reals in train and validation, 0 to 1, by otrain's rule; see
        docs/configuration.md#the-share-of-reals.
    relabel : str
        CSV file of ids and new labels (docs/formats.md#relabel-file); every row stays in its part.
    people : PeopleLabels or None
        Verdicts that people gave on the eyeball page become labels (docs/labels.md#labels-of-several-people), preferred
        to those that the rows have; those of ``relabel`` are preferred to both. Every row stays in its part.
    weights : RowWeights or None
        A list of rows that count less, more or not at all (docs/labels.md#what-a-row-weighs); every other row stays in
        its part. None: each row has the weight that its survey gives it.
    split : SplitSettings
        How parts are made.
    """

    survey: str
    nights: tuple[str | int, ...]
    simulation: str = ""
    unlabelled: Literal["drop", "bogus"] = "drop"
    training_only: tuple[str, ...] = TRAINING_ONLY_SOURCES
    max_ratio: float = 0.0
    share: float = 1.0
    frac_true: float | None = None
    relabel: str = ""
    people: PeopleLabels | None = None
    weights: RowWeights | None = None
    split: SplitSettings = field(default_factory=SplitSettings)

    def __post_init__(self) -> None:
        if not self.nights:
            raise SettingsError("nights is empty; allowed: dates, MJDs, ranges such as 2026-01-01..2026-01-06")
        if not 0 < self.share <= 1:
            raise SettingsError(f"share is {self.share}; allowed: above 0, at most 1")
        if self.max_ratio < 0 or 0 < self.max_ratio < 1:
            raise SettingsError(f"max_ratio is {self.max_ratio}; allowed: 0 for no limit, or at least 1")
        if self.frac_true is not None and not 0 <= self.frac_true <= 1:
            raise SettingsError(f"frac_true is {self.frac_true}; allowed: 0 to 1")
        if self.frac_true is not None and self.max_ratio:
            raise SettingsError(
                f"max_ratio {self.max_ratio:g} and frac_true {self.frac_true:g} both say how many rows of a class "
                "stay; allowed: one of them"
            )

    def class_faults(self, class_names: Sequence[str]) -> list[str]:
        """Return which keys know reals and bogus alone, for a survey of more classes, or classes, for one without.

        Parameters
        ----------
        class_names : sequence of str
            The survey's classes.
        """
        if tuple(class_names) == MEASURED:
            return self._faults_of_target()
        if len(class_names) <= len(CLASS_NAMES):
            return []
        asked = {
            "unlabelled": (self.unlabelled if self.unlabelled == "bogus" else "", "drop"),
            "frac_true": ("" if self.frac_true is None else f"{self.frac_true:g}", "max_ratio"),
            "simulation": (self.simulation, "no simulation"),
        }
        return [
            f"{key} is {value!r}, which knows real and bogus; the survey has {len(class_names)} classes; "
            f"allowed: {allowed}"
            for key, (value, allowed) in asked.items()
            if value
        ]

    def _faults_of_target(self) -> list[str]:
        asked = {
            "unlabelled": self.unlabelled if self.unlabelled == "bogus" else "",
            "max_ratio": f"{self.max_ratio:g}" if self.max_ratio else "",
            "frac_true": "" if self.frac_true is None else f"{self.frac_true:g}",
            "relabel": self.relabel,
            "people": f"until {self.people.until}" if self.people else "",
            "simulation": self.simulation,
        }
        return [
            f"{key} is {value!r}, which is of classes; the survey has a target in their place: leave it out"
            for key, value in asked.items()
            if value
        ]
