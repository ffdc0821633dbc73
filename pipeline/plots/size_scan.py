"""The curve of a scan of the training set's size: figures of merit against training rows."""

from typing import Final

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from pipeline.metrics import METRICS
from pipeline.plots.style import INK, MODEL_COLOURS, RC, log_counts, panels, per_cent

SHOWN: Final = ("auc", "mdr_at_fpr_1pc", "fpr_at_mdr_1pc")
"""Figures that are drawn, one panel each; the tables have more."""
_APART: Final = 0.02
"""Distance of neighbouring repeats of one size, as a share of the width, so that no interval hides another."""
_NEAR: Final = 0.09
"""Sizes nearer than this share of the width are not labelled both."""


def size_curve(trainings: pd.DataFrame, summary: pd.DataFrame, *, title: str) -> Figure:
    """Draw each figure of SHOWN against the training rows, on a logarithmic axis.

    Nothing is drawn beyond the largest sample: what more rows would give was not measured.

    Parameters
    ----------
    trainings : DataFrame
        One row per size and repeat, with the columns of `pipeline.metrics.size_scan.COLUMNS`.
    summary : DataFrame
        From `pipeline.metrics.size_scan.size_summary`.
    title : str
        Whose training it is.
    """
    with rc_context(RC):
        figure, axes = panels(1, len(SHOWN), width=4.0, height=3.9)
        for name, panel in zip(SHOWN, axes[0], strict=True):
            _draw(panel, name, trainings[trainings["reason"] == ""], summary[summary["trainings"] > summary["failed"]])
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
        failed = int(summary["failed"].sum())
        said = f"{title} ({failed} of {len(trainings)} trainings failed)" if failed else title
        figure.suptitle(said, x=0.005, ha="left", fontsize=11.5, fontweight="bold", color=INK)
    return figure


def _draw(panel: Axes, name: str, points: pd.DataFrame, means: pd.DataFrame) -> None:
    entry, colour = METRICS[name], MODEL_COLOURS[0]
    rows, each = means["rows"].to_numpy(dtype=float), points["rows"].to_numpy(dtype=float)
    span = np.log(each.max() / each.min()) or 1.0
    repeats = int(points["repeat"].max())
    moved = np.exp(_APART * span * (points["repeat"].to_numpy(dtype=float) - 0.5 * (repeats + 1)))
    at = each * moved
    panel.plot(
        rows, means[name], "-_", color=colour, linewidth=1.3, markersize=20, markeredgewidth=2.6,
        label="mean of the repeats",
    )  # fmt: skip
    panel.plot(
        at, points[name], "o", color=colour, markersize=4.5, markeredgecolor="white", markeredgewidth=0.7, alpha=0.65,
        label="one training",
    )  # fmt: skip
    panel.vlines(
        at, points[f"{name}_low"], points[f"{name}_high"], color=colour, linewidth=1.2, alpha=0.5,
        label="its 68 % interval over the test part's groups",
    )  # fmt: skip
    margin = np.exp(0.07 * span)
    panel.set(xscale="log", xlim=(each.min() / margin, each.max() * margin), xlabel="training rows", title=entry.title)
    panel.xaxis.set_major_locator(FixedLocator(_ticks(rows, _NEAR * span)))
    panel.xaxis.set_minor_locator(NullLocator())
    log_counts(panel.xaxis)
    panel.yaxis.set_major_locator(MaxNLocator(6))
    if entry.unit == "%":
        per_cent(panel.yaxis)
    panel.set_ylabel(f"on the test rows ({'larger' if entry.larger_is_better else 'smaller'} is better)")


def _ticks(rows: np.ndarray, apart: float) -> list[float]:
    """Return the sizes that get a label, from the largest down, whole numbers far enough from each other."""
    kept: list[float] = []
    for size in sorted(rows, reverse=True):
        if not kept or np.log(kept[-1] / size) > apart:
            kept.append(float(round(size)))
    return kept
