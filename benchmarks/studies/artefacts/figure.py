"""Figures of the artefacts: examples beside real bogus, and what each is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipeline.plots.style import BOGUS_COLOUR, INK, MUTED, RC, REAL_COLOUR

CHANNELS = ("science", "template", "difference")
_SHARE: dict[str, Any] = {
    "fontsize": 6.5,
    "va": "top",
    "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.8},
}


@dataclass(frozen=True, kw_only=True)
class Examples:
    """What one artefact makes, and the real bogus that are most like it.

    Attributes
    ----------
    name : str
        Of the artefact.
    self_made, real : ndarray of float32, ``(n, y, x, 3)``
        Triplets.
    shares : ndarray of float, ``(n,)``
        Share of the self-made cutouts nearest to each real one that are of this artefact.
    """

    name: str
    self_made: NDArray[np.float32]
    real: NDArray[np.float32]
    shares: NDArray[np.float64]


def draw_examples(examples: Sequence[Examples]) -> Figure:
    """Return a figure with one row per artefact: self-made triplets on the left, real ones on the right."""
    n_made, n_real = len(examples[0].self_made), len(examples[0].real)
    columns = 3 * (n_made + n_real)
    figure = Figure(figsize=(0.86 * columns + 1.6, 0.98 * len(examples) + 0.8))
    widths = [1.0] * (3 * n_made) + [0.25] + [1.0] * (3 * n_real)
    grid = figure.add_gridspec(
        len(examples), columns + 1, width_ratios=widths, left=0.11, right=0.995, top=0.955, bottom=0.005,
        wspace=0.03, hspace=0.2,
    )  # fmt: skip
    for row, example in enumerate(examples):
        for index, triplet in enumerate([*example.self_made, *example.real]):
            is_real = index >= n_made
            for channel in range(3):
                axes = figure.add_subplot(grid[row, 3 * index + channel + is_real])
                _show(axes, triplet[..., channel])
                if row == 0:
                    axes.set_title(CHANNELS[channel], fontsize=8)
                if is_real and channel == 0:
                    axes.text(1, 61, f"{100 * example.shares[index - n_made]:.0f} %", **_SHARE)
                if index == 0 and channel == 0:
                    axes.set_ylabel(example.name, rotation=0, ha="right", va="center", fontsize=9)
    figure.text(0.11, 0.985, "self-made", fontsize=11, weight="bold", va="center")
    start = 0.11 + 0.885 * (3 * n_made + 0.25) / (columns + 0.25)
    figure.text(start, 0.985, "judged bogus by eye", fontsize=11, weight="bold", va="center")
    return figure


def _show(axes: Axes, image: NDArray[np.float32]) -> None:
    """Draw one image in grey between its 2nd and 99.5th percentile; missing pixels are blue."""
    axes.set(xticks=[], yticks=[], facecolor="#9fc5e8")
    seen = image[np.isfinite(image)]
    if len(seen):
        low, high = np.percentile(seen, [2.0, 99.5])
        axes.imshow(image, cmap="gray", vmin=low, vmax=max(high, low + 1e-6), origin="lower", interpolation="nearest")


def draw_worth(without: pd.DataFrame, alone: pd.DataFrame) -> Figure:
    """Return what the AUC gains by each artefact beside all others, and by each alone over none."""
    with rc_context(RC):
        figure = Figure(figsize=(11.5, 0.3 * len(without) + 1.6), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.25, 1.0))
        _forest(left, without, REAL_COLOUR)
        left.set(title="beside all others: AUC with it less without it", xlabel="gain in AUC")
        _forest(right, alone, BOGUS_COLOUR)
        right.set(title="alone: AUC with it less AUC without any", xlabel="gain in AUC")
        return figure


def _forest(axes: Axes, table: pd.DataFrame, colour: str) -> None:
    places = np.arange(len(table))[::-1]
    value, ends = table["auc"].to_numpy(), table[["auc_low", "auc_high"]].to_numpy()
    axes.hlines(places, ends[:, 0], ends[:, 1], color=colour, linewidth=1.6)
    axes.plot(value, places, "o", color=colour, markersize=5)
    axes.axvline(0.0, color=INK, linewidth=1.0)
    names = [name.removeprefix("without ").removesuffix(" alone") for name in table["name"]]
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", labelcolor=INK, length=0)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_color(MUTED)
