"""Figures of explained scores: maps of vectors coloured by label and by score, and the importance of features."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib import rc_context
from numpy.typing import NDArray

from pipeline.plots.data import PlotResult
from pipeline.plots.style import BOGUS_COLOUR, INK, MODEL_COLOURS, RC, REAL_COLOUR, SHADES, no_data, panels

MOST_FEATURES: Final = 25
"""Features that the figure of their importance shows; the table has all."""


def map_of_vectors(table: pd.DataFrame, method: str, names: Sequence[str], axes_words: tuple[str, str]) -> PlotResult:
    """Draw rows on a map of two dimensions twice: coloured by their label, and by their score.

    Parameters
    ----------
    table : DataFrame
        ``candidate_id group label score`` and ``<method>_1 <method>_2``.
    method : {"pca", "tsne"}
        Which map.
    names : sequence of str
        Names of the classes.
    axes_words : tuple of str
        What the axes are.
    """
    columns = [f"{method}_1", f"{method}_2"]
    shown = table[["candidate_id", "group", "label", "score", *columns]]
    shown = shown[np.isfinite(shown[columns].to_numpy(float)).all(axis=1)]
    with rc_context(RC):
        figure, axes = panels(1, 2, width=4.4, height=3.9)
        if shown.empty:
            no_data(axes[0, 0], "too few rows")
            axes[0, 1].set_axis_off()
            return PlotResult(figure=figure, table=shown, note="too few rows, or all alike")
        x, y = (shown[name].to_numpy(float) for name in columns)
        wrong = (shown["group"] == "mistake").to_numpy()
        colours = [BOGUS_COLOUR, REAL_COLOUR] if len(names) == 2 else MODEL_COLOURS
        for code, name in enumerate(names):
            own = (shown["label"] == code).to_numpy()
            axes[0, 0].scatter(x[own], y[own], s=18, color=colours[code % len(colours)], alpha=0.75, label=name, lw=0)
        scored = axes[0, 1].scatter(x, y, s=18, c=shown["score"], cmap=SHADES, vmin=0, vmax=1, lw=0)
        for panel in axes[0]:
            panel.scatter(x[wrong], y[wrong], s=46, facecolors="none", edgecolors=INK, linewidths=0.9, label="mistake")
            panel.set(xlabel=axes_words[0], ylabel=axes_words[1])
        axes[0, 0].legend(loc="best")
        figure.colorbar(scored, ax=axes[0, 1], pad=0.01).set_label("score")
    return PlotResult(figure=figure, table=shown.reset_index(drop=True))


def importance_of_features(importance: pd.DataFrame) -> PlotResult:
    """Draw the importance of features as bars with their errors, the most important ones at the top.

    Parameters
    ----------
    importance : DataFrame
        ``feature importance error``, the highest importance first.
    """
    shown = importance.head(MOST_FEATURES)
    with rc_context(RC):
        figure, axes = panels(width=6.4, height=1.2 + 0.24 * max(len(shown), 4))
        panel = axes[0, 0]
        place: NDArray[np.int_] = np.arange(len(shown))[::-1]
        panel.barh(place, shown["importance"], xerr=shown["error"], color=REAL_COLOUR, ecolor=INK, height=0.7)
        panel.axvline(0.0, color=INK, linewidth=0.8)
        panel.set_yticks(place, shown["feature"])
        panel.set(xlabel="log likelihood lost if shuffled, nat a row", ylim=(-0.6, len(shown) - 0.4))
        panel.grid(visible=False, axis="y")
    left_out = len(importance) - len(shown)
    return PlotResult(
        figure=figure, table=importance, note=f"{left_out} less important ones are left out" if left_out else ""
    )
