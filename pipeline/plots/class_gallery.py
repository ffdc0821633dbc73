"""The gallery of a report of many classes: the cutouts that are most surely taken for another class, by pair."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipeline.plots.class_data import ClassReportData, class_plot
from pipeline.plots.data import Mistakes, PlotResult
from pipeline.plots.gallery_cells import cell, show_image, show_rgb, write_at
from pipeline.plots.mistake_gallery import IN_WORDS
from pipeline.plots.style import INK, MUTED, no_data, panels

WIDTH, MARGIN, SIDE, TITLE, HEADING = 9.4, 0.1, 1.45, 0.34, 0.36
"""Sizes in inches: the figure, its margin, a cutout, the lines above it, the heading of a pair."""

MOST_CHANNELS = 4
RGB = ("red", "green", "blue")
COLUMNS = ("candidate_id", "truth", "called", "p_called", "p_true", "pair_rows", "label_source", "magnitude", "night")


@class_plot(
    "gallery",
    title="Gallery of the most confident confusions",
    caption="Rows whose wrong class has the highest probability, the commonest pair of classes first: judge for "
    "yourself whether the classifier or the label is wrong. Channels named red, green and blue are shown in colour; "
    "others are each scaled by zscale.",
)
def gallery(data: ClassReportData) -> PlotResult:
    """Draw the cutouts of the worst confused rows, a line for each pair of true and called class."""
    mistakes = data.mistakes
    table = _table(data, mistakes)
    if mistakes is None or mistakes.cutouts is None or not len(mistakes.rows):
        figure, axes = panels(1, 1, width=6.0, height=2.0)
        note = IN_WORDS if mistakes is not None and mistakes.features else "no confused rows, or no images of them"
        no_data(axes[0, 0], note)
        return PlotResult(figure=figure, table=table.iloc[:0], note=note)
    pairs = list(dict.fromkeys(zip(table["truth"], table["called"], strict=True)))
    across = across_of(mistakes.channels)
    lines = {pair: np.flatnonzero((table["truth"] == pair[0]) & (table["called"] == pair[1])) for pair in pairs}
    height = {pair: HEADING + (SIDE + TITLE) * -(-len(rows) // across) for pair, rows in lines.items()}
    figure = Figure(figsize=(WIDTH, sum(height.values()) + MARGIN))
    top = figure.get_figheight()
    for (truth, called), rows in lines.items():
        n = int(table["pair_rows"].iloc[rows[0]])
        words = f"{truth} called {called}: {n} row{'s' if n != 1 else ''}"
        write_at(figure, MARGIN, top - 0.27, words, color=INK, weight="bold", fontsize=11)
        for place, row in enumerate(rows):
            line, column = divmod(place, across)
            left = MARGIN + column * (WIDTH - MARGIN) / across
            upper = top - HEADING - line * (SIDE + TITLE)
            _draw(figure, left, upper, mistakes.channels, mistakes.cutouts[row], table.iloc[row])
        top -= height[truth, called]
    return PlotResult(figure=figure, table=table)


def across_of(channels: tuple[str, ...]) -> int:
    """Return how many rows of cutouts with these channels fit beside each other."""
    shown = 1 if channels == RGB else min(len(channels), MOST_CHANNELS)
    return max(1, int((WIDTH - MARGIN) // (shown * (SIDE + 0.06) + MARGIN)))


def _draw(
    figure: Figure, left: float, upper: float, channels: tuple[str, ...], cutout: NDArray[np.float32], entry: pd.Series
) -> None:
    """Draw one row with its id and the probabilities of the wrong and the right class."""
    write_at(figure, left, upper - 0.12, str(entry["candidate_id"])[:24], color=INK, fontsize=7.5)
    words = f"p {entry['p_called']:.2f}, of the label {entry['p_true']:.2f}"
    write_at(figure, left, upper - 0.27, words, color=MUTED, fontsize=7.5)
    if channels == RGB:
        show_rgb(cell(figure, left, upper - TITLE - SIDE, SIDE), cutout)
        return
    for index, channel in enumerate(channels[:MOST_CHANNELS]):
        axes = cell(figure, left + index * (SIDE + 0.06), upper - TITLE - SIDE, SIDE)
        show_image(axes, cutout[..., index])
        axes.text(0.03, 0.03, channel, transform=axes.transAxes, fontsize=7, color="white",
                  bbox={"facecolor": INK, "alpha": 0.6, "pad": 1.5, "linewidth": 0})  # fmt: skip


def _table(data: ClassReportData, mistakes: Mistakes | None) -> pd.DataFrame:
    """Return what is shown of the confused rows, with the names of their classes."""
    if mistakes is None:
        return pd.DataFrame(columns=list(COLUMNS))
    names = dict(enumerate(data.class_names))
    rows = mistakes.rows.assign(truth=mistakes.rows["label"].map(names), called=mistakes.rows["called"].map(names))
    return rows[[name for name in COLUMNS if name in rows]].reset_index(drop=True)
