"""Which class is called what: counts and shares of each part, and shares among the rows that are sure enough."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pipeline.metrics.abstention import THRESHOLDS
from pipeline.metrics.class_confusion import ClassConfusion, class_confusion
from pipeline.plots.class_data import ClassReportData, class_plot
from pipeline.plots.data import PlotResult, stacked
from pipeline.plots.style import INK, SHADES, no_data, panels

SHOWN_THRESHOLDS = (0.5, 0.7, 0.9)
"""Least probabilities whose confusion is drawn; the numbers have all of `THRESHOLDS`."""

COLUMNS = ["model", "part", "threshold", "truth", "called", "n", "share", "kept"]
CELL, LEAST_SIDE = 0.62, 3.2
"""Inches that a class takes on a side of a matrix, and the least side."""


@class_plot(
    "confusion",
    title="Confusion matrices",
    caption="Left: numbers of rows; right: shares of each true class, so that each line adds up to 100 %. What is off "
    "the diagonal is confused: read along a line where a class is lost, and down a column what contaminates it. A far "
    "better matrix of the train part than of the test part means overfitting.",
)
def confusion(data: ClassReportData) -> PlotResult:
    """Draw counts and shares of the judged classifier, a line of panels for each part that has rows."""
    model = data.classifier
    parts = data.parts(model)
    side = max(LEAST_SIDE, CELL * data.n_classes + 1.2)
    figure, axes = panels(max(len(parts), 1), 2, width=side + 0.2, height=side + 0.2)
    tables = []
    for line, part in zip(axes, parts, strict=False):
        rows = data.rows(model, part)
        found = class_confusion(rows["label"], data.chances(rows))
        words = f"{part}, {len(rows)} rows"
        _draw(line[0], found, data.class_names, counts=True)
        _draw(line[1], found, data.class_names, counts=False)
        line[0].set_title(words)
        line[1].set_title(f"{part}, shares of the true class")
        tables.append(_table(data, found, part))
    note = "" if tables else f"{model}: no labelled, scored rows"
    if not tables:
        no_data(axes[0, 0], note)
        axes[0, 1].set_axis_off()
    return PlotResult(figure=figure, table=stacked(tables, COLUMNS), note=note)


@class_plot(
    "confusion_thresholds",
    title="Confusion where the classifier is sure",
    caption="Shares of each true class among the rows whose largest probability reaches a threshold. As it rises, the "
    "diagonal should grow darker; a cell off the diagonal that stays is confused with confidence, and its labels are "
    "worth a look. The numbers have all twenty thresholds.",
)
def confusion_thresholds(data: ClassReportData) -> PlotResult:
    """Draw the shares of the judged classifier on the judged part at a few thresholds of the largest probability."""
    rows = data.judged(data.classifier)
    side = max(LEAST_SIDE, CELL * data.n_classes + 1.2)
    figure, axes = panels(1, len(SHOWN_THRESHOLDS), width=side, height=side + 0.5)
    if rows.empty:
        note = f"{data.classifier}: no labelled, scored rows"
        for panel in axes[0]:
            no_data(panel, note)
        return PlotResult(figure=figure, table=pd.DataFrame(columns=COLUMNS), note=note)
    chances = data.chances(rows)
    found = {at: class_confusion(rows["label"], chances, threshold=at) for at in (*THRESHOLDS, *SHOWN_THRESHOLDS)}
    for panel, at in zip(axes[0], SHOWN_THRESHOLDS, strict=True):
        _draw(panel, found[at], data.class_names, counts=False)
        panel.set_title(f"p ≥ {at:g}: {100 * found[at].kept:.1f} % of the rows")
    tables = [_table(data, found[at], data.part) for at in THRESHOLDS]
    return PlotResult(figure=figure, table=stacked(tables, COLUMNS))


def _draw(panel: Axes, found: ClassConfusion, names: Sequence[str], *, counts: bool) -> None:
    shares: NDArray[np.float64] = found.shares
    panel.imshow(np.nan_to_num(shares), cmap=SHADES, vmin=0, vmax=1.15)
    size = 10 if len(names) <= 6 else 8
    for (row, column), share in np.ndenumerate(shares):
        n = int(found.counts[row, column])
        words = f"{n}" if counts else "–" if np.isnan(share) else f"{100 * share:.1f}"
        colour = "white" if share > 0.5 else INK
        panel.text(column, row, words, ha="center", va="center", color=colour, fontsize=size)
    panel.grid(visible=False)
    ticks = range(len(names))
    panel.set_xticks(
        ticks, list(names), rotation=45 if len(names) > 3 else 0, ha="right" if len(names) > 3 else "center"
    )
    panel.set_yticks(ticks, list(names))
    panel.set(xlabel="called", ylabel="truth" if counts else "truth (%)")


def _table(data: ClassReportData, found: ClassConfusion, part: str) -> pd.DataFrame:
    k, names = data.n_classes, np.array(data.class_names, dtype=object)
    return pd.DataFrame(
        {
            "model": data.classifier,
            "part": part,
            "threshold": found.threshold,
            "truth": np.repeat(names, k),
            "called": np.tile(names, k),
            "n": found.counts.ravel(),
            "share": found.shares.ravel(),
            "kept": found.kept,
        }
    )
