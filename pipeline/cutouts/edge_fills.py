"""What a cutout contains where it reaches beyond its image; `pipeline.surveys.edge_policy` decides which are kept."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Reaching:
    """A cutout that reaches beyond its image.

    Attributes
    ----------
    kept : ndarray of float32, (y, x, channel)
        Its pixels on the image.
    rows, columns : ndarray of int, (size,)
        Position of each row and column of the cutout, counted from the first one in ``kept``.
    value : float
        The setting ``edge_value``.
    """

    kept: NDArray[np.float32]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    value: float


EDGE_FILLS: Registry[Callable[[Reaching], NDArray[np.float32]]] = Registry("edge policy")
"""From a cutout that reaches beyond its image to all its pixels, ``(y, x, channel)`` or what spreads to that.

The policy ``missing`` leaves NaN and ``drop`` leaves out every cutout that reaches beyond its image: neither fills.
"""


def fill_edges(pixels: NDArray[np.float32], inside: NDArray[np.intp], policy: str, value: float = 0.0) -> None:
    """Fill in place the pixels of cutouts that lie outside their image.

    Missing pixels on the image stay NaN, and so does a cutout that lies outside the image altogether.

    Parameters
    ----------
    pixels : ndarray of float32, (n, y, x, channel)
        Cutouts, NaN outside the image.
    inside : ndarray of int, (n, 4)
        First row, row after the last, first column, column after the last of the pixels on the image.
    policy : str
        ``constant``; ``median`` of the pixels of the same channel that are on the image; or ``reflect``, which mirrors
        the image about its border without repeating the border's own pixel, and mirrors again at the other end if the
        pixels do not suffice. ``missing`` and ``drop`` fill nothing.
    value : float
        The value of ``constant``.

    Examples
    --------
    >>> row = np.array([np.nan, np.nan, 5, 6, 8], dtype=np.float32).reshape(1, 1, 5, 1)
    >>> fill_edges(row, np.array([[0, 1, 2, 5]]), "reflect")
    >>> row.ravel().tolist()
    [8.0, 6.0, 5.0, 6.0, 8.0]
    """
    if policy in ("missing", "drop"):
        return
    fill = EDGE_FILLS[policy]
    size_y, size_x = pixels.shape[1:3]
    y0, y1, x0, x1 = inside.T
    partly = (y1 > y0) & (x1 > x0) & ((y1 - y0 < size_y) | (x1 - x0 < size_x))
    for row in np.flatnonzero(partly):
        top, bottom, left, right = inside[row]
        kept = pixels[row, top:bottom, left:right].copy()
        rows, columns = np.arange(size_y) - top, np.arange(size_x) - left
        pixels[row] = fill(Reaching(kept=kept, rows=rows, columns=columns, value=value))
        pixels[row, top:bottom, left:right] = kept


@EDGE_FILLS.register("constant")
def constant(cutout: Reaching) -> NDArray[np.float32]:
    """Fill everything outside with one value."""
    return np.array(cutout.value, dtype=np.float32)


@EDGE_FILLS.register("median")
def median(cutout: Reaching) -> NDArray[np.float32]:
    """Fill with the median of the channel's finite pixels; NaN in a channel without any."""
    channels = [channel[np.isfinite(channel)] for channel in np.moveaxis(cutout.kept, -1, 0)]
    return np.array([np.median(known) if len(known) else np.nan for known in channels], dtype=np.float32)


@EDGE_FILLS.register("reflect")
def reflect(cutout: Reaching) -> NDArray[np.float32]:
    """Mirror the pixels on the image about its border, as often as needed."""
    rows = _mirrored(cutout.rows, cutout.kept.shape[0])
    columns = _mirrored(cutout.columns, cutout.kept.shape[1])
    return np.asarray(cutout.kept[rows[:, None], columns])


def _mirrored(places: NDArray[np.intp], length: int) -> NDArray[np.intp]:
    """Return for each place, 0 on the first pixel of ``length``, the pixel that it mirrors."""
    period = max(1, 2 * (length - 1))
    folded = places % period
    return np.minimum(folded, period - folded) if length > 1 else np.zeros_like(places)


def inside_of_missing_border(pixels: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the box inside the missing border lines, ``(n, 4)`` as `fill_edges` takes it.

    A row or column belongs to the border if it and all lines outside it are missing in every channel; a cutout without
    any pixel has an empty box.
    """
    known: NDArray[np.bool_] = ~np.asarray(np.isnan(pixels).all(axis=-1))
    return np.concatenate([_range_of(np.asarray(known.any(axis=axis))) for axis in (2, 1)], axis=1)


def _range_of(lines: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the first True of each row and one after its last, ``(n, 2)``; 0 and 0 without any."""
    last = lines.shape[1] - lines[:, ::-1].argmax(axis=1)
    some = np.asarray(lines.any(axis=1))
    return np.stack([lines.argmax(axis=1), last], axis=1) * some[:, None]
