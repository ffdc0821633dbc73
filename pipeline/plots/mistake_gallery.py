"""The mistake gallery of a report: science, template and difference of the worst false alarms and missed reals."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipeline.classes import BOGUS, REAL
from pipeline.metrics.mistakes import FALSE_ALARM, MISSED_REAL
from pipeline.plots.data import Mistakes, PlotResult, ReportData
from pipeline.plots.gallery_cells import cell, show_image, write_at
from pipeline.plots.style import BOGUS_COLOUR, INK, MUTED, REAL_COLOUR, no_data, panels, plot

IN_WORDS = "rows of a table have no images: their features are in the table of mistakes"
ACROSS = 2
WIDTH, MARGIN, SIDE, TITLE, HEADING = 9.4, 0.1, 1.45, 0.3, 0.36
"""Sizes in inches: the figure, its margin, a cutout, the line above it, the heading of a part."""

SHOWN_COLUMNS = (
    "candidate_id",
    "mistake",
    "score",
    "label",
    "kind",
    "label_source",
    "flux_sign",
    "magnitude",
    "snr",
    "night",
)
EXAMPLE_HEADINGS = {
    "true positive": ("Rightly called {real}, drawn by lot", REAL_COLOUR),
    "true negative": ("Rightly called {bogus}, drawn by lot", BOGUS_COLOUR),
    "most uncertain": ("Most uncertain: closest to the threshold", INK),
    "drawn at random": ("Any rows, drawn by lot", INK),
}
HEADINGS = {
    FALSE_ALARM: ("False alarms: {bogus} with the highest scores", BOGUS_COLOUR),
    MISSED_REAL: ("Missed: {real} with the lowest scores", REAL_COLOUR),
}


@plot(
    "gallery",
    title="Gallery of the worst mistakes",
    caption="Science, template and difference of the mistakes furthest from the threshold: judge for yourself whether "
    "the classifier or the label is wrong. Each cutout is scaled by zscale; missing pixels are tinted.",
)
def gallery(data: ReportData) -> PlotResult:
    """Draw the triplets of the false alarms with the highest and the missed reals with the lowest scores."""
    mistakes = data.mistakes
    if mistakes is None or mistakes.cutouts is None or not len(mistakes.rows):
        figure, axes = panels(1, 1, width=6.0, height=2.0)
        note = "no mistakes at the stored threshold"
        if mistakes is None or mistakes.cutouts is None:
            note = IN_WORDS if mistakes is not None and mistakes.features else "no mistakes, or no cutouts of them"
        no_data(axes[0, 0], note)
        return PlotResult(figure=figure, table=pd.DataFrame(columns=list(SHOWN_COLUMNS)), note=note)
    return _drawn(data, mistakes, mistakes.cutouts, HEADINGS)


@plot(
    "examples",
    title="What is usual",
    caption="Science, template and difference of rows that are called right, of those closest to the threshold, and of "
    "any: what the mistakes are to be compared with. Each cutout is scaled by zscale; missing pixels are tinted.",
)
def examples(data: ReportData) -> PlotResult:
    """Draw the triplets of rows that are called right, that are uncertain, and of any."""
    shown = data.examples
    if shown is None or shown.cutouts is None or not len(shown.rows):
        figure, axes = panels(1, 1, width=6.0, height=2.0)
        note = IN_WORDS if shown is not None and shown.features else "no judged rows, or no cutouts of them"
        no_data(axes[0, 0], note)
        return PlotResult(figure=figure, table=pd.DataFrame(columns=list(SHOWN_COLUMNS)), note=note)
    result = _drawn(data, shown, shown.cutouts, EXAMPLE_HEADINGS)
    return PlotResult(figure=result.figure, table=result.table.rename(columns={"mistake": "shown_as"}))


def _drawn(
    data: ReportData, mistakes: Mistakes, cutouts: NDArray[np.float32], headings: Mapping[str, tuple[str, str]]
) -> PlotResult:
    """Draw the triplets of each kind of rows under its heading."""
    kinds = mistakes.rows["mistake"].to_numpy()
    chosen = [(name, np.flatnonzero(kinds == name)[: data.drawn.examples]) for name in headings]
    figure = Figure(figsize=(WIDTH, sum(_height(len(rows)) for _, rows in chosen) + MARGIN))
    top = figure.get_figheight()
    for name, rows in chosen:
        text, colour = headings[name]
        words = text.format(bogus=data.class_names[BOGUS], real=data.class_names[REAL])
        write_at(figure, MARGIN, top - 0.27, words, color=colour, weight="bold", fontsize=11)
        _draw_part(figure, top - HEADING, mistakes, cutouts[rows], rows)
        top -= _height(len(rows))
    shown = np.concatenate([rows for _, rows in chosen])
    columns = [column for column in SHOWN_COLUMNS if column in mistakes.rows]
    return PlotResult(figure=figure, table=mistakes.rows.iloc[shown][columns].reset_index(drop=True))


def _height(n: int) -> float:
    """Return the height of a part with ``n`` triplets, in inches."""
    return HEADING + (int(np.ceil(n / ACROSS)) * (SIDE + TITLE) if n else 0.35)


def _draw_part(
    figure: Figure, top: float, mistakes: Mistakes, cutouts: NDArray[np.float32], rows: NDArray[np.intp]
) -> None:
    """Draw two triplets per line, in fixed cells so that all cutouts have the same size."""
    if not len(rows):
        write_at(figure, MARGIN, top - 0.1, "none at the stored threshold", color=MUTED, fontsize=9)
    step = (WIDTH - MARGIN) / ACROSS
    side = min(SIDE, (step - 3 * MARGIN) / len(mistakes.channels))
    for place, row in enumerate(rows):
        line, column = divmod(place, ACROSS)
        left, upper = MARGIN + column * step, top - line * (SIDE + TITLE)
        write_at(figure, left, upper - TITLE + 0.07, _words(mistakes.rows.iloc[row]), color=INK, fontsize=8)
        images = np.moveaxis(cutouts[place], -1, 0)
        for index, (image, channel) in enumerate(zip(images, mistakes.channels, strict=True)):
            axes = cell(figure, left + index * (side + 0.06), upper - TITLE - side, side)
            show_image(axes, image)
            if line == 0:
                axes.text(0.03, 0.03, channel, transform=axes.transAxes, fontsize=7, color="white",
                          bbox={"facecolor": INK, "alpha": 0.6, "pad": 1.5, "linewidth": 0})  # fmt: skip


def _words(row: pd.Series) -> str:
    sign = {1: "+", -1: "-"}.get(int(row["flux_sign"]), "") if pd.notna(row.get("flux_sign")) else ""
    parts = [f"{row['candidate_id']}", f"score {row['score']:.3f}"]
    parts += [str(row[column]) for column in ("kind",) if column in row and pd.notna(row[column]) and row[column] != ""]
    return "  ".join([*parts, sign]).rstrip()
