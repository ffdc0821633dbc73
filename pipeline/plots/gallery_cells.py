"""The cells of a gallery: square axes at places given in inches, with a cutout in grey or in colour.

Tested by tests/pipeline/plots/test_class_gallery.py.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipeline.plots.cutout_pictures import MISSING_COLOUR, zscale_limits
from pipeline.plots.style import MUTED


def cell(figure: Figure, left: float, bottom: float, side: float) -> Axes:
    """Return square axes without ticks.

    Parameters
    ----------
    figure : Figure
        Gets the axes.
    left, bottom, side : float
        Where they are and how long a side is, in inches.
    """
    width, height = figure.get_size_inches()
    axes = figure.add_axes((left / width, bottom / height, side / width, side / height))
    axes.set(xticks=[], yticks=[], facecolor=MISSING_COLOUR)
    axes.grid(visible=False)
    axes.spines[:].set(visible=True, color=MUTED, linewidth=0.6)
    return axes


def write_at(
    figure: Figure, left: float, bottom: float, words: str, *, color: str, fontsize: float, weight: str = "normal"
) -> None:
    """Write a text.

    Parameters
    ----------
    figure : Figure
        Gets the text.
    left, bottom : float
        Where it begins, in inches.
    words, color, fontsize, weight : str, str, float, str
        The text and its look.
    """
    width, height = figure.get_size_inches()
    figure.text(left / width, bottom / height, words, color=color, fontsize=fontsize, weight=weight)


def show_image(axes: Axes, image: NDArray[np.float32]) -> None:
    """Show one channel ``(y, x)`` in grey, scaled by zscale; missing pixels have the colour of the axes."""
    finite = image[np.isfinite(image)]
    if not finite.size:
        axes.text(0.5, 0.5, "missing", transform=axes.transAxes, ha="center", va="center", fontsize=8, color=MUTED)
        return
    low, high = zscale_limits(finite)
    axes.imshow(
        np.ma.masked_invalid(image),
        origin="lower",
        cmap="gray",
        vmin=low,
        vmax=high,
        interpolation="nearest",
        aspect="auto",
    )


def show_rgb(axes: Axes, image: NDArray[np.float32]) -> None:
    """Show red, green and blue ``(y, x, 3)`` as a colour picture.

    All channels share one scale, from the darkest to the brightest percentile, so that colours stay comparable; pixels
    from 0 to 255, as a JPEG has them, are shown as they are. A pixel that lacks a channel has the colour of the axes.
    """
    finite = np.isfinite(image).all(axis=-1)
    if not finite.any():
        axes.text(0.5, 0.5, "missing", transform=axes.transAxes, ha="center", va="center", fontsize=8, color=MUTED)
        return
    values = image[finite].astype(np.float64)
    is_picture = values.min() >= 0 and 16 < values.max() <= 255
    low, high = (0.0, 255.0) if is_picture else np.percentile(values, [0.5, 99.5])
    scaled = np.clip((np.nan_to_num(image.astype(np.float64)) - low) / ((high - low) or 1.0), 0.0, 1.0)
    shown = np.dstack([scaled, finite.astype(np.float64)])
    axes.imshow(shown, origin="lower", interpolation="nearest", aspect="auto")
