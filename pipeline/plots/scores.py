"""The distribution of scores: calibration, histogram by true class, confusion at the threshold."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.classes import BOGUS, REAL
from pipeline.metrics import confusion
from pipeline.plots.data import PlotResult, ReportData, stacked
from pipeline.plots.style import (
    BOGUS_COLOUR,
    INK,
    MUTED,
    REAL_COLOUR,
    SHADES,
    log_counts,
    marker_style,
    model_style,
    no_data,
    panels,
    plot,
)
from pipeline.scores.calibration import reliability_table

MOST_PANELS = 3


@plot(
    "calibration",
    title="Calibration",
    caption="On the diagonal, eight in ten candidates with a score of 0.8 are real; below it scores are too high, "
    "above it too low. Bars: {level} intervals. Lower panel: the number of rows behind each point.",
)
def calibration(data: ReportData) -> PlotResult:
    """Draw the fraction of reals against the mean score in bins, with the rows of each bin below."""
    figure, axes = panels(2, 1, width=5.4, height=2.6, ratios=[3, 1])
    panel, below = axes[:, 0]
    tables, notes = [], []
    for index, model in enumerate(data.scores):
        rows = data.judged(model)
        if rows.empty or not rows["score"].between(0, 1).all():
            notes.append(f"{model}: {'no rows' if rows.empty else 'scores outside 0 ... 1'}")
            continue
        table = reliability_table(rows["label"], rows["score"], data.drawn.reliability_bins, data.drawn.interval_level)
        filled = table[table["n"] > 0]
        spread = [
            filled["fraction_real"] - filled["fraction_low"],
            filled["fraction_high"] - filled["fraction_real"],
        ]
        style = marker_style(index)
        panel.errorbar(
            filled["score_mean"], filled["fraction_real"], np.clip(spread, 0, None), label=model, markersize=5,
            elinewidth=1, linestyle=model_style(index)["linestyle"], linewidth=1.4, **style,
        )  # fmt: skip
        below.stairs(table["n"], [*table["score_low"], 1.0], baseline=0, linewidth=1.5, **model_style(index))
        tables.append(table.assign(model=model))
    if not tables:
        no_data(panel, "; ".join(notes))
        below.set_axis_off()
        return PlotResult(figure=figure, table=pd.DataFrame(columns=["model"]), note="; ".join(notes))
    panel.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=":")
    panel.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel="fraction real")
    panel.tick_params(labelbottom=False)
    panel.legend(loc="upper left")
    below.set(xlim=(-0.02, 1.02), yscale="log", xlabel="score", ylabel="rows")
    log_counts(below.yaxis)
    return PlotResult(figure=figure, table=pd.concat(tables, ignore_index=True), note="; ".join(notes))


@plot(
    "score_histogram",
    title="Scores by true class",
    caption="The two classes should be at opposite ends, with little in between. The line is the stored threshold; "
    "rows far on its wrong side are the worst mistakes.",
)
def score_histogram(data: ReportData) -> PlotResult:
    """Draw the histogram of scores of each class, one panel per model, with counts on a logarithmic axis."""
    figure, drawn, note = _one_panel_each(data, width=4.4, height=3.4)
    tables = []
    for panel, model, rows in drawn:
        low, high = min(0.0, rows["score"].min()), max(1.0, rows["score"].max())
        edges = np.linspace(low, high, data.drawn.histogram_bins + 1)
        counts = {label: np.histogram(rows.loc[rows["label"] == label, "score"], edges)[0] for label in (BOGUS, REAL)}
        for label, colour, line in ((BOGUS, BOGUS_COLOUR, (0, (3, 1))), (REAL, REAL_COLOUR, "-")):
            name = f"{data.class_names[label]} ({counts[label].sum()})"
            panel.stairs(counts[label], edges, fill=True, color=colour, alpha=0.28, baseline=0.5)
            panel.stairs(counts[label], edges, color=colour, linewidth=1.6, linestyle=line, label=name, baseline=0.5)
        panel.axvline(data.threshold(model), color=INK, linewidth=1)
        top = max(counts[BOGUS].max(), counts[REAL].max())
        panel.set(
            yscale="log", ylim=(0.5, 8 * max(top, 2)), xlabel="score (1 = real)", ylabel="rows per bin", title=model
        )
        log_counts(panel.yaxis)
        panel.legend(loc="upper center", ncols=2)
        tables.append(
            pd.DataFrame(
                {
                    "model": model,
                    "score_low": edges[:-1],
                    "score_high": edges[1:],
                    "n_bogus": counts[BOGUS],
                    "n_real": counts[REAL],
                }
            )
        )
    columns = ["model", "score_low", "score_high", "n_bogus", "n_real"]
    return PlotResult(figure=figure, table=stacked(tables, columns), note=note)


@plot(
    "confusion_matrix",
    title="Confusion at the stored threshold",
    caption="Each row is a true class and adds up to 100 %. Lower left: reals that the survey misses; upper right: "
    "bogus that people look at in vain.",
)
def confusion_matrix(data: ReportData) -> PlotResult:
    """Draw the 2 x 2 counts of each model at its stored threshold."""
    figure, drawn, note = _one_panel_each(data, width=3.4, height=3.5)
    tables = []
    for panel, model, rows in drawn:
        table = _confusion_table(rows, data.threshold(model), data.class_names)
        _draw_confusion(panel, table, data.class_names)
        panel.set_title(f"{model}\nthreshold {data.threshold(model):.3f}")
        tables.append(table.assign(model=model))
    columns = ["truth", "called", "n", "share", "threshold", "model"]
    return PlotResult(figure=figure, table=stacked(tables, columns), note=note)


def _one_panel_each(
    data: ReportData, width: float, height: float
) -> tuple[Figure, list[tuple[Axes, str, pd.DataFrame]], str]:
    """Return a figure with one panel per model, the panels that have rows to show, and a note on the others."""
    models = list(data.scores)[:MOST_PANELS]
    figure, axes = panels(1, len(models), width=width, height=height)
    filled, notes = [], []
    for panel, model in zip(axes[0], models, strict=True):
        rows = data.judged(model)
        if rows.empty:
            notes.append(f"{model}: no labelled, scored rows")
            no_data(panel, notes[-1])
        else:
            filled.append((panel, model, rows))
    return figure, filled, "; ".join(notes)


def _confusion_table(rows: pd.DataFrame, threshold: float, names: tuple[str, str]) -> pd.DataFrame:
    at = confusion(rows["label"], rows["score"], threshold)
    counts = [at.true_negatives, at.false_positives, at.false_negatives, at.true_positives]
    table = pd.DataFrame({"truth": np.repeat(names, 2), "called": np.tile(names, 2), "n": counts})
    of_truth = np.repeat([counts[BOGUS] + counts[REAL], counts[2] + counts[3]], 2)
    return table.assign(share=table["n"] / np.maximum(of_truth, 1), threshold=threshold)


def _draw_confusion(panel: Axes, table: pd.DataFrame, names: tuple[str, str]) -> None:
    shares = table["share"].to_numpy().reshape(2, 2)
    panel.imshow(shares, cmap=SHADES, vmin=0, vmax=1.15)
    for (row, column), n in np.ndenumerate(table["n"].to_numpy().reshape(2, 2)):
        share = shares[row, column]
        colour = "white" if share > 0.5 else INK
        panel.text(column, row, f"{n:,}\n{100 * share:.1f} %", ha="center", va="center", color=colour, fontsize=12)
    panel.grid(visible=False)
    panel.set(xlabel="called", ylabel="truth")
    panel.set_xticks([0, 1], list(names))
    panel.set_yticks([0, 1], list(names), rotation=90, va="center")
