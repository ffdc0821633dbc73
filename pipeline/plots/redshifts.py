"""Figures of photometric redshifts: against spectroscopic ones, PIT values, bias and scatter in bins."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.metrics.intervals import binomial_interval
from pipeline.metrics.redshift_residuals import OUTLIER
from pipeline.plots.data import PlotResult
from pipeline.plots.style import INK, MUTED, SHADES, entering, log_counts, marker_style, no_data, panels
from pipeline.registry import Registry

Array = NDArray[np.float64]

PIT_BINS = 20
CELLS = 80
"""Cells of the scatter along each axis."""

TREND_COLUMNS = ("by", "low", "high", "n", "metric", "value", "value_low", "value_high")
_AXIS = {"bias": "median residual", "sigma_nmad": "scatter (NMAD)"}
_TRENDS = tuple(_AXIS)


@dataclass(frozen=True, kw_only=True)
class RedshiftReportData:
    """What the figures of photometric redshifts show.

    Attributes
    ----------
    title : str
        What is shown: regressor and catalogue.
    spectroscopic, predicted : ndarray of float64, (n,)
        Redshifts; NaN is missing.
    pit : ndarray of float64, (n,)
        As `pipeline.metrics.predicted_distributions.probability_integral` returns it; NaN without distributions.
    trends : DataFrame
        `TREND_COLUMNS`: tables of `pipeline.metrics.redshift_summary.redshift_summary_by`, each with what its bins are
        of in ``by``, such as ``i (mag)``; may be empty.
    """

    title: str
    spectroscopic: Array
    predicted: Array
    pit: Array
    trends: pd.DataFrame

    def __post_init__(self) -> None:
        shapes = {self.spectroscopic.shape, self.predicted.shape, self.pit.shape}
        if len(shapes) != 1:
            raise InputError(f"redshifts and PIT values of shapes {sorted(shapes)}; allowed: one of each a row")
        absent = [name for name in TREND_COLUMNS if name not in self.trends]
        if absent:
            raise InputError(f"trends lack {', '.join(absent)}; allowed: the columns {', '.join(TREND_COLUMNS)}")


REDSHIFT_PLOTS: Registry[Callable[[RedshiftReportData], PlotResult]] = Registry("plot of redshifts")


@entering(
    REDSHIFT_PLOTS,
    "redshift_scatter",
    title="Photometric against spectroscopic redshift",
    caption="Galaxies in cells, darker for more. On the line both redshifts agree; beyond the dashed lines a galaxy is "
    "an outlier.",
)
def redshift_scatter(data: RedshiftReportData) -> PlotResult:
    """Draw the predicted redshift over the spectroscopic one."""
    known = np.isfinite(data.spectroscopic) & np.isfinite(data.predicted)
    table = pd.DataFrame({"spectroscopic": data.spectroscopic[known], "predicted": data.predicted[known]})
    missing = int((~known).sum())
    note = f"{missing} of {len(known)} rows lack a redshift" if missing else ""
    figure, axes = panels(width=5.2, height=4.8)
    if table.empty:
        no_data(axes[0, 0], "no row has both redshifts")
        return PlotResult(figure=figure, table=table, note=note or "there are no rows")
    low, high = float(table.min(axis=None)), float(table.max(axis=None))
    edges = np.linspace(low, high if high > low else low + 1.0, CELLS + 1)
    counts, _, _ = np.histogram2d(table["spectroscopic"], table["predicted"], bins=[edges, edges])
    shown = axes[0, 0].pcolormesh(
        edges,
        edges,
        np.where(counts > 0, counts, np.nan).T,
        cmap=SHADES,
        norm=LogNorm(vmin=1.0, vmax=max(counts.max(), 2.0)),
    )
    bar = figure.colorbar(shown, ax=axes[0, 0], label="galaxies a cell")
    log_counts(bar.ax.yaxis)
    axes[0, 0].plot(edges, edges, color=INK, linewidth=0.9)
    for side in (-1.0, 1.0):
        axes[0, 0].plot(edges, edges + side * OUTLIER * (1.0 + edges), color=MUTED, linestyle="--", linewidth=0.9)
    axes[0, 0].set(
        xlim=edges[[0, -1]], ylim=edges[[0, -1]], xlabel="spectroscopic redshift", ylabel="photometric redshift",
        title=data.title,
    )  # fmt: skip
    return PlotResult(figure=figure, table=table, note=note)


@entering(
    REDSHIFT_PLOTS,
    "redshift_pit",
    title="Calibration of the distributions",
    caption="Share of galaxies by the predicted probability below their spectroscopic redshift. Calibrated "
    "distributions give the even line within the band of 95 %; a hollow in the middle says too narrow, a hump too "
    "wide, a slope biased.",
)
def redshift_pit(data: RedshiftReportData) -> PlotResult:
    """Draw the histogram of the PIT values with the band of a uniform sample of the same size."""
    values = data.pit[np.isfinite(data.pit)]
    counts, edges = np.histogram(values, bins=PIT_BINS, range=(0.0, 1.0))
    table = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "n": counts, "share": counts / max(len(values), 1)})
    figure, axes = panels(width=5.2, height=3.9)
    if not len(values):
        no_data(axes[0, 0], "there are no distributions")
        return PlotResult(figure=figure, table=table.iloc[:0], note="there are no distributions")
    even = 1.0 / PIT_BINS
    low, high = binomial_interval(len(values) * even, len(values), 0.95)
    axes[0, 0].axhspan(float(low), float(high), color=MUTED, alpha=0.25, linewidth=0)
    axes[0, 0].axhline(even, color=MUTED, linewidth=0.9)
    axes[0, 0].stairs(table["share"].to_numpy(), edges, color=marker_style(0)["color"], linewidth=1.8)
    axes[0, 0].set(
        xlim=(0.0, 1.0), ylim=(0.0, 1.25 * max(float(table["share"].max()), even)), xlabel="PIT value",
        ylabel="share of galaxies", title=data.title,
    )  # fmt: skip
    return PlotResult(figure=figure, table=table)


@entering(
    REDSHIFT_PLOTS,
    "redshift_trends",
    title="Bias and scatter",
    caption="Median residual (above) and scatter (below) of (z_phot - z_spec) / (1 + z_spec) in bins of redshift and "
    "magnitude. Bars across are the bins, bars upright the intervals.",
)
def redshift_trends(data: RedshiftReportData) -> PlotResult:
    """Draw bias and scatter in each kind of bins."""
    table = data.trends[data.trends["metric"].isin(_TRENDS) & data.trends["value"].notna()].reset_index(drop=True)
    kinds = list(dict.fromkeys(table["by"]))
    figure, axes = panels(len(_TRENDS), max(len(kinds), 1), width=4.6, height=2.9)
    if table.empty:
        for panel in axes.ravel():
            no_data(panel, "there are no bins")
        return PlotResult(figure=figure, table=table, note="there are no bins with galaxies")
    for column, kind in enumerate(kinds):
        for row, metric in enumerate(_TRENDS):
            _trend(axes[row, column], table[(table["by"] == kind) & (table["metric"] == metric)])
            axes[row, column].set(xlabel=str(kind), ylabel=_AXIS[metric])
        axes[0, column].axhline(0.0, color=MUTED, linewidth=0.9)
    axes[0, 0].set_title(data.title)
    return PlotResult(figure=figure, table=table)


def _trend(panel: Axes, rows: pd.DataFrame) -> None:
    centre = 0.5 * (rows["low"] + rows["high"])
    value, low, high = rows["value"], rows["value_low"].fillna(rows["value"]), rows["value_high"].fillna(rows["value"])
    panel.errorbar(
        centre, value, xerr=0.5 * (rows["high"] - rows["low"]),
        yerr=np.clip([value - low, high - value], 0.0, None), linestyle="none", markersize=4, **marker_style(0),
    )  # fmt: skip
