"""The trials of a search: the objective from trial to trial, and against each searched parameter."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from matplotlib.transforms import blended_transform_factory
from numpy.typing import NDArray

from pipeline.plots.style import BOGUS_COLOUR, INK, MUTED, RC, REAL_COLOUR, no_data

COLUMNS = 3
"""Panels of parameters side by side."""
WIDE = 20.0
"""From this ratio of the worst objective to the best on, its axis is logarithmic."""
_LONGEST = 14
"""Characters of a choice below its axis."""
_MARGIN = 0.04
"""Room on either side of a range, as a share of it."""
_SPREAD = 0.5
"""Width over which the trials of one choice stand, of the distance of choices, the first trials on the left."""


def trials_figure(
    trials: pd.DataFrame, searched: Mapping[str, Mapping[str, Any]], *, objective: str, larger_is_better: bool
) -> Figure:
    """Draw the objective of each trial with the best so far, and the objective against each parameter.

    Parameters
    ----------
    trials : DataFrame
        Columns ``number``, ``state`` (``complete``, ``pruned`` or ``failed``), ``objective`` (NaN if the trial failed),
        and one per parameter; texts are choices.
    searched : mapping of str to mapping
        By column of a parameter, what is searched: ``choices``, or ``low`` and ``high``, perhaps with ``log``.
    objective : str
        What the objective is.
    larger_is_better : bool
        Its direction.

    Returns
    -------
    figure : Figure
        The best trial has a ring in each panel; a panel shows the whole range that is searched.
    """
    rows = math.ceil(len(searched) / COLUMNS)
    with rc_context(RC):
        figure = Figure(figsize=(11.0, 3.4 + 2.9 * rows), layout="constrained")
        grid = figure.add_gridspec(1 + rows, COLUMNS)
        top = figure.add_subplot(grid[0, :])
        _course(top, trials, objective, larger_is_better)
        for place, (name, values) in enumerate(searched.items()):
            panel = figure.add_subplot(grid[1 + place // COLUMNS, place % COLUMNS], sharey=top)
            places = (
                _chosen(panel, trials[name], values["choices"])
                if "choices" in values
                else _ranged(panel, trials[name], values)
            )
            _points(panel, trials, places)
            if (trials["state"] == "complete").any():
                at = trials.index.get_loc(_best(trials, larger_is_better))
                _ring(panel, float(places[at]), float(trials["objective"].iloc[at]))
            panel.set_xlabel(name)
            panel.tick_params(labelleft=place % COLUMNS == 0)
            if place % COLUMNS == 0:
                panel.set_ylabel(_words(objective))
    return figure


def _course(panel: Axes, trials: pd.DataFrame, objective: str, larger_is_better: bool) -> None:
    """Draw the objective by trial, and the best of the complete ones so far."""
    complete = trials["state"] == "complete"
    if not complete.any():
        no_data(panel, "no trial is complete")
        return
    reached = trials["objective"].where(complete)
    so_far = (reached.cummax() if larger_is_better else reached.cummin()).ffill()
    panel.step(trials["number"], so_far, where="post", color=INK, linewidth=1.2, label="best so far", zorder=1)
    _points(panel, trials, trials["number"].to_numpy(float))
    failed = trials.loc[trials["state"] == "failed", "number"].to_numpy(float)
    if len(failed):
        at_foot = blended_transform_factory(panel.transData, panel.transAxes)
        panel.plot(failed, np.zeros(len(failed)), "x", color=MUTED, transform=at_foot, clip_on=False, label="failed")
    values = trials["objective"].dropna()
    if values.min() > 0 and values.max() > WIDE * values.min():
        panel.set_yscale("log")
        _plain(panel.yaxis)
    panel.set(xlabel="trial", ylabel=_words(objective), xlim=(0.4, len(trials) + 0.6))
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    best = trials.loc[_best(trials, larger_is_better)]
    panel.set_title(f"best: trial {best['number']} with {best['objective']:.4g}")
    _ring(panel, float(best["number"]), float(best["objective"]))
    panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def _ranged(panel: Axes, values: pd.Series, searched: Mapping[str, Any]) -> NDArray[np.float64]:
    """Give a panel the range of a parameter as its axis; return the place of each trial."""
    low, high = float(searched["low"]), float(searched["high"])
    if searched.get("log", False):
        panel.set_xscale("log")
        margin = (high / low) ** _MARGIN
        panel.set_xlim(low / margin, high * margin)
        _plain(panel.xaxis)
    else:
        margin = _MARGIN * (high - low)
        panel.set_xlim(low - margin, high + margin)
        panel.xaxis.set_major_locator(MaxNLocator(5, integer=pd.api.types.is_integer_dtype(values)))
    return values.to_numpy(float)


def _chosen(panel: Axes, values: pd.Series, choices: Sequence[object]) -> NDArray[np.float64]:
    """Give a panel the choices as its axis; return the place of each trial, trials of one choice side by side."""
    order = {text: place for place, choice in enumerate(choices) for text in (str(choice), json.dumps(choice))}
    shown = [_short(choice) for choice in choices]
    panel.set_xticks(range(len(shown)), shown)
    panel.set_xlim(-0.6, len(shown) - 0.4)
    if len(shown) > 3 or max(map(len, shown)) > 8:
        panel.tick_params(axis="x", labelrotation=30 if len(shown) <= 6 else 90, labelsize=8)
    spread = _SPREAD * (np.arange(len(values)) / max(len(values) - 1, 1) - 0.5)
    return values.astype(str).map(order).to_numpy(float) + spread


def _points(panel: Axes, trials: pd.DataFrame, places: NDArray[np.float64]) -> None:
    """Draw complete trials as dots and pruned ones as open triangles."""
    for state, marker, colour in (("complete", "o", REAL_COLOUR), ("pruned", "v", BOGUS_COLOUR)):
        chosen = (trials["state"] == state).to_numpy()
        if chosen.any():
            panel.plot(
                places[chosen],
                trials["objective"].to_numpy(float)[chosen],
                marker,
                color=colour,
                markerfacecolor=colour if state == "complete" else "none",
                markersize=5.5,
                alpha=0.85,
                label=state,
                zorder=2,
            )


def _ring(panel: Axes, x: float, y: float) -> None:
    panel.plot([x], [y], "o", markersize=12, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=1.3, zorder=4)


def _best(trials: pd.DataFrame, larger_is_better: bool) -> int:
    """Return the index of the best complete trial."""
    reached = trials["objective"].where(trials["state"] == "complete")
    return int(reached.idxmax() if larger_is_better else reached.idxmin())


def _plain(axis: Axis) -> None:
    """Label a logarithmic axis with plain numbers, between powers of ten where it spans less than two."""
    low, high = axis.get_view_interval()
    if high > 100.0 * low:
        axis.set_major_locator(LogLocator(10.0, numticks=6))
    else:
        axis.set_major_locator(FixedLocator([digit * 10.0**power for power in range(-12, 12) for digit in (1, 2, 5)]))
    axis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _words(objective: str) -> str:
    return objective.replace("_", " ")


def _short(choice: object) -> str:
    """Return a choice as it stands below its axis."""
    text = ", ".join(map(str, choice)) if isinstance(choice, list | tuple) else str(choice)
    return text[: _LONGEST - 1] + "…" if len(text) > _LONGEST else text or "none"
