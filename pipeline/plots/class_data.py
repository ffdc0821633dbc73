"""The data that a report of many classes is made from, and the registry of its plots."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.datasets.leakage import Separation
from pipeline.errors import InputError
from pipeline.metrics.class_resampling import ClassIntervals
from pipeline.metrics.class_rows import judged_rows
from pipeline.plots.data import PARTS, Mistakes, PlotResult, part_rows
from pipeline.plots.style import entering
from pipeline.recipes.report import ReportRecipe
from pipeline.registry import Registry

MOST_CLASSES = 12
"""Figures with a panel for each class show no more than these."""


@dataclass(frozen=True, kw_only=True)
class ColourDiagram:
    """Rows in the plane of two colours, or of any two expressions.

    Attributes
    ----------
    x, y : str
        What the axes show.
    points : DataFrame
        One row per candidate: ``candidate_id x y``; NaN where it is missing.
    """

    x: str
    y: str
    points: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class ClassReportData:
    """Everything that the figures and the report of many classes show; the tables are never changed.

    Attributes
    ----------
    title, survey : str
        The heading, and the survey's name.
    class_names : tuple of str
        Names of the classes, by the number in ``label``; the first is the negative one.
    scores : mapping of str to DataFrame
        The rows of each model: first the judged classifier, then the baseline. Required columns are ``candidate_id
        label`` and ``p_0 ... p_{k-1}``; ``magnitude label_source night group_id object_id split`` are used if they
        exist. Label -1 means unlabelled, a NaN among the probabilities not scored.
    intervals : mapping of str to ClassIntervals
        The metrics of each model on its judged rows, once they are measured.
    mistakes : Mistakes, optional
        The worst confused rows with their cutouts; ``rows`` are those of `pipeline.metrics.class_mistakes`.
    history : mapping of str to DataFrame
        One row per epoch: ``epoch``, and pairs such as ``loss val_loss``.
    reference_points : mapping of int to tuple of float
        For the index of a class the recall and precision of another way to choose it, such as a colour cut.
    reference_name : str
        What that other way is called.
    vetoes : mapping of str to str
        For the name of a class the condition under which no row may be called so. Rows that fulfil it have True in
        the column ``vetoed_<index of the class>`` of ``scores``.
    overrides : mapping of str to str
        For the name of a class the condition under which a row is called so. ``label_decided`` of ``scores`` is the
        class after vetoes and overrides.
    diagrams : tuple of ColourDiagram
        Planes in which the judged rows of the classifier are shown.
    notes : tuple of str
        Caveats of the labels that a reader must know, one sentence each.
    learned : mapping of str to mapping of str to int
        Numbers of rows that were left out of ``scores`` because a model learned from them, by model and part.
    unknown : mapping of str to int
        Numbers of rows of which it is not known whether the model learned from them, by model.
    unlike : mapping of str to mapping
        How the cutouts that each model scored differ from those that it learned from.
    separations : sequence of Separation
        How each data set of the judged rows kept its parts from sharing pixels; None if it does not say.
    drawn : ReportRecipe
        What is shown, and how finely.

    Raises
    ------
    InputError
        If there are no scores, fewer than two classes, or a table lacks a column or has a label of no class.
    """

    title: str
    survey: str
    class_names: tuple[str, ...]
    scores: Mapping[str, pd.DataFrame]
    intervals: Mapping[str, ClassIntervals] = field(default_factory=dict)
    mistakes: Mistakes | None = None
    history: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    reference_points: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    reference_name: str = ""
    vetoes: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)
    diagrams: tuple[ColourDiagram, ...] = ()
    notes: tuple[str, ...] = ()
    learned: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)
    unlike: Mapping[str, Mapping[str, Mapping[str, str | float]]] = field(default_factory=dict)
    separations: Sequence[Separation | None] = ()
    drawn: ReportRecipe = field(default_factory=ReportRecipe)
    kind: ClassVar[str] = "classes"

    def __post_init__(self) -> None:
        if not self.scores:
            raise InputError("there are no scores; a report requires those of at least one model")
        if self.n_classes < 2 or len(set(self.class_names)) < self.n_classes:
            raise InputError(f"classes are {', '.join(self.class_names)}; allowed: two or more different names")
        for model, table in self.scores.items():
            absent = [name for name in ("candidate_id", "label", *self.columns) if name not in table]
            if absent:
                raise InputError(f"scores of {model!r}: {', '.join(absent)} missing; there: {', '.join(table.columns)}")
            strange = sorted(set(table["label"].dropna()) - set(range(-1, self.n_classes)))
            if strange:
                raise InputError(
                    f"{model}: label {strange[0]} is of no class; allowed: 0 to {self.n_classes - 1}, and -1 for none"
                )

    @property
    def n_classes(self) -> int:
        """Number of classes, k."""
        return len(self.class_names)

    @property
    def columns(self) -> list[str]:
        """Names of the columns with the probabilities, ``p_0 ... p_{k-1}``."""
        return [f"p_{index}" for index in range(self.n_classes)]

    @property
    def classifier(self) -> str:
        """Name of the judged model, which is the first."""
        return next(iter(self.scores))

    @property
    def shown(self) -> range:
        """Indices of the classes that have a panel of their own."""
        return range(min(self.n_classes, MOST_CLASSES))

    @property
    def part(self) -> str:
        """Name of the part that all models are judged on: test, else validation, nights or train; ``all`` without."""
        table = self.scores[self.classifier]
        if "split" not in table:
            return "all"
        labelled = table.loc[judged_rows(table["label"].fillna(-1), self.chances(table)), "split"]
        return next((name for code, name in PARTS.items() if (labelled == code).any()), "all")

    def chances(self, table: pd.DataFrame) -> NDArray[np.float64]:
        """Return the probabilities of some rows, ``(n, k)``."""
        return table[self.columns].to_numpy(dtype=np.float64)

    def rows(self, model: str, part: str) -> pd.DataFrame:
        """Return the labelled, scored rows of a part of one model, the first of each candidate."""
        rows = part_rows(self.scores[model], part)
        rows = rows[judged_rows(rows["label"].fillna(-1), self.chances(rows))]
        return rows.drop_duplicates("candidate_id").reset_index(drop=True)

    def judged(self, model: str) -> pd.DataFrame:
        """Return the labelled, scored rows of the judged part of one model."""
        return self.rows(model, self.part)

    def with_mistakes(self, mistakes: Mistakes | None) -> Self:
        """Return the data with the confused rows that a gallery shows."""
        return replace(self, mistakes=mistakes)

    def parts(self, model: str) -> list[str]:
        """Return the parts that have labelled, scored rows: train, validation, test, nights; ``all`` without parts."""
        if "split" not in self.scores[model]:
            return ["all"]
        order = ("train", "validation", "test", "nights")
        return [part for part in order if len(self.rows(model, part))]


ClassPlot = Callable[[ClassReportData], PlotResult]
CLASS_PLOTS: Registry[ClassPlot] = Registry("plot of many classes")


def class_plot(name: str, *, title: str, caption: str) -> Callable[[ClassPlot], ClassPlot]:
    """Return a decorator that registers a plot of many classes with its title and what to look at.

    Parameters
    ----------
    name, title, caption : str
        Its name, its title, and sentences that say what to look at.
    """
    return entering(CLASS_PLOTS, name, title=title, caption=caption)
