"""Nights side by side: how many candidates each has, how many are called real, and how their scores are distributed."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from pipeline.classes import REAL
from pipeline.plots.data import PlotResult, ReportData, part_rows, rows_with_night, whole_nights
from pipeline.plots.style import BOGUS_COLOUR, INK, REAL_COLOUR, SHADES, log_counts, log_per_cent, no_data, panels, plot

MOST_UNEQUAL = 30
"""If one night has this many times the candidates of another, their axis is logarithmic."""


@plot(
    "score_by_night",
    title="Scores night by night",
    caption="Above: the scored candidates of each night, and how many are called real. Below: the distribution of "
    "their scores, with the threshold as a line. If whole nights were scored, a night that differs from its "
    "neighbours points to clouds, bad subtractions or a new detector setting. If the rows are from a data set, only "
    "the judged part is shown, and the numbers and kinds of rows per night are those that were chosen for the data "
    "set.",
)
def score_by_night(data: ReportData) -> PlotResult:
    """Draw how many candidates of each night pass, and how its scores spread; unlabelled rows included."""
    rows, note = _night_rows(data)
    table, edges = _night_table(rows, data.threshold(data.classifier), data.drawn.night_bins)
    figure, axes = panels(2, 1, width=7.2, height=2.3)
    above, below = axes[:, 0]
    if table.empty:
        no_data(above, note)
        below.set_axis_off()
        return PlotResult(figure=figure, table=table, note=note)
    _draw_counts(above, table, data.class_names[REAL])
    mesh = _draw_spread(below, table, edges)
    below.axhline(data.threshold(data.classifier), color=INK, linewidth=1)
    bar = figure.colorbar(mesh, ax=below, pad=0.01)
    log_per_cent(bar.ax.yaxis)
    bar.set_label("share of the night")
    return PlotResult(figure=figure, table=table, note=note)


def _draw_counts(panel: Axes, table: pd.DataFrame, real: str) -> None:
    total, called = table["n"].to_numpy(), table["n_called_real"].to_numpy()
    place = np.arange(len(table))
    panel.bar(place, total, color=BOGUS_COLOUR, alpha=0.35, label="candidates", width=0.75)
    panel.bar(place, called, color=REAL_COLOUR, label=f"called {real}", width=0.75)
    if total.max() > MOST_UNEQUAL * total.min():
        panel.set(yscale="log", ylim=(0.5, 6 * total.max()))
        log_counts(panel.yaxis)
    else:
        panel.set(ylim=(0, 1.28 * total.max()))
        panel.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    panel.set(ylabel="candidates", xlim=(-0.6, len(table) - 0.4))
    panel.legend(loc="upper right", ncols=2)
    panel.tick_params(labelbottom=False)
    panel.grid(visible=False, axis="x")


def _draw_spread(panel: Axes, table: pd.DataFrame, edges: NDArray[np.float64]) -> QuadMesh:
    """Draw the histogram of scores of each night as a column of shades."""
    total = table["n"].to_numpy()
    share = table[_bin_columns(edges)].to_numpy() / total[:, None]
    mesh = panel.pcolormesh(
        np.arange(len(table) + 1) - 0.5,
        edges,
        np.where(share > 0, share, np.nan).T,
        cmap=SHADES,
        norm=LogNorm(0.5 / max(total.max(), 2), 1.0),
    )
    panel.set(ylabel="score", xlim=(-0.6, len(table) - 0.4), xlabel="night")
    every, many = int(np.ceil(len(table) / 12)), len(table) > 4
    place = np.arange(len(table))[::every]
    panel.set_xticks(place, table["night"].iloc[place], rotation=30 if many else 0, ha="right" if many else "center")
    panel.grid(visible=False)
    return mesh


def _night_table(rows: pd.DataFrame, threshold: float, bins: int) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Return one row per night, with its counts in bins of the score, and the edges of the bins."""
    if rows.empty:
        return pd.DataFrame(columns=["night", "n", "n_called_real"]), np.empty(0)
    edges = np.linspace(min(0.0, rows["score"].min()), max(1.0, rows["score"].max()), bins + 1)
    nights = rows.assign(passed=rows["score"] >= threshold).groupby("night")
    table = nights.agg(n=("score", "size"), n_called_real=("passed", "sum"))
    for quantile, name in ((0.16, "score_q16"), (0.5, "score_median"), (0.84, "score_q84")):
        table[name] = nights["score"].quantile(quantile)
    spread = np.array([np.histogram(night["score"], edges)[0] for _, night in nights])
    table[_bin_columns(edges)] = spread
    return table.reset_index(), edges


def _bin_columns(edges: NDArray[np.float64]) -> list[str]:
    return [f"n_score_from_{edge:.4g}" for edge in edges[:-1]]


def _night_rows(data: ReportData) -> tuple[pd.DataFrame, str]:
    """Return the scored rows of completely scored nights, or else of the judged part, and a note on them."""
    table, none = data.scores[data.classifier], "no row has both a night and a score"
    if "night" not in table:
        return pd.DataFrame(columns=["night", "score"]), none
    learned = sum(data.learned.get(data.classifier, {}).values())
    whole = whole_nights(data)
    if len(whole):
        within = whole["candidate_id"].isin(_learned_ids(data)).sum()
        return whole, f"the classifier learned from {within} of these rows, whose scores flatter it" if within else ""
    rows = rows_with_night(part_rows(table, data.part))
    if rows.empty:
        return rows, none
    notes = (
        [f"only rows of the {data.part} part, whose numbers per night were chosen for the data set"]
        if "split" in table
        else []
    )
    notes += [f"{learned} rows that the classifier learned from are left out"] if learned else []
    return rows, "; ".join(notes)


def _learned_ids(data: ReportData) -> pd.Series:
    return pd.Series(dtype=str) if data.learned_of_nights is None else data.learned_of_nights["candidate_id"]
