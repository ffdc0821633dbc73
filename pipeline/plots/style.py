"""One look for every figure: colours that colour-blind readers can tell apart, axes, and the empty panel."""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray

from pipeline.plots.data import PlotResult, ReportData
from pipeline.registry import Registry

REAL_COLOUR = "#0072B2"
BOGUS_COLOUR = "#D55E00"
INK = "#22262b"
MUTED = "#7b838c"
GRID = "#e4e7ea"
"""Blue and vermilion of Okabe & Ito (2008): apart in hue and in lightness for all kinds of sight."""

MODEL_COLOURS = ("#3d2c8d", "#1a936f", "#c98a00", "#8a8f98", "#b3446c")
MODEL_LINES: tuple[object, ...] = (
    "-",
    (0, (6, 2)),
    (0, (2, 1.4)),
    (0, (7, 2, 1, 2)),
    ":",
)
MODEL_MARKERS = ("o", "s", "^", "D", "v")

SHADES = LinearSegmentedColormap.from_list("nightsift", ["#f3f1fa", "#8a7fc4", "#2a1b5e"])
"""For shares: light is little, dark is much, in print as well."""

RC: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 10.0,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "lines.linewidth": 1.8,
    "svg.hashsalt": "nightsift",
    "text.parse_math": False,
}

Plot = Callable[[ReportData], PlotResult]
PLOTS: Registry[Plot] = Registry("plot")


def plot(name: str, *, title: str, caption: str) -> Callable[[Plot], Plot]:
    """Return a decorator that enters a plot with its title and the sentence that says what to look at."""

    def enter(draw: Plot) -> Plot:
        @wraps(draw)
        def styled(data: ReportData) -> PlotResult:
            with rc_context(RC):
                return draw(data)

        return PLOTS.register(name, title=title, caption=caption)(styled)

    return enter


def panels(
    rows: int = 1,
    columns: int = 1,
    *,
    width: float = 4.6,
    height: float = 3.9,
    ratios: Sequence[float] | None = None,
) -> tuple[Figure, NDArray[np.object_]]:
    """Return a figure with a grid of axes ``(rows, columns)``, each of the given size in inches."""
    figure = Figure(figsize=(max(width * columns, 4.0), height * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, height_ratios=ratios)
    return figure, axes


def no_data(axes: Axes, reason: str) -> None:
    """Turn a panel into a statement that there is nothing to show, and why."""
    axes.set_axis_off()
    axes.text(0.5, 0.55, "no data", transform=axes.transAxes, ha="center", color=MUTED, fontsize=13, weight="bold")
    axes.text(0.5, 0.42, reason, transform=axes.transAxes, ha="center", color=MUTED, fontsize=9, wrap=True)


def log_counts(axis: Axis) -> None:
    """Label a logarithmic axis of counts with plain numbers."""
    axis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.10g}".replace(",", "\u202f")))
    axis.set_minor_formatter(NullFormatter())


def log_per_cent(axis: Axis) -> None:
    """Label a logarithmic axis of fractions as per cent."""
    axis.set_major_formatter(FuncFormatter(lambda value, _place: f"{100 * value:g} %"))
    axis.set_minor_formatter(NullFormatter())


def per_cent(axis: Axis) -> None:
    """Label a linear axis of fractions as per cent."""
    axis.set_major_formatter(FuncFormatter(lambda value, _place: f"{100 * value:.10g} %"))


def model_style(index: int) -> dict[str, Any]:
    """Return colour and line style of the ``index``-th model, the same in every figure."""
    return {
        "color": MODEL_COLOURS[index % len(MODEL_COLOURS)],
        "linestyle": MODEL_LINES[index % len(MODEL_LINES)],
    }


def marker_style(index: int) -> dict[str, Any]:
    """Return colour and marker of the ``index``-th model, the same in every figure."""
    return {
        "color": MODEL_COLOURS[index % len(MODEL_COLOURS)],
        "marker": MODEL_MARKERS[index % len(MODEL_MARKERS)],
    }


def legend_entries(axes: Iterable[Axes]) -> tuple[list[Artist], list[str]]:
    """Return the legend entries of the first panel that has any."""
    for panel in axes:
        handles, labels = panel.get_legend_handles_labels()
        if handles:
            return handles, labels
    return [], []
