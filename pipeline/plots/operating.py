"""Curves over all thresholds: ROC, MDR against FPR, precision and recall, and a scan of the threshold."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pipeline.metrics import confusion, expected_purity, operating_points
from pipeline.plots.data import PlotResult, ReportData, stacked
from pipeline.plots.style import (
    BOGUS_COLOUR,
    INK,
    MUTED,
    REAL_COLOUR,
    log_per_cent,
    marker_style,
    model_style,
    no_data,
    panels,
    per_cent,
    plot,
)

MOST_POINTS = 2000
ISO_F1 = (0.2, 0.4, 0.6, 0.8)


def model_points(data: ReportData) -> pd.DataFrame:
    """Return the operating points of every model that has both classes, with a column ``model`` in front."""
    tables = []
    for model in data.scores:
        rows = data.judged(model)
        if rows["label"].nunique() == 2:
            points = _thinned(operating_points(rows["label"], rows["score"]), MOST_POINTS)
            tables.append(points.assign(model=model, n_real=int(rows["label"].sum()), n=len(rows)))
    columns = ["model", "threshold", "tpr", "fpr", "mdr", "precision", "n_real", "n"]
    return stacked(tables, columns)


def _thinned(points: pd.DataFrame, most: int) -> pd.DataFrame:
    """Keep the first score and the corners of the curve, and at most about ``most`` of them, evenly along it."""
    steps = points[["tpr", "fpr"]].diff().fillna(0.0).to_numpy() > 0
    corner = np.ones(len(points), dtype=bool)
    corner[2:-1] = (steps[2:-1] != steps[3:]).any(axis=1) | steps[2:-1].all(axis=1)
    kept = np.flatnonzero(corner)
    if len(kept) > most:
        kept = np.unique(kept[np.linspace(0, len(kept) - 1, most).round().astype(int)])
    return points.iloc[kept]


def _curves(points: pd.DataFrame, data: ReportData) -> list[tuple[int, str, pd.DataFrame]]:
    return [
        (index, model, points[points["model"] == model])
        for index, model in enumerate(data.scores)
        if (points["model"] == model).any()
    ]


def _chosen(
    axes: Axes,
    data: ReportData,
    index: int,
    model: str,
    across: str,
    along: str,
    floors: tuple[float, float] = (0, 0),
    begins: float = 0.0,
) -> None:
    """Mark the stored threshold of a model on its curve; rates of zero are drawn at the edge of a logarithmic axis.

    A panel that begins above the marker does not show it: at the edge it would state a rate that the model has not.
    """
    rows = data.judged(model)
    at = confusion(rows["label"], rows["score"], data.threshold(model))
    values = {"fpr": at.fpr, "tpr": at.recall, "mdr": 1.0 - at.recall, "precision": at.precision}
    if values[along] < begins:
        return
    axes.plot(
        max(values[across], floors[0]),
        max(values[along], floors[1]),
        linestyle="none",
        markersize=8,
        markeredgecolor="white",
        markeredgewidth=1.2,
        zorder=5,
        clip_on=False,
        **marker_style(index),
    )


def _empty(axes: np.ndarray, data: ReportData) -> str:
    reason = f"the {data.part} rows do not hold both classes"
    for panel in axes.flat:
        no_data(panel, reason)
    return reason


@plot(
    "roc",
    title="ROC",
    caption="Higher and further left is better. The right panel zooms in on the low false positive rates that a "
    "survey can afford; the left end of its logarithmic axis stands for no false positives in the sample. Markers: "
    "the stored thresholds; one that is below the range of the right panel is in the left panel only.",
)
def roc(data: ReportData) -> PlotResult:
    """Draw TPR against FPR, whole and zoomed at low FPR."""
    points = model_points(data)
    figure, axes = panels(1, 2)
    if points.empty:
        return PlotResult(figure=figure, table=points, note=_empty(axes, data))
    whole, zoom = axes[0]
    floor, bottom = _floor(points), _zoom_bottom(points, data.drawn.guides[0])
    for index, model, curve in _curves(points, data):
        whole.step(
            curve["fpr"],
            curve["tpr"],
            where="post",
            label=f"{model} (n = {curve['n'].iloc[0]})",
            **model_style(index),
        )
        zoom.step(curve["fpr"].clip(lower=floor), curve["tpr"], where="post", **model_style(index))
        _chosen(whole, data, index, model, "fpr", "tpr")
        _chosen(zoom, data, index, model, "fpr", "tpr", (floor, 0), begins=bottom)
    whole.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=":")
    whole.set(xlim=(-0.01, 1), ylim=(0, 1.01), title="All thresholds", aspect="equal")
    zoom.set(xscale="log", xlim=(floor, 1), ylim=(bottom, 1.003), title="Few false positives")
    log_per_cent(zoom.xaxis)
    for panel in (whole, zoom):
        per_cent(panel.yaxis)
        panel.set(xlabel="false positive rate (bogus called real)", ylabel="recall (real called real)")
    per_cent(whole.xaxis)
    whole.legend(loc="lower right")
    _guides(zoom, data.drawn.guides, horizontal=False)
    return PlotResult(figure=figure, table=points)


@plot(
    "mdr_fpr",
    title="Missed detections against false positives",
    caption="Lower left is better. Where a curve meets the left or the lower edge, the sample has no false positives "
    "or no missed reals. Grey lines: {guides}. Markers: the stored thresholds.",
)
def mdr_fpr(data: ReportData) -> PlotResult:
    """Draw the trade-off of missed detections and false positives, both on logarithmic axes."""
    points = model_points(data)
    figure, axes = panels(1, 1, width=5.8, height=4.8)
    panel = axes[0, 0]
    if points.empty:
        return PlotResult(figure=figure, table=points, note=_empty(axes, data))
    floor, lowest = _floor(points), 0.5 / points["n_real"].max()
    for index, model, curve in _curves(points, data):
        panel.step(
            curve["fpr"].clip(lower=floor),
            curve["mdr"].clip(lower=lowest),
            where="post",
            label=model,
            **model_style(index),
        )
        _chosen(panel, data, index, model, "fpr", "mdr", (floor, lowest))
    panel.set(xscale="log", yscale="log", xlim=(floor, 1), ylim=(lowest, 1))
    panel.set(xlabel="false positive rate (bogus called real)", ylabel="missed detection rate (real called bogus)")
    log_per_cent(panel.xaxis)
    log_per_cent(panel.yaxis)
    _guides(panel, data.drawn.guides, horizontal=True)
    panel.legend(loc="upper right")
    return PlotResult(figure=figure, table=points)


@plot(
    "precision_recall",
    title="Precision and recall",
    caption="Left: precision in this sample, which depends on its share of reals; dotted: equal F1. Right: the "
    "purity to expect at the survey's own share of reals, which is that of the list that people look at.",
)
def precision_recall(data: ReportData) -> PlotResult:
    """Draw precision against recall in the sample, and the expected purity at the survey's base rate."""
    points = model_points(data)
    rate = data.base_rate
    points["purity_at_base_rate"] = np.nan
    if rate is not None and not points.empty:
        points["purity_at_base_rate"] = expected_purity(points["tpr"], points["fpr"], rate)
    figure, axes = panels(1, 2)
    if points.empty:
        return PlotResult(figure=figure, table=points, note=_empty(axes, data))
    sample, survey = axes[0]
    for index, model, curve in _curves(points, data):
        sample.plot(curve["tpr"], curve["precision"], label=model, **model_style(index))
        survey.plot(curve["tpr"], curve["purity_at_base_rate"], **model_style(index))
        _chosen(sample, data, index, model, "tpr", "precision")
    _iso_f1(sample)
    share = points["n_real"].iloc[0] / points["n"].iloc[0]
    sample.set(title=f"In this sample ({share:.0%} real)", ylabel="precision")
    sample.legend(loc="lower left")
    for panel in (sample, survey):
        panel.set(xlim=(0, 1.01), ylim=(0, 1.02), xlabel="recall (real called real)")
        per_cent(panel.xaxis)
        per_cent(panel.yaxis)
    note = ""
    if rate is None:
        note = "the survey states no base rate"
        survey.clear()
        no_data(survey, note)
    else:
        survey.set(title=f"At the survey's base rate ({rate:.2%} real)", ylabel="expected purity")
    return PlotResult(figure=figure, table=points, note=note)


@plot(
    "threshold_scan",
    title="What another threshold would give",
    caption="Recall of reals and rejection of bogus at every threshold. The vertical line is the stored threshold; if "
    "the curves are flat around it, its exact value matters little.",
)
def threshold_scan(data: ReportData) -> PlotResult:
    """Draw recall, bogus rejection and F1 of the classifier against the threshold."""
    table = _scan(data)
    figure, axes = panels(1, 1, width=6.4, height=3.9)
    if table.empty:
        return PlotResult(figure=figure, table=table, note=_empty(axes, data))
    panel = axes[0, 0]
    for column, label, colour, line in (
        ("recall", "recall of reals", REAL_COLOUR, "-"),
        ("rejection", "rejection of bogus", BOGUS_COLOUR, (0, (6, 2))),
        ("f1", "F1", MUTED, ":"),
    ):
        panel.plot(table["threshold"], table[column], color=colour, linestyle=line, label=label)
    panel.axvline(data.threshold(data.classifier), color=INK, linewidth=1)
    panel.set(xlabel="threshold on the score", ylabel="share", ylim=(0, 1.02), title=data.classifier)
    per_cent(panel.yaxis)
    panel.legend(loc="lower center", ncols=3)
    return PlotResult(figure=figure, table=table)


def _scan(data: ReportData) -> pd.DataFrame:
    """Return what evenly spaced thresholds give on the classifier's judged rows; empty without both classes."""
    rows = data.judged(data.classifier)
    columns = ["threshold", "recall", "rejection", "precision", "f1"]
    if rows["label"].nunique() < 2:
        return pd.DataFrame(columns=columns)
    points = operating_points(rows["label"], rows["score"])
    grid = np.linspace(min(0.0, rows["score"].min()), max(1.0, rows["score"].max()), data.drawn.scan_steps)
    at = np.searchsorted(-points["threshold"].to_numpy(), -grid, side="right") - 1
    found = points.iloc[np.maximum(at, 0)].reset_index(drop=True)
    f1 = 2.0 * found["precision"] * found["tpr"] / (found["precision"] + found["tpr"]).where(found["tpr"] > 0)
    rejection = 1.0 - found["fpr"]
    return pd.DataFrame(dict(zip(columns, (grid, found["tpr"], rejection, found["precision"], f1), strict=True)))


def _iso_f1(panel: Axes) -> None:
    """Draw where F1 is 0.2, 0.4, 0.6 and 0.8: ``precision = F1 recall / (2 recall - F1)``."""
    for value in ISO_F1:
        recall = np.linspace(0.5 * value + 0.001, 1.0, 200)
        precision = value * recall / (2.0 * recall - value)
        panel.plot(
            recall[precision <= 1], precision[precision <= 1], color=MUTED, linewidth=0.7, linestyle=":", zorder=1
        )
        panel.text(1.0, precision[-1], f"F1 {value:g}", color=MUTED, fontsize=7, ha="right", va="bottom")


def _floor(points: pd.DataFrame) -> float:
    """Return the rate of half a bogus, at which a logarithmic axis shows "none"."""
    return float(0.5 / (points["n"] - points["n_real"]).max())


def _zoom_bottom(points: pd.DataFrame, lowest: float) -> float:
    """Return where the zoomed panel begins, so that the first model's curve at low FPR fills it."""
    first = points[points["model"] == points["model"].iloc[0]]
    reached = first.loc[first["fpr"] <= lowest, "tpr"].max()
    return float(np.clip(np.floor(10.0 * (reached - 0.1)) / 10.0, 0.0, 0.9))


def _guides(axes: Axes, rates: Sequence[float], *, horizontal: bool) -> None:
    for guide in rates:
        axes.axvline(guide, color=MUTED, linewidth=0.9, linestyle="--", zorder=1)
        if horizontal:
            axes.axhline(guide, color=MUTED, linewidth=0.9, linestyle="--", zorder=1)
