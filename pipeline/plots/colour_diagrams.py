"""Colour-colour diagrams: where in a plane of two colours each class is found, missed, and contaminated."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pipeline.metrics.class_rows import predicted_class
from pipeline.plots.class_data import ClassReportData, ColourDiagram, class_plot
from pipeline.plots.class_grid import ACROSS, more_classes
from pipeline.plots.data import PlotResult, stacked
from pipeline.plots.style import BOGUS_COLOUR, INK, MUTED, REAL_COLOUR, no_data, panels

MOST_OF_CLASS = 1000
"""Of a true class with more rows, about as many are shown, taken evenly from their order."""

CORE = (0.5, 99.5)
"""Percentiles between which the values set the ends of the axes, so that a few outliers do not."""

COLUMNS = ["x_name", "y_name", "candidate_id", "x", "y", "truth", "called"]
SIDE = 3.1
KINDS = (
    ("other", MUTED, "o", 5),
    ("found", REAL_COLOUR, "o", 9),
    ("of another class", BOGUS_COLOUR, "+", 22),
    ("missed", INK, "x", 18),
)
"""What a row is to a class, with its colour, marker and size, the topmost last."""


@class_plot(
    "colour_diagrams",
    title="Colour-colour diagrams",
    caption="A panel for each class: its rows that are called so (found) or otherwise (missed), rows of other classes "
    "that are called so, and all others in grey. Misses along an edge are rows that another colour would have to tell "
    "apart; contaminants far from the class are worth a look at their labels.",
)
def colour_diagrams(data: ClassReportData) -> PlotResult:
    """Draw the judged rows of the classifier in each plane that the survey names, a panel for each class."""
    table = stacked([_points(data, diagram) for diagram in data.diagrams], COLUMNS)
    if table.empty:
        figure, axes = panels(1, 1, width=6.0, height=2.0)
        note = (
            "no judged row has both colours"
            if data.diagrams
            else "the survey names none whose columns are there (`colour_diagrams`)"
        )
        no_data(axes[0, 0], note)
        return PlotResult(figure=figure, table=table, note=note)
    across = min(len(data.shown), ACROSS)
    lines = -(-len(data.shown) // across)
    figure, axes = panels(lines * len(data.diagrams), across, width=SIDE, height=SIDE)
    for place, diagram in enumerate(data.diagrams):
        own = axes[place * lines : (place + 1) * lines].ravel()
        rows = table[(table["x_name"] == diagram.x) & (table["y_name"] == diagram.y)]
        for panel, index in zip(own, data.shown, strict=False):
            _draw(panel, rows, diagram, data.class_names[index])
        for spare in own[len(data.shown) :]:
            spare.remove()
    axes[0, 0].legend(fontsize=7, loc="best", handletextpad=0.2, frameon=True, framealpha=0.8, edgecolor="none")
    return PlotResult(figure=figure, table=table, note="; ".join(filter(None, [_left_out(data), more_classes(data)])))


def _points(data: ClassReportData, diagram: ColourDiagram) -> pd.DataFrame:
    """Return the judged rows that have both colours, not too many of a class."""
    rows = data.judged(data.classifier).merge(diagram.points, on="candidate_id", how="inner")
    rows = rows[np.isfinite(rows["x"]) & np.isfinite(rows["y"])]
    names = np.array(data.class_names, dtype=object)
    found = pd.DataFrame({
        "x_name": diagram.x, "y_name": diagram.y, "candidate_id": rows["candidate_id"], "x": rows["x"], "y": rows["y"],
        "truth": names[rows["label"].to_numpy(int)], "called": names[predicted_class(data.chances(rows))],
    })  # fmt: skip
    kept = [_evenly(own) for _, own in found.groupby("truth", sort=False)]
    return stacked(kept, COLUMNS)


def _evenly(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.iloc[np.unique(np.linspace(0, len(rows) - 1, MOST_OF_CLASS).round().astype(int))]


def _draw(panel: Axes, rows: pd.DataFrame, diagram: ColourDiagram, name: str) -> None:
    own, called = (rows["truth"] == name).to_numpy(), (rows["called"] == name).to_numpy()
    chosen = (~own & ~called, own & called, ~own & called, own & ~called)
    for (words, colour, marker, size), mine in zip(KINDS, chosen, strict=True):
        width, alpha = 0.0 if marker == "o" else 1.0, 0.35 if words == "other" else 1.0
        x, y = rows["x"].to_numpy(float)[mine], rows["y"].to_numpy(float)[mine]
        panel.scatter(x, y, s=size, c=colour, marker=marker, linewidths=width, alpha=alpha, label=words)
    panel.set(xlabel=diagram.x, ylabel=diagram.y, xlim=_ends(rows["x"]), ylim=_ends(rows["y"]))
    panel.set_title(name)


def _ends(values: pd.Series) -> tuple[float, float]:
    low, high = np.percentile(values, CORE)
    margin = 0.05 * (high - low) or 0.5
    return float(low - margin), float(high + margin)


def _left_out(data: ClassReportData) -> str:
    """Return how many judged rows a diagram lacks because a colour is missing or its class has too many."""
    judged = data.judged(data.classifier)
    words: Sequence[str] = []
    for diagram in data.diagrams:
        points = diagram.points[diagram.points["candidate_id"].isin(judged["candidate_id"])]
        missing = int((~(np.isfinite(points["x"]) & np.isfinite(points["y"]))).sum())
        words = [*words, f"{missing} rows lack a colour of {diagram.x} against {diagram.y}"] if missing else words
    counts = judged["label"].value_counts()
    if (counts > MOST_OF_CLASS).any():
        words = [*words, f"of a class, about {MOST_OF_CLASS} rows are shown"]
    return "; ".join(words)
