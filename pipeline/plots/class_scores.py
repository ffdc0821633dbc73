"""The figures of merit of each class: precision, recall and F1 with intervals, and both against magnitude."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.metrics import STRATA, binomial_interval, groups_of
from pipeline.metrics.binning import measured, quantile_edges
from pipeline.metrics.class_metrics import PER_CLASS, class_summary
from pipeline.metrics.class_rows import predicted_class
from pipeline.plots.class_data import ClassReportData, class_plot
from pipeline.plots.class_grid import class_panels, left_and_bottom, more_classes
from pipeline.plots.data import PlotResult, stacked
from pipeline.plots.style import BOGUS_COLOUR, REAL_COLOUR, marker_style, no_data, panels
from pipeline.plots.training import history_figure

SHOWN = ("precision", "recall", "f1")
MAGNITUDE_BINS = 6
LEADING = ("loss", "macro_f1", "accuracy")
MOST_MODELS = 3
BAR_COLUMNS = ["model", "class", "metric", "value", "low", "high", "n"]
MAGNITUDE_COLUMNS = ["class", "measure", "bin_low", "bin_high", "n", "n_groups", "value", "low", "high"]


@class_plot(
    "class_scores",
    title="Precision, recall and F1 of each class",
    caption="Bars: {level} intervals over groups. A class far left of the others limits the macro mean: look in the "
    "confusion matrix for what it is taken for. Numbers behind the names: rows of the class.",
)
def class_scores(data: ClassReportData) -> PlotResult:
    """Draw a panel for each figure of merit with a line for each class and a point for each model."""
    models = list(data.scores)[:MOST_MODELS]
    table = stacked([_scores_of(data, model) for model in models if len(data.judged(model))], BAR_COLUMNS)
    figure, axes = panels(1, len(SHOWN), width=3.4, height=max(2.4, 0.42 * data.n_classes + 1.2))
    if table.empty:
        note = "no labelled, scored rows"
        for panel in axes[0]:
            no_data(panel, note)
        return PlotResult(figure=figure, table=table, note=note)
    counts = np.bincount(data.judged(data.classifier)["label"].astype(int), minlength=data.n_classes)
    for place, (panel, name) in enumerate(zip(axes[0], SHOWN, strict=True)):
        for shift, model in enumerate(models):
            rows = table[(table["model"] == model) & (table["metric"] == name)]
            if rows.empty:
                continue
            value = rows["value"].to_numpy(float)
            spread = np.clip(np.nan_to_num([value - rows["low"], rows["high"] - value]), 0, None)
            height = np.arange(data.n_classes) + 0.18 * (shift - 0.5 * (len(models) - 1))
            panel.errorbar(
                value, height, xerr=spread, linestyle="none", markersize=5, label=model, **marker_style(shift)
            )
        labels = [f"{words} ({n})" for words, n in zip(data.class_names, counts, strict=True)]
        panel.set_yticks(range(data.n_classes), labels if place == 0 else [""] * data.n_classes)
        panel.set(ylim=(data.n_classes - 0.5, -0.5), xlim=(-0.02, 1.02), xlabel=PER_CLASS[name].title)
    if len(models) > 1:
        axes[0, 0].legend(loc="lower left", fontsize=8)
    note = "" if data.intervals else "the intervals were not measured"
    return PlotResult(figure=figure, table=table, note=note)


@class_plot(
    "class_magnitude",
    title="Completeness and purity against magnitude",
    caption="Completeness: the share of the rows of a class that are called so. Purity: the share of the rows called "
    "so that belong to it. Both usually fall at the faint end; where only purity falls, faint rows of another class "
    "come in. Bars: 68 % intervals, in which each object counts once.",
)
def class_magnitude(data: ClassReportData) -> PlotResult:
    """Draw completeness and purity of each class of the judged classifier in bins of magnitude."""
    rows = data.judged(data.classifier)
    known = measured(rows["magnitude"], STRATA["magnitude"]) if "magnitude" in rows else np.full(len(rows), np.nan)
    edges = quantile_edges(known[np.isfinite(known)], MAGNITUDE_BINS) if np.isfinite(known).any() else np.empty(0)
    figure, _, of_class = class_panels(data)
    if len(edges) < 2:
        note = f"no row of the {data.part} part has a magnitude"
        for panel in of_class.values():
            no_data(panel, note)
        return PlotResult(figure=figure, table=pd.DataFrame(columns=MAGNITUDE_COLUMNS), note=note)
    table = _magnitude_table(data, rows, known, edges)
    for index, panel in of_class.items():
        own = table[table["class"] == data.class_names[index]]
        for name, colour, marker in (("completeness", REAL_COLOUR, "o"), ("purity", BOGUS_COLOUR, "s")):
            part = own[(own["measure"] == name) & own["value"].notna()]
            centre = 0.5 * (part["bin_low"] + part["bin_high"]) + (0.0 if name == "purity" else 0.02)
            spread = np.clip([part["value"] - part["low"], part["high"] - part["value"]], 0, None)
            panel.errorbar(centre, part["value"], spread, color=colour, marker=marker, markersize=4, linewidth=1.2,
                           elinewidth=1, linestyle="-" if name == "completeness" else "--", label=name)  # fmt: skip
    for panel, left, bottom in left_and_bottom(list(of_class.values())):
        panel.set(ylim=(-0.03, 1.05), xlim=(edges[0] - 0.1, edges[-1] + 0.1))
        panel.set(xlabel="magnitude" if bottom else "", ylabel="share" if left else "")
    of_class[0].legend(loc="lower left", fontsize=8)
    return PlotResult(figure=figure, table=table, note=more_classes(data))


@class_plot(
    "training_history",
    title="Training",
    caption="Solid: training rows; dashed: validation rows. Where the lines diverge, the classifier begins to "
    "overfit; the dot is the epoch with the lowest validation loss.",
)
def training_history(data: ClassReportData) -> PlotResult:
    """Draw loss and other quantities of the trainings by epoch."""
    return history_figure(data.history, LEADING, list(data.scores))


def _scores_of(data: ClassReportData, model: str) -> pd.DataFrame:
    """Return the shown figures of a model, with intervals if they are measured."""
    rows = data.judged(model)
    counts = np.bincount(rows["label"].astype(int), minlength=data.n_classes)
    plain = class_summary(rows["label"], data.chances(rows))[1]
    found = []
    for name in SHOWN:
        for index, words in enumerate(data.class_names):
            interval = data.intervals[model].per_class[index][name] if model in data.intervals else None
            value, low, high = (
                (interval.value, interval.low, interval.high) if interval else (plain[name][index], np.nan, np.nan)
            )
            found.append((model, words, name, value, low, high, counts[index]))
    return pd.DataFrame(found, columns=BAR_COLUMNS)


def _magnitude_table(
    data: ClassReportData, rows: pd.DataFrame, known: NDArray[np.float64], edges: NDArray[np.float64]
) -> pd.DataFrame:
    label, called = rows["label"].to_numpy(int), predicted_class(data.chances(rows))
    groups = groups_of(rows)
    place = np.where(np.isfinite(known), np.clip(np.searchsorted(edges, known, "right") - 1, 0, len(edges) - 2), -1)
    found: list[tuple[object, ...]] = []
    for index, words in enumerate(data.class_names):
        for bin_index, (low, high) in enumerate(pairwise(edges)):
            for name, whole in (("completeness", label == index), ("purity", called == index)):
                chosen = whole & (place == bin_index)
                found.append((words, name, low, high, *_share((label == called)[chosen], groups[chosen])))
    return pd.DataFrame(found, columns=MAGNITUDE_COLUMNS)


def _share(right: NDArray[np.bool_], groups: NDArray[np.str_]) -> Sequence[float]:
    """Return rows, groups, the share that is right, and Jeffreys' interval in which each group counts once."""
    n_groups = len(np.unique(groups))
    value = float(right.mean()) if len(right) else float("nan")
    low, high = binomial_interval(value * n_groups if len(right) else 0.0, n_groups)
    return len(right), n_groups, value, float(low), float(high)
