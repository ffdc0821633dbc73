"""What every threshold of the classifier gives: errors, F1 and Matthews correlation, and what it leaves of a night."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pipeline.metrics import expected_purity
from pipeline.metrics.intervals import called_real
from pipeline.metrics.threshold_scan import SCAN_COLUMNS, threshold_scan
from pipeline.plots.data import PlotResult, ReportData, whole_nights
from pipeline.plots.style import (
    BOGUS_COLOUR,
    INK,
    MODEL_COLOURS,
    MUTED,
    REAL_COLOUR,
    log_counts,
    no_data,
    panels,
    per_cent,
    plot,
)

PER_NIGHT = 1000.0
"""Candidates of a night where the survey states none."""


@plot(
    "f1_mcc",
    title="F1 and Matthews correlation at every threshold",
    caption="Both are of the rows as they are mixed here. Dots: the peaks. The line is the stored threshold; if the "
    "curves are flat around it, its exact value matters little.",
)
def f1_mcc(data: ReportData) -> PlotResult:
    """Draw F1 and Matthews' correlation coefficient of the classifier against the threshold."""
    table = _scan(data)[["threshold", "f1", "mcc"]]
    figure, axes = panels(1, 1, width=6.4, height=3.9)
    panel = axes[0, 0]
    if table.empty:
        return PlotResult(figure=figure, table=table, note=_empty(axes, data))
    for column, label, colour, line in (
        ("f1", "F1", MODEL_COLOURS[0], "-"),
        ("mcc", "Matthews correlation", MODEL_COLOURS[1], "--"),
    ):
        panel.plot(table["threshold"], table[column], color=colour, linestyle=line, label=label)
        best = table.loc[table[column].idxmax()]
        panel.plot(best["threshold"], best[column], "o", color=colour, markersize=7, markeredgecolor="white")
    _threshold_line(panel, data)
    panel.set(
        xlabel="threshold on the score", ylabel="F1, Matthews correlation", ylim=(min(0.0, table["mcc"].min()), 1.02)
    )
    panel.legend(loc="lower center", ncols=2)
    return PlotResult(figure=figure, table=table)


@plot(
    "error_rates",
    title="Errors at every threshold",
    caption="FNR: the share of the reals that is missed. FPR: the share of the bogus that is called real. MMCE: the "
    "share of all rows that is wrong, in this mixture. FNR and FPR cross at the equal error rate.",
)
def error_rates(data: ReportData) -> PlotResult:
    """Draw the shares of reals, of bogus and of all rows on the wrong side of the threshold against it."""
    table = _scan(data)[["threshold", "fnr", "fpr", "mmce"]]
    figure, axes = panels(1, 1, width=6.4, height=3.9)
    panel = axes[0, 0]
    if table.empty:
        return PlotResult(figure=figure, table=table, note=_empty(axes, data))
    for column, label, colour, line in (
        ("fnr", "FNR (reals missed)", REAL_COLOUR, "-"),
        ("fpr", "FPR (bogus called real)", BOGUS_COLOUR, (0, (6, 2))),
        ("mmce", "MMCE (all rows)", MUTED, ":"),
    ):
        panel.plot(table["threshold"], table[column], color=colour, linestyle=line, label=label)
    _threshold_line(panel, data)
    panel.set(xlabel="threshold on the score", ylabel="share", ylim=(-0.01, 1.02))
    per_cent(panel.yaxis)
    panel.legend(loc="upper center", ncols=1)
    return PlotResult(figure=figure, table=table)


@plot(
    "purity_completeness",
    title="Purity and completeness of a night at every threshold",
    caption="At the survey's own share of reals. Left: the share of the list that is real, and the share of the reals "
    "that is on it. Right: how long the list of a night is, and how many of it are bogus. The line is the stored "
    "threshold.",
)
def purity_completeness(data: ReportData) -> PlotResult:
    """Draw what every threshold of the classifier leaves of a night of the survey."""
    scan = _scan(data)
    columns = ["threshold", "purity", "completeness", "candidates", "called_real", "bogus_among_them"]
    figure, axes = panels(1, 2)
    if data.base_rate is None or scan.empty:
        note = _empty(axes, data) if data.base_rate is not None else "the survey states no base rate"
        for panel in axes[0]:
            panel.clear()
            no_data(panel, note)
        return PlotResult(figure=figure, table=pd.DataFrame(columns=columns), note=note)
    nightly = _nightly(data)
    n = PER_NIGHT if nightly is None else nightly
    found, false = called_real(scan["recall"], scan["fpr"], data.base_rate)
    values = (scan["threshold"], expected_purity(scan["recall"], scan["fpr"], data.base_rate), scan["recall"], n,
              n * (found + false), n * false)  # fmt: skip
    table = pd.DataFrame(dict(zip(columns, values, strict=True)))
    shares, lists = axes[0]
    shares.plot(table["threshold"], table["purity"], color=MODEL_COLOURS[0], label="purity")
    shares.plot(table["threshold"], table["completeness"], color=REAL_COLOUR, linestyle="--", label="completeness")
    shares.set(ylabel="share", ylim=(0, 1.02), title=f"If {data.base_rate:.2%} of all candidates are real")
    per_cent(shares.yaxis)
    floor = 0.1
    lists.plot(table["threshold"], table["called_real"].clip(lower=floor), color=INK, label="called real")
    lists.plot(table["threshold"], table["bogus_among_them"].clip(lower=floor), color=BOGUS_COLOUR, linestyle="--",
               label="of which bogus")  # fmt: skip
    of = f"of {n:,.0f} candidates{'' if nightly is None else ' a night'}".replace(",", "\u202f")
    lists.set(yscale="log", ylim=(floor, 2 * n), ylabel="candidates", title=of)
    log_counts(lists.yaxis)
    for panel in (shares, lists):
        panel.set_xlabel("threshold on the score")
        panel.legend(loc="lower left")
        _threshold_line(panel, data)
    note = "" if nightly is not None else "the survey states no candidates of a night: the lists are of 1,000"
    return PlotResult(figure=figure, table=table, note=note)


def _nightly(data: ReportData) -> float | None:
    """Return the candidates of a usual night: as stated, or the mean of those that were scored as a whole."""
    if data.candidates_per_night is not None:
        return data.candidates_per_night
    rows = whole_nights(data)
    return len(rows) / rows["night"].nunique() if len(rows) else None


def _scan(data: ReportData) -> pd.DataFrame:
    rows = data.judged(data.classifier)
    if rows["label"].nunique() < 2:
        return pd.DataFrame(columns=list(SCAN_COLUMNS))
    scores = rows["score"].to_numpy(dtype=np.float64)
    grid = np.linspace(min(0.0, scores.min()), max(1.0, scores.max()), data.drawn.scan_steps)
    return threshold_scan(rows["label"], scores, grid)


def _threshold_line(panel: Axes, data: ReportData) -> None:
    panel.axvline(data.threshold(data.classifier), color=INK, linewidth=1)


def _empty(axes: np.ndarray, data: ReportData) -> str:
    reason = f"the {data.part} rows do not hold both classes"
    for panel in axes.flat:
        no_data(panel, reason)
    return reason
