"""The fraction of injected sources that the search detects, and that the classifier keeps."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pipeline.metrics.completeness import Limit
from pipeline.metrics.search import STAGES, search_tables
from pipeline.plots.data import PlotResult, ReportData
from pipeline.plots.style import (
    MUTED,
    legend_entries,
    log_counts,
    marker_style,
    model_style,
    no_data,
    panels,
    per_cent,
    plot,
)

_AXES = {
    "magnitude": "magnitude of the injection",
    "snr": "signal to noise of the injection",
    "host_surface_brightness": "surface brightness of the host, mag / arcsec²",
    "band": "band",
}

_SHIFT = 0.06
"""Horizontal shift between stages: in magnitudes or bands, or as a share of the signal to noise."""


@plot(
    "completeness",
    title="Completeness of the search",
    caption="The fraction of the injected sources that is detected, and the fraction that is detected and called "
    "real. The latter is the efficiency of the whole search: the fraction detected, times the fraction of the judged "
    "detections that the classifier keeps. Bars: 68 % intervals; curves: fits, with their 50 % limits.",
)
def completeness(data: ReportData) -> PlotResult:
    """Draw the fraction found against magnitude, SNR, host surface brightness and band, at both stages."""
    if data.injected is None or data.injected.empty:
        figure, axes = panels(1, 1, width=7.0, height=2.2)
        note = "no transients were simulated in images"
        no_data(axes[0, 0], note)
        return PlotResult(figure=figure, table=pd.DataFrame(), note=note)
    table, limits = search_tables(data.injected, data.judged(data.classifier), data.threshold(data.classifier))
    shown = [name for name in _AXES if (table["column"] == name).any()]
    figure, axes = panels(1, len(shown) or 1, width=4.4, height=3.9)
    for panel, name in zip(axes[0], shown, strict=False):
        for index, stage in enumerate(limits):
            rows = table[(table["column"] == name) & (table["stage"] == stage)]
            _points(panel, rows, index, stage, name)
        panel.set(
            ylim=(-0.03, 1.05),
            xlabel=_AXES[name],
            ylabel="fraction of the injected sources" if name == shown[0] else "",
        )
        per_cent(panel.yaxis)
    if "magnitude" in shown:
        _curves(axes[0, shown.index("magnitude")], table, limits)
    handles, labels = legend_entries(axes[0])
    figure.legend(handles, labels, loc="outside upper left", ncols=2)
    notes = [f"{stage}: no 50 % limit, {limit.reason}" for stage, limit in limits.items() if limit.reason]
    if STAGES[1] not in limits:
        notes.append(f"no injected source is among the {data.part} rows, so it is not known which the classifier keeps")
    return PlotResult(figure=figure, table=table, note="; ".join(notes))


def _points(panel: Axes, rows: pd.DataFrame, index: int, stage: str, name: str) -> None:
    """Draw one stage's fractions with their intervals."""
    spread = [rows["fraction"] - rows["low"], rows["high"] - rows["fraction"]]
    x = _places(rows, name, index)
    panel.errorbar(
        x, rows["fraction"], np.clip(spread, 0, None), label=stage, linestyle="", markersize=5, elinewidth=1,
        **marker_style(index),
    )  # fmt: skip
    if name == "snr":
        panel.set_xscale("log")
        log_counts(panel.xaxis)
    if name == "band":
        panel.set_xticks(range(len(rows)), rows["stratum"])
        panel.set_xlim(-0.6, len(rows) - 0.4)


def _places(rows: pd.DataFrame, name: str, index: int) -> np.ndarray:
    """Return the x of a stage's points: each stage is a little further right, so that none hides another."""
    if name == "band":
        return np.arange(len(rows)) + _SHIFT * index
    low, high = rows["bin_low"].to_numpy(float), rows["bin_high"].to_numpy(float)
    return np.sqrt(low * high) * (1.0 + _SHIFT) ** index if name == "snr" else 0.5 * (low + high) + _SHIFT * index


def _curves(panel: Axes, table: pd.DataFrame, limits: dict[str, Limit]) -> None:
    """Draw the fits over magnitude, and name their 50 % limits."""
    rows = table[table["column"] == "magnitude"]
    grid = np.linspace(rows["bin_low"].min(), rows["bin_high"].max(), 200)
    panel.axhline(0.5, color=MUTED, linewidth=0.8)
    for index, (stage, limit) in enumerate(limits.items()):
        if not np.isfinite(limit.magnitude):
            continue
        panel.plot(grid, limit.fraction(grid), linewidth=1.4, **model_style(index))
        panel.axvline(limit.magnitude, linewidth=0.8, **model_style(index))
        words = f"{limit.magnitude:.2f} ± {limit.error:.2f}"
        colour = model_style(index)["color"]
        panel.annotate(
            f"50 % {stage}\n{words}", (0.03, 0.22 - 0.13 * index), xycoords="axes fraction", fontsize=8, color=colour
        )
