"""Curves of each class against all others: ROC, and precision against recall with lines of equal F1."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pipeline.metrics.class_curves import class_curves, precision_of_f1
from pipeline.metrics.class_metrics import class_summary
from pipeline.plots.class_data import ClassReportData, class_plot
from pipeline.plots.class_grid import class_panels, left_and_bottom, more_classes
from pipeline.plots.data import PlotResult, stacked
from pipeline.plots.style import GRID, INK, MUTED, model_style, no_data

F1_LINES = (0.2, 0.4, 0.6, 0.8, 0.9)
MOST_POINTS = 2000
"""A curve of more thresholds is drawn, and its numbers kept, at about as many of them."""

COLUMNS = ["model", "class_index", "class", "threshold", "tpr", "fpr", "precision"]


@class_plot(
    "class_roc",
    title="ROC of each class",
    caption="The share of the class that is found against the share of all other rows that is taken for it, as the "
    "threshold on the probability of the class falls. The dot is where the largest probability decides, which is no "
    "threshold on one class and so need not lie on the curve.",
)
def class_roc(data: ClassReportData) -> PlotResult:
    """Draw one panel per class with the curve of each model."""

    def diagonal(panel: Axes, _index: int) -> None:
        panel.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=":")

    return _curves(data, ("fpr", "false positive rate"), ("tpr", "recall"), diagonal)


@class_plot(
    "class_precision_recall",
    title="Precision and recall of each class",
    caption="Grey lines have the same F1, which stands at their right end. The dot is where the largest probability "
    "decides: if the curve passes lines of a higher F1, another threshold or weight of this class would do better. "
    "A star is another choice of the class, which the legend names. Precision holds for the mixture of these rows.",
)
def class_precision_recall(data: ClassReportData) -> PlotResult:
    """Draw one panel per class with the curve of each model, lines of equal F1, and another choice's point if known."""

    def lines_and_point(panel: Axes, index: int) -> None:
        _iso_f1(panel)
        if index in data.reference_points:
            recall, precision = data.reference_points[index]
            panel.plot(recall, precision, "*", color=INK, markersize=11, label=data.reference_name or "reference")

    return _curves(data, ("tpr", "recall"), ("precision", "precision"), lines_and_point)


def _curves(
    data: ClassReportData, x: tuple[str, str], y: tuple[str, str], add: Callable[[Axes, int], None]
) -> PlotResult:
    """Draw the curves of all classes, with columns and labels of both axes, and what is added to each panel."""
    table, points, notes = _tables(data)
    figure, _, of_class = class_panels(data)
    for panel, left, bottom in left_and_bottom(list(of_class.values())):
        panel.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.03))
        panel.set(xlabel=x[1] if bottom else "", ylabel=y[1] if left else "")
    for index, panel in of_class.items():
        if _draw(panel, data, table, points, index, x[0], y[0]):
            add(panel, index)
        else:
            no_data(panel, "no rows of it, or of no other")
    _legend(of_class)
    return PlotResult(figure=figure, table=table, note="; ".join(filter(None, [*notes, more_classes(data)])))


def _tables(data: ClassReportData) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Return all curves, the points at which the largest probability decides, and notes on models without rows."""
    curves, points, notes = [], [], []
    names = np.array(data.class_names, dtype=object)
    for model in data.scores:
        rows = data.judged(model)
        if rows.empty:
            notes.append(f"{model}: no labelled, scored rows")
            continue
        chances = data.chances(rows)
        for index in range(data.n_classes):
            curves.append(_thinned(class_curves(rows["label"], chances, [index])).assign(model=model))
        each = class_summary(rows["label"], chances)[1]
        points.append(
            pd.DataFrame({"tpr": each["recall"], "fpr": each["fpr"], "precision": each["precision"]}).assign(
                model=model, class_index=np.arange(data.n_classes)
            )
        )
    table = stacked([one.assign(**{"class": names[one["class_index"]]}) for one in curves], COLUMNS)
    return table, stacked(points, ["model", "class_index", "tpr", "fpr", "precision"]), notes


def _thinned(table: pd.DataFrame) -> pd.DataFrame:
    """Return about MOST_POINTS rows of a curve, the first and the last among them."""
    if len(table) <= MOST_POINTS:
        return table
    return table.iloc[np.unique(np.linspace(0, len(table) - 1, MOST_POINTS).round().astype(int))]


def _draw(
    panel: Axes, data: ClassReportData, table: pd.DataFrame, points: pd.DataFrame, index: int, x: str, y: str
) -> bool:
    """Draw the curves of a class; False if no model has one."""
    drawn = False
    for place, model in enumerate(data.scores):
        rows = table[(table["model"] == model) & (table["class_index"] == index)]
        rows = rows[np.isfinite(rows[x].to_numpy(float)) & np.isfinite(rows[y].to_numpy(float))]
        if rows.empty:
            continue
        drawn = True
        style = model_style(place)
        panel.plot(rows[x], rows[y], label=model, linewidth=1.6, **style)
        at = points[(points["model"] == model) & (points["class_index"] == index)]
        panel.plot(at[x], at[y], "o", color=style["color"], markersize=6, markeredgecolor="white")
    return drawn


def _iso_f1(panel: Axes) -> None:
    recall = np.linspace(0.01, 1.0, 200)
    for f1 in F1_LINES:
        precision = precision_of_f1(f1, recall)
        panel.plot(recall, precision, color=GRID if f1 < 0.9 else MUTED, linewidth=0.9, zorder=0)
        panel.annotate(f"{f1:g}", (1.0, precision[-1]), ha="right", va="bottom", fontsize=7, color=MUTED)
    panel.grid(visible=False)


def _legend(of_class: dict[int, Axes]) -> None:
    """Name every line and point of the figure once, in the first panel that shows any."""
    drawn = [panel for panel in of_class.values() if panel.get_legend_handles_labels()[0]]
    entries = {
        words: handle for panel in drawn for handle, words in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    if drawn:
        drawn[0].legend(list(entries.values()), list(entries), loc="lower center", fontsize=8)
