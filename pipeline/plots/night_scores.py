"""The scores of a night beside those of earlier nights: their distribution, and the share called real."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pipeline.metrics.intervals import binomial_interval
from pipeline.plots.data import PlotResult
from pipeline.plots.style import INK, MUTED, RC, REAL_COLOUR, log_per_cent, no_data, panels, per_cent

BINS: Final = 25
"""Bins of the score from 0 to 1."""


def score_distribution(
    scores: NDArray[np.float64], earlier: Mapping[str, NDArray[np.float64]], threshold: float
) -> PlotResult:
    """Draw the distribution of a night's scores over those of earlier nights, each as a share of its scored candidates.

    Parameters
    ----------
    scores : ndarray, shape (n,)
        Scores of the night, 0 to 1, without NaN.
    earlier : mapping of str to ndarray
        The same of earlier nights; those without a score are left out.
    threshold : float
        Where a candidate is called real, drawn as a line.
    """
    edges = np.linspace(0.0, 1.0, BINS + 1)
    own = _shares(scores, edges)
    before = {night: _shares(values, edges) for night, values in earlier.items() if len(values)}
    table = pd.DataFrame({"score_from": edges[:-1], "score_to": edges[1:], "share": own})
    for night, shares in before.items():
        table[f"share_{night}"] = shares
    with rc_context(RC):
        figure, axes = panels(width=6.0, height=3.9)
        panel = axes[0, 0]
        if not len(scores):
            no_data(panel, "the night has no scores")
            return PlotResult(figure=figure, table=table[:0], note="the night has no scores")
        floor = 0.5 / max(len(scores), *(len(values) for values in earlier.values()), 2)
        if before:
            each = np.maximum(np.array(list(before.values())), floor)
            _draw_range(panel, each, edges)
        panel.stairs(
            np.maximum(own, floor), edges, color=REAL_COLOUR, linewidth=1.8, label="this night", baseline=floor
        )
        panel.axvline(threshold, color=INK, linewidth=1, linestyle="--", label="threshold")
        panel.set(yscale="log", ylim=(floor, 1.5), xlim=(0, 1), xlabel="score", ylabel="share of the scored")
        log_per_cent(panel.yaxis)
        panel.legend(loc="upper center", ncols=3)
    return PlotResult(figure=figure, table=table)


def share_by_night(nights: Sequence[Mapping[str, Any]], level: Mapping[str, Any]) -> PlotResult:
    """Draw the share called real of each night with its 68 % interval, and the span where the last one should lie.

    Parameters
    ----------
    nights : sequence of mapping
        ``night scored called share`` of each, the reported one last.
    level : mapping
        ``low`` and ``high`` of the span; None if it is not known.
    """
    known = [row for row in nights if row["scored"]]
    table = pd.DataFrame(known, columns=["night", "scored", "called", "share"])
    table["low"], table["high"] = binomial_interval(table["called"].to_numpy(), table["scored"].to_numpy(), 0.68)
    with rc_context(RC):
        figure, axes = panels(width=6.0, height=3.9)
        panel = axes[0, 0]
        if table.empty:
            no_data(panel, "no night has a score")
            return PlotResult(figure=figure, table=table, note="no night has a score")
        place = np.arange(len(table))
        if level["low"] is not None:
            panel.axhspan(level["low"], level["high"], color=MUTED, alpha=0.2, linewidth=0, label="span of such nights")
        share = table["share"].to_numpy()
        bars = np.maximum(np.array([share - table["low"], table["high"] - share]), 0.0)
        colours = [MUTED] * (len(table) - 1) + [REAL_COLOUR if nights[-1]["scored"] else MUTED]
        panel.errorbar(place, share, yerr=bars, fmt="none", ecolor=colours, elinewidth=1.6)
        panel.scatter(place, share, color=colours, s=30, zorder=3)
        panel.set(ylabel="share called real", xlabel="night", ylim=(0, None), xlim=(-0.6, len(table) - 0.4))
        per_cent(panel.yaxis)
        ticks = place[::-1][:: int(np.ceil(len(table) / 8))][::-1]
        panel.set_xticks(ticks, table["night"].iloc[ticks], rotation=30, ha="right")
        if level["low"] is not None:
            panel.legend(loc="upper left")
    return PlotResult(figure=figure, table=table)


def _draw_range(panel: Axes, shares: NDArray[np.float64], edges: NDArray[np.float64]) -> None:
    """Shade what lies between the least and the largest share of nights ``(k, bin)``."""
    low, high = (np.append(end, end[-1]) for end in (shares.min(axis=0), shares.max(axis=0)))
    nights = f"{len(shares)} earlier night{'s' if len(shares) > 1 else ''}"
    panel.fill_between(edges, low, high, step="post", color=MUTED, alpha=0.3, linewidth=0, label=nights)
    panel.stairs(shares.mean(axis=0), edges, color=MUTED, linewidth=1.2, baseline=None)  # one night has no range


def _shares(scores: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    counts = np.histogram(np.clip(scores, 0.0, 1.0), edges)[0]
    return counts / max(len(scores), 1)
