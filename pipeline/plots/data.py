"""The data that a report is made from, and the result of a plot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipeline.classes import CLASS_NAMES, LEFT_OUT, REAL, TEST, TRAIN, VALIDATION
from pipeline.datasets.leakage import Separation
from pipeline.errors import InputError
from pipeline.metrics import THRESHOLD_RULES, confusion, scored_mask
from pipeline.metrics.verdict_coverage import VerdictPromise
from pipeline.recipes.report import ReportRecipe

PARTS = {TEST: "test", VALIDATION: "validation", LEFT_OUT: "nights", TRAIN: "train"}
"""Codes of the column ``split`` and their names, in the order in which a part is preferred for judging."""


@dataclass(frozen=True, kw_only=True)
class Mistakes:
    """The worst mistakes, with their cutouts or, of a table, their features.

    Attributes
    ----------
    rows : DataFrame
        The rows, as from :func:`pipeline.metrics.worst_mistakes`, with a column for each feature.
    cutouts : ndarray of float32, shape (n, y, x, channel), optional
        Raw pixels, NaN = missing, in the order of ``rows``; None if there are none, as in a table.
    channels : tuple of str
        Names of the channels.
    features : tuple of str
        Names of the features of rows of a table.
    """

    rows: pd.DataFrame
    cutouts: NDArray[np.float32] | None
    channels: tuple[str, ...] = ("science", "template", "difference")
    features: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CutOutcomes:
    """Which cuts of a baseline of rules each candidate fails.

    Attributes
    ----------
    ranges : mapping of str to tuple of str
        The feature and its range in words, by the name of the cut.
    failed : DataFrame
        One row per candidate: ``candidate_id``, and for each cut whether it fails it.
    """

    ranges: Mapping[str, tuple[str, str]]
    failed: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class Psfs:
    """The PSFs with which sources were put into images.

    Attributes
    ----------
    rows : DataFrame
        One row per image: ``exposure_id image kind fallback stars fwhm_pixel star_fwhm_pixel residual_fraction
        chi2 wing_fraction`` and more; ``residual_fraction`` is NaN if the image has no stars.
    images : ndarray of float32, (n, 3, y, x)
        Median star, PSF and median residual of each image, in units of the flux.
    """

    rows: pd.DataFrame
    images: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class ReportData:
    """Everything that the figures and the report show; the tables are never changed.

    Attributes
    ----------
    title, survey : str
        The heading, and the survey's name.
    scores : mapping of str to DataFrame
        The rows of each model: first the judged classifier, then the baseline and references. Required columns are
        ``candidate_id label score``; ``kind label_source flux_sign magnitude snr band detector night group_id
        object_id split host_offset_arcsec edge_fraction nan_fraction flags`` are used if they exist. Label -1 means
        unlabelled, a score of NaN not scored; ``split`` is coded as in PARTS.
    thresholds : mapping of str to float
        The score from which each model calls a candidate real; see `threshold` for a model without one.
    threshold_rules : mapping of str to str
        How each threshold was chosen, and with which rows, in words.
    mistakes : Mistakes, optional
        The worst mistakes of the classifier, with their cutouts.
    examples : Mistakes, optional
        Rows as from :func:`pipeline.metrics.mistakes.example_rows`, with their cutouts.
    history : mapping of str to DataFrame
        One row per epoch: ``epoch``, and pairs such as ``loss val_loss``.
    calibrations : mapping of str to mapping
        By model, for each of its packages by name what it states of its calibration.
    best_thresholds : mapping of str to mapping
        By model, the threshold that each rule chose on the validation rows.
    base_rate : float, optional
        Share of reals among the survey's own candidates.
    candidates_per_night : float, optional
        Number of candidates of a usual night.
    class_names : tuple of str
        Names of label 0 and label 1.
    truth : DataFrame, optional
        ``candidate_id kind is_real``, one row per true source; the id is empty if the source was not detected.
    notes : tuple of str
        Caveats of the labels that a reader must know, one sentence each.
    injected : DataFrame, optional
        One row per injected source, recovered or missed: ``recovered candidate_id magnitude`` and, if known,
        ``snr host_surface_brightness band``.
    psfs : Psfs, optional
        The PSFs of those injections.
    fwhm_ratio_cuts : tuple of float
        Lowest and highest FWHM of a detection that pass, in units of the FWHM of point sources in its image.
    learned : mapping of str to mapping of str to int
        Numbers of rows that were left out of ``scores`` because a model learned from them, by model and part.
    unknown : mapping of str to int
        Numbers of rows of which it is not known whether the model learned from them, by model.
    unknown_training : tuple of str
        Models whose package does not say what they learned from.
    unlike : mapping of str to mapping
        How the cutouts that each model scored differ from those that it learned from: ``survey`` and
        ``pixel_scale_arcsec``, each with ``trained`` and ``scored``.
    learned_of_nights : DataFrame, optional
        Rows of completely scored nights that the classifier learned from: they enter no figure of merit, but belong to
        their night.
    separations : sequence of Separation
        How each data set of the judged rows kept its parts from sharing pixels; None if it does not say.
    cuts : CutOutcomes, optional
        Which cuts of the baseline of rules each judged candidate fails.
    spans : tuple of str
        Nights, as ISO dates in order, that begin a span of time in which the models are judged by themselves as well.
    promises : mapping of str to VerdictPromise
        What the column ``verdict`` of each model's scores promises; a model may have the column and no promise.
    trained_on : mapping
        What the classifier learned from, as `pipeline.io.packages.package_file.learned_from` says it.
    drawn : ReportRecipe
        What is shown, and how finely.
    """

    title: str
    survey: str
    scores: Mapping[str, pd.DataFrame]
    thresholds: Mapping[str, float] = field(default_factory=dict)
    threshold_rules: Mapping[str, str] = field(default_factory=dict)
    mistakes: Mistakes | None = None
    examples: Mistakes | None = None
    history: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    calibrations: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    best_thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    base_rate: float | None = None
    candidates_per_night: float | None = None
    class_names: tuple[str, str] = CLASS_NAMES
    truth: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()
    injected: pd.DataFrame | None = None
    psfs: Psfs | None = None
    fwhm_ratio_cuts: tuple[float, float] = (0.5, 4.2)
    learned: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)
    unknown_training: tuple[str, ...] = ()
    unlike: Mapping[str, Mapping[str, Mapping[str, str | float]]] = field(default_factory=dict)
    learned_of_nights: pd.DataFrame | None = None
    separations: Sequence[Separation | None] = ()
    cuts: CutOutcomes | None = None
    spans: tuple[str, ...] = ()
    promises: Mapping[str, VerdictPromise] = field(default_factory=dict)
    trained_on: Mapping[str, Any] = field(default_factory=dict)
    drawn: ReportRecipe = field(default_factory=ReportRecipe)
    kind: ClassVar[str] = "binary"
    _judged: dict[str, pd.DataFrame] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.scores:
            raise InputError("there are no scores; a report requires those of at least one model")
        if not 0.0 <= self.fwhm_ratio_cuts[0] < self.fwhm_ratio_cuts[1]:
            raise InputError(f"fwhm_ratio_cuts is {self.fwhm_ratio_cuts}; allowed: two ascending numbers of at least 0")
        for model, table in self.scores.items():
            absent = [name for name in ("candidate_id", "label", "score") if name not in table]
            if absent:
                raise InputError(f"scores of {model!r}: {', '.join(absent)} missing; there: {', '.join(table.columns)}")

    @property
    def classifier(self) -> str:
        """Name of the judged model, which is the first."""
        return next(iter(self.scores))

    def threshold(self, model: str) -> float:
        """Return the threshold of a model, as the float32 number with which scores are compared when rows are called.

        If none is stated, it is that of the report's recipe; but if scores are outside 0 ... 1, so that it has no
        meaning, it is the threshold at which the model finds as many of the judged reals as the classifier does.
        """
        if model in self.thresholds:
            return float(np.float32(self.thresholds[model]))
        rows, own = self.judged(model), self.judged(self.classifier)
        if model == self.classifier or not self._needs_matching(rows) or not (own["label"] == REAL).any():
            return float(np.float32(self.drawn.threshold))
        found = confusion(own["label"], own["score"], self.threshold(self.classifier)).recall
        return THRESHOLD_RULES["mdr"](rows["label"], rows["score"], target=1.0 - found)

    def threshold_rule(self, model: str) -> str:
        """Return in words how the threshold of a model was chosen."""
        if model in self.threshold_rules:
            return self.threshold_rules[model]
        if model in self.thresholds:
            return "chosen beforehand"
        if model != self.classifier and self._needs_matching(self.judged(model)):
            return f"none stated; the one that finds as many reals as {self.classifier}"
        return f"none stated; {self.drawn.threshold:g}"

    def _needs_matching(self, rows: pd.DataFrame) -> bool:
        return rows["label"].nunique() == 2 and not rows["score"].between(0, 1).all()

    @property
    def part(self) -> str:
        """Name of the part that all models are judged on: the test part if the classifier has rows of it."""
        return judged_part(self.scores[self.classifier])

    def judged(self, model: str) -> pd.DataFrame:
        """Return the labelled, scored rows of the judged part of one model, one row per candidate."""
        if model not in self._judged:
            self._judged[model] = labelled_rows(self.scores[model], self.part)
        return self._judged[model]


@dataclass(frozen=True, kw_only=True)
class PlotResult:
    """A figure and the numbers that it shows.

    Attributes
    ----------
    figure : Figure
        Belongs to no window; the caller saves it.
    table : DataFrame
        The numbers of the figure, as one tidy table.
    note : str
        What is missing from the figure and why, or an empty string.
    """

    figure: Figure
    table: pd.DataFrame
    note: str = ""


def judged_part(table: pd.DataFrame) -> str:
    """Return the name of the part to judge: test, else validation, else nights, else train; ``all`` without parts."""
    if "split" not in table:
        return "all"
    labelled = table.loc[scored_mask(table["label"], table["score"]), "split"]
    return next((name for code, name in PARTS.items() if (labelled == code).any()), "all")


def part_rows(table: pd.DataFrame, part: str) -> pd.DataFrame:
    """Return the rows of a part by its name; all rows for ``"all"`` or if the table has no parts."""
    if part == "all" or "split" not in table:
        return table
    codes = {name: code for code, name in PARTS.items()}
    return table[table["split"] == codes[part]]


def whole_nights(data: ReportData) -> pd.DataFrame:
    """Return ``candidate_id night score`` of completely scored nights, including rows that the classifier learned from.

    The table is empty if the scores state no part, because then it is not known whether nights are complete.
    """
    table, columns = data.scores[data.classifier], ["candidate_id", "night", "score"]
    if "split" not in table or "night" not in table:
        return pd.DataFrame(columns=columns)
    learned = [] if data.learned_of_nights is None else [data.learned_of_nights]
    return rows_with_night(stacked([part_rows(table, "nights"), *learned], columns))


def rows_with_night(table: pd.DataFrame) -> pd.DataFrame:
    """Return the scored rows whose night is known, the first of each candidate."""
    night = table["night"].astype(object).where(table["night"].notna(), "").astype(str)
    known = np.isfinite(table["score"].to_numpy(dtype=float)) & (night != "").to_numpy()
    return table.assign(night=night)[known].drop_duplicates("candidate_id")


def labelled_rows(table: pd.DataFrame, part: str) -> pd.DataFrame:
    """Return the labelled, scored rows of a part, the first of each candidate."""
    rows = part_rows(table, part)
    rows = rows[scored_mask(rows["label"], rows["score"])]
    return rows.drop_duplicates("candidate_id").reset_index(drop=True)


def stacked(tables: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    """Return tables below each other with the given columns, even if there is no table or none has rows."""
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True)[list(columns)] if filled else pd.DataFrame(columns=list(columns))
