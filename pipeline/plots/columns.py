"""How the values of any columns are distributed, by class."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pipeline.classes import BOGUS, REAL
from pipeline.metrics.binning import STRATA, measured, numbers_of
from pipeline.plots.data import PlotResult, ReportData, stacked
from pipeline.plots.style import BOGUS_COLOUR, REAL_COLOUR, log_counts, no_data, panels, plot

TABLE_COLUMNS = ["column", "low", "high", "n_bogus", "n_real"]
MOST_ACROSS = 3


@plot(
    "column_histograms",
    title="Columns by true class",
    caption="How the judged rows are distributed over the columns that the settings of the report name, from the first "
    "to the last percentile; what lies outside is in the bins at the ends. Classes that differ in a column can be told "
    "apart without an image.",
)
def column_histograms(data: ReportData) -> PlotResult:
    """Draw a histogram of each named column, with counts of both classes on a logarithmic axis."""
    names, rows = data.drawn.columns, data.judged(data.classifier)
    across = min(max(len(names), 1), MOST_ACROSS)
    figure, axes = panels(-(-max(len(names), 1) // MOST_ACROSS), across, width=4.2, height=3.2)
    tables, notes = [], [] if names else ["the settings of the report name no columns"]
    places: list[Axes] = list(axes.ravel())
    for panel, name in zip(places, names, strict=False):
        values = _values(rows, name)
        if not np.isfinite(values).any():
            notes.append(f"{name}: no judged row has a number in it")
            no_data(panel, notes[-1])
            continue
        tables.append(_counted(values, rows["label"].to_numpy(), name, data.drawn.histogram_bins))
        _draw(panel, tables[-1], name, data.class_names)
    for panel in places[max(len(names), 1) :]:
        panel.set_axis_off()
    if not names:
        no_data(axes[0, 0], notes[0])
    return PlotResult(figure=figure, table=stacked(tables, TABLE_COLUMNS), note="; ".join(notes))


def _values(rows: pd.DataFrame, name: str) -> np.ndarray:
    """Return a column as numbers, NaN where there is none."""
    if name not in rows:
        return np.full(len(rows), np.nan)
    return measured(rows[name], STRATA[name]) if name in STRATA else numbers_of(rows[name])


def _counted(values: np.ndarray, label: np.ndarray, name: str, bins: int) -> pd.DataFrame:
    known = np.isfinite(values)
    low, high = np.percentile(values[known], [1, 99])
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, bins + 1)
    inside = np.clip(values, low, high)
    counts = {wanted: np.histogram(inside[known & (label == wanted)], edges)[0] for wanted in (BOGUS, REAL)}
    return pd.DataFrame(
        {"column": name, "low": edges[:-1], "high": edges[1:], "n_bogus": counts[BOGUS], "n_real": counts[REAL]}
    )


def _draw(panel: Axes, table: pd.DataFrame, name: str, names: tuple[str, str]) -> None:
    edges = [*table["low"], table["high"].iloc[-1]]
    for column, words, colour, line in (
        ("n_bogus", names[BOGUS], BOGUS_COLOUR, (0, (3, 1))),
        ("n_real", names[REAL], REAL_COLOUR, "-"),
    ):
        counts = table[column].to_numpy()
        panel.stairs(counts, edges, fill=True, color=colour, alpha=0.28, baseline=0.5)
        panel.stairs(counts, edges, color=colour, linewidth=1.4, linestyle=line, label=words, baseline=0.5)
    title, unit = (STRATA[name].title, STRATA[name].unit) if name in STRATA else (name, "")
    top = max(table["n_bogus"].max(), table["n_real"].max(), 2)
    panel.set(xlabel=f"{title} ({unit})" if unit else title, ylabel="rows per bin", yscale="log", ylim=(0.5, 8 * top))
    log_counts(panel.yaxis)
    panel.legend(loc="upper center", ncols=2)
