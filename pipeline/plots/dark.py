"""Figures for readers with a dark screen: the same figure, each colour of the common look replaced by its dark twin.

Colours that are not of the look, and the pixels of cutouts, stay as they are.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from pipeline.plots.style import BOGUS_COLOUR, GRID, INK, MODEL_COLOURS, MUTED, REAL_COLOUR, SHADES

PAPER: Final = "#1d2125"
"""The ground of figures, which is that of the boxes of the page."""

TWINS: Final = {
    "#ffffff": PAPER,
    INK: "#e6e9ec",
    MUTED: "#9aa3ac",
    GRID: "#343a41",
    REAL_COLOUR.lower(): "#5ab4f0",
    BOGUS_COLOUR.lower(): "#ff8a4c",
    "#c9ced4": "#596068",
    **dict(zip(MODEL_COLOURS[:5], ("#a99cf5", "#46c79e", "#f0b83c", "#b4bac2", "#e57ba0"), strict=True)),
}
"""The dark twin of each colour of the look; both are 3 to 1 or more against their ground, but for grid lines."""

DARK_SHADES: Final = LinearSegmentedColormap.from_list("nightsift dark", ["#262633", "#7d71c2", "#e4deff"])
"""The colours of shares: dark for small ones, light for large ones."""

_COLOURS: Final = ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor")


@contextmanager
def darkened(figure: Figure) -> Iterator[None]:
    """Give a figure the colours for a dark ground within the block, and its own ones after it.

    Parameters
    ----------
    figure : Figure
        One in the common look.
    """
    with ExitStack() as undo:
        for artist in [*figure.findobj(), *_boxes(figure)]:
            for name in _COLOURS:
                _swap(artist, name, undo)
            if isinstance(artist, ScalarMappable) and artist.get_cmap().name == SHADES.name:
                undo.callback(_shade, artist, SHADES)
                _shade(artist, DARK_SHADES)
        yield


def _shade(artist: ScalarMappable, shades: LinearSegmentedColormap) -> None:
    """Replace the colours of shares; a colour bar, which has its own, is not told, for it would lose its ticks."""
    with artist.callbacks.blocked():
        artist.set_cmap(shades)


def _boxes(figure: Figure) -> Iterator[Artist]:
    """Yield the boxes around texts, which are no children of them."""
    for text in figure.findobj(Text):
        box = text.get_bbox_patch() if isinstance(text, Text) else None
        if box is not None:
            yield box


def _swap(artist: Artist, name: str, undo: ExitStack) -> None:
    """Replace one colour of an artist, or one for each of its members, by the dark twin, if it has one."""
    read: Callable[[], Any] | None = getattr(artist, f"get_{name}", None)
    write: Callable[[Any], None] | None = getattr(artist, f"set_{name}", None)
    if read is None or write is None:
        return
    colours = to_rgba_array(read())
    dark = _twins(colours)
    if np.array_equal(dark, colours):
        return
    whole = len(colours) == 1 and np.ndim(read()) < 2  # a text takes no list of colours
    undo.callback(write, colours[0] if whole else colours)
    write(dark[0] if whole else dark)


def _twins(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return colours ``(n, 4)`` with those of the look replaced, as opaque as before; what is not seen stays."""
    found = colours.copy()
    for place, colour in enumerate(colours):
        twin = TWINS.get(to_hex(colour)) if colour[3] > 0 else None
        if twin is not None:
            found[place, :3] = to_rgba_array(twin)[0, :3]
    return found
