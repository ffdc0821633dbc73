"""The common look of all figures: colours that colour-blind readers can tell apart, axes, and the empty panel."""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, TypedDict, TypeVar

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
"""Blue and vermilion of Okabe & Ito (2008), which differ in hue and lightness for all kinds of colour vision."""

MODEL_COLOURS = ("#3d2c8d", "#1a936f", "#c98a00", "#8a8f98", "#b3446c", "#56b4e9")
Dashes = str | tuple[float, tuple[float, ...]]
"""A line style of matplotlib: a name, or an offset and the lengths of dashes and gaps in points."""

MODEL_LINES: tuple[Dashes, ...] = (
    "-",
    (0, (6, 2)),
    (0, (2, 1.4)),
    (0, (7, 2, 1, 2)),
    ":",
    (0, (9, 2, 1, 2, 1, 2)),
)
MODEL_MARKERS = ("o", "s", "^", "D", "v", "P")

SHADES = LinearSegmentedColormap.from_list("nightsift", ["#f3f1fa", "#8a7fc4", "#2a1b5e"])
"""The colours of shares: light for small ones, dark for large ones, in print as well."""

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


class ModelStyle(TypedDict):
    """Colour and line style of a model."""

    color: str
    linestyle: Dashes


class MarkerStyle(TypedDict):
    """Colour and marker of a model."""

    color: str
    marker: str


D = TypeVar("D")
Plot = Callable[[ReportData], PlotResult]
PLOTS: Registry[Plot] = Registry("plot")


def plot(name: str, *, title: str, caption: str) -> Callable[[Plot], Plot]:
    """Return a decorator that registers a plot with its title and with sentences that say what to look at."""
    return entering(PLOTS, name, title=title, caption=caption)


def entering(
    registry: Registry[Callable[[D], PlotResult]], name: str, *, title: str, caption: str
) -> Callable[[Callable[[D], PlotResult]], Callable[[D], PlotResult]]:
    """Return a decorator that registers a plot in the common look.

    Parameters
    ----------
    registry : Registry
        Where it is registered: `PLOTS`, or the plots of many classes.
    name, title, caption : str
        Its name, its title, and sentences that say what to look at.
    """

    def enter(draw: Callable[[D], PlotResult]) -> Callable[[D], PlotResult]:
        @wraps(draw)
        def styled(data: D) -> PlotResult:
            with rc_context(RC):
                return draw(data)

        return registry.register(name, title=title, caption=caption)(styled)

    return enter


def panels(
    rows: int = 1,
    columns: int = 1,
    *,
    width: float = 4.6,
    height: float = 3.9,
    ratios: Sequence[float] | None = None,
) -> tuple[Figure, NDArray[np.object_]]:
    """Return a figure with a grid of axes, all of the same size.

    Parameters
    ----------
    rows, columns : int
        Size of the grid.
    width, height : float
        Size of each panel, in inches; the figure is at least 4 inches wide.
    ratios : sequence of float, (rows,), optional
        Relative heights of the rows; equal by default.

    Returns
    -------
    figure : Figure
        Belongs to no window.
    axes : ndarray of Axes, (rows, columns)
        The panels.
    """
    figure = Figure(figsize=(max(width * columns, 4.0), height * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, height_ratios=ratios)
    return figure, axes


def label_panels(figure: Figure, label: str) -> None:
    """Write a word or two at the top right of a figure, above its panels; an empty label changes nothing."""
    if not label:
        return
    if figure.get_layout_engine() is None:
        figure.text(0.99, 1.0 - 0.08 / figure.get_figheight(), label, ha="right", va="top", weight="bold", color=INK)
    else:
        figure.suptitle(label, x=0.99, ha="right", fontsize=10, weight="bold", color=INK)


def no_data(axes: Axes, reason: str) -> None:
    """Show in a panel that there is no data, and why."""
    axes.set_axis_off()
    axes.text(0.5, 0.55, "no data", transform=axes.transAxes, ha="center", color=MUTED, fontsize=13, weight="bold")
    axes.text(0.5, 0.42, reason, transform=axes.transAxes, ha="center", color=MUTED, fontsize=9, wrap=True)


def log_counts(axis: Axis) -> None:
    """Label a logarithmic axis of counts with plain numbers."""
    axis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.10g}".replace(",", "\u202f")))
    axis.set_minor_formatter(NullFormatter())


def log_per_cent(axis: Axis) -> None:
    """Label a logarithmic axis of fractions in per cent."""
    axis.set_major_formatter(FuncFormatter(lambda value, _place: f"{100 * value:g} %"))
    axis.set_minor_formatter(NullFormatter())


def per_cent(axis: Axis) -> None:
    """Label a linear axis of fractions in per cent."""
    axis.set_major_formatter(FuncFormatter(lambda value, _place: f"{100 * value:.10g} %"))


def model_style(index: int) -> ModelStyle:
    """Return colour and line style of the ``index``-th model, the same in every figure."""
    return {
        "color": MODEL_COLOURS[index % len(MODEL_COLOURS)],
        "linestyle": MODEL_LINES[index % len(MODEL_LINES)],
    }


def marker_style(index: int) -> MarkerStyle:
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
