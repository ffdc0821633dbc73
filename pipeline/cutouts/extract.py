"""Cutouts: square pieces of an image around positions, and how much of each is outside or missing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.cutouts.missing import to_missing
from pipeline.errors import InputError

_BLOCK_BYTES = 1 << 20
"""Cutouts are copied in blocks of about this size, so that counting NaN finds them in the cache."""


@dataclass(frozen=True, kw_only=True)
class Cutouts:
    """Cutouts of one image, in the order of their positions.

    Attributes
    ----------
    pixels : ndarray of float32, (n, y, x)
        NaN where the image is NaN and outside the image.
    edge_fraction : ndarray of float32, (n,)
        Share of the cutout's pixels that lie outside the image, 0 to 1.
    nan_fraction : ndarray of float32, (n,)
        Share of NaN among all pixels of the cutout, those outside the image included.
    x_offset, y_offset : ndarray of float32, (n,)
        Position of the source minus the centre of its pixel, from -0.5 to below 0.5 pixel.
    inside : ndarray of int, (n, 4)
        First row, row after the last, first column, column after the last of the cutout's pixels that lie on
        the image; equal where none does.
    """

    pixels: NDArray[np.float32]
    edge_fraction: NDArray[np.float32]
    nan_fraction: NDArray[np.float32]
    x_offset: NDArray[np.float32]
    y_offset: NDArray[np.float32]
    inside: NDArray[np.intp]


def extract_cutouts(
    image: NDArray[np.number],
    x_pixel: ArrayLike,
    y_pixel: ArrayLike,
    size: int,
    *,
    out: NDArray[np.float32] | None = None,
    missing: tuple[float, ...] | None = None,
) -> Cutouts:
    """Cut squares of ``size`` pixels around positions; what lies outside the image is NaN.

    The first pixel of a cutout is ``floor(x + 0.5) - size // 2``, so the source is in pixel ``size // 2``.

    Parameters
    ----------
    image : ndarray, (y, x)
        The image, NaN where missing; converted to float32.
    x_pixel, y_pixel : array-like, (n,)
        Positions in pixels, 0-based, the centre of the first pixel at 0; may lie outside the image.
    size : int
        Side of the cutouts in pixels, at least 1.
    out : ndarray of float32, (n, y, x), optional
        Where to put the pixels, such as one channel of a larger array.
    missing : tuple of float, optional
        Give this for an image as read from a file: what `pipeline.cutouts.missing.to_missing` makes NaN, including
        these magic values, becomes NaN in the cutouts. This is faster than doing the same to the whole image.

    Raises
    ------
    InputError
        If the image is not two-dimensional, the size is below 1, a position is not finite, or ``out`` does
        not fit.

    Examples
    --------
    >>> corner = extract_cutouts(np.ones((4, 5)), [0.2], [3.0], size=3)
    >>> corner.pixels[0].tolist()
    [[nan, 1.0, 1.0], [nan, 1.0, 1.0], [nan, nan, nan]]
    >>> round(float(corner.edge_fraction[0]), 3)
    0.556
    >>> corner.inside.tolist()
    [[0, 2, 1, 3]]
    """
    pixels = np.ascontiguousarray(image, dtype=np.float32)
    if pixels.ndim != 2:
        raise InputError(f"an image to cut from has the axes (y, x), given shape {pixels.shape}")
    if size < 1:
        raise InputError(f"cutout size is {size} pixel, must be at least 1")
    x, y = _positions(x_pixel, y_pixel)
    out = np.empty((len(x), size, size), dtype=np.float32) if out is None else out
    if out.shape != (len(x), size, size) or out.dtype != np.float32:
        raise InputError(f"cutouts of shape {(len(x), size, size)} do not fit into {out.dtype} {out.shape}")
    first_y, inside_y, y_offset = _first_pixels(y, size, pixels.shape[0])
    first_x, inside_x, x_offset = _first_pixels(x, size, pixels.shape[1])
    inside = np.concatenate([inside_y, inside_x], axis=1)
    covered = (inside[:, 1] - inside[:, 0]) * (inside[:, 3] - inside[:, 2])
    nan_fraction = _gather(pixels, first_y, first_x, covered == size * size, out, missing)
    return Cutouts(
        pixels=out,
        edge_fraction=(1.0 - covered / size**2).astype(np.float32),
        nan_fraction=nan_fraction,
        x_offset=x_offset,
        y_offset=y_offset,
        inside=inside,
    )


def source_pixel(length: int, place: ArrayLike) -> NDArray[np.intp]:
    """Return the pixel along a cutout's axis that holds the source that it was cut around, in the shape of ``place``.

    A cutout of odd length is centred on the source's pixel. A cutout of even length has no pixel in its middle: surveys
    begin it ``length / 2 - 1`` pixels before the whole part of the source's position, so that a source in the first
    half of the step to the next pixel lies one pixel before ``length // 2``.

    Parameters
    ----------
    length : int
        Pixels of the cutout along the axis.
    place : array-like
        The source's position on the image along the axis; the first pixel may be called 0 or 1. If it is not known, the
        source of a cutout of even length is taken to be in ``length // 2``.

    Examples
    --------
    >>> source_pixel(30, [500.0, 500.49, 500.5, np.nan]).tolist(), source_pixel(31, 500.2).tolist()
    ([14, 14, 15, 15], 15)
    """
    beyond = np.asarray(place, np.float64) % 1.0
    return np.asarray(length // 2 - ((beyond < 0.5) & (length % 2 == 0)), np.intp)


def nearest_pixel(position: ArrayLike) -> NDArray[np.float64]:
    """Return the pixel on which a cutout around a position is centred, in any shape; NaN stays NaN.

    Examples
    --------
    >>> nearest_pixel([0.49, 0.5, -0.5]).tolist()
    [0.0, 1.0, 0.0]
    """
    return np.floor(np.asarray(position, np.float64) + 0.5)


def rows_needed(y_pixel: ArrayLike, size: int, height: int) -> list[tuple[int, int]]:
    """Return the separate ranges of image rows that cutouts reach, in order: first row, and one after the last.

    Examples
    --------
    >>> rows_needed([2.0, 4.0, 90.0], size=3, height=92)
    [(1, 6), (89, 92)]
    """
    first = np.clip(nearest_pixel(np.atleast_1d(y_pixel)) - size // 2, -size, height).astype(np.intp)
    change = np.zeros(height + 1, dtype=np.intp)
    np.add.at(change, np.clip(first, 0, height), 1)
    np.add.at(change, np.clip(first + size, 0, height), -1)
    reached = np.concatenate([[False], np.cumsum(change[:height]) > 0, [False]])
    edges = np.flatnonzero(reached[1:] != reached[:-1]).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _positions(x_pixel: ArrayLike, y_pixel: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both coordinates as (n,) float64, all finite."""
    x, y = np.atleast_1d(np.asarray(x_pixel, np.float64)), np.atleast_1d(np.asarray(y_pixel, np.float64))
    if x.ndim != 1 or x.shape != y.shape:
        raise InputError(f"x_pixel and y_pixel must be of one length, given shapes {x.shape} and {y.shape}")
    bad = ~(np.isfinite(x) & np.isfinite(y))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InputError(f"{bad.sum()} of {len(x)} positions are not finite, first row {row}: ({x[row]}, {y[row]})")
    return x, y


def _first_pixels(
    position: NDArray[np.float64], size: int, length: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Return first pixel, the cutout's range of pixels on the image (n, 2), and sub-pixel offset along one axis."""
    nearest = nearest_pixel(position)
    first = np.clip(nearest - size // 2, -size, length).astype(np.intp)
    start = np.clip(-first, 0, size)
    stop = np.clip(length - first, start, size)
    return first, np.stack([start, stop], axis=1), (position - nearest).astype(np.float32)


def _gather(
    image: NDArray[np.float32],
    first_y: NDArray[np.intp],
    first_x: NDArray[np.intp],
    is_inside: NDArray[np.bool_],
    out: NDArray[np.float32],
    missing: tuple[float, ...] | None,
) -> NDArray[np.float32]:
    """Copy the cutouts block by block, in the order in which they lie in memory; return their share of NaN."""
    number, size = out.shape[:2]
    nan_fraction = np.zeros(number, dtype=np.float32)
    rows = max(1, _BLOCK_BYTES // (4 * size * size))
    order = np.lexsort((first_x, first_y, ~is_inside))
    number_inside = int(is_inside.sum())
    if number_inside:
        windows = np.lib.stride_tricks.sliding_window_view(image, (size, size))
    for start in range(0, number, rows):
        block = order[start : start + rows]
        if start + rows <= number_inside:
            pixels = windows[first_y[block], first_x[block]]
        else:
            pixels = _copy_clipped(image, first_y[block], first_x[block], size)
        flat = pixels.reshape(-1, size * size)
        nan_fraction[block] = _nan_fraction(flat) if missing is None else _clean(flat, missing)
        out[block] = pixels
    return nan_fraction


def _copy_clipped(
    image: NDArray[np.float32], first_y: NDArray[np.intp], first_x: NDArray[np.intp], size: int
) -> NDArray[np.float32]:
    """Return cutouts that may lie partly or wholly outside the image, NaN there."""
    height, width = image.shape
    rows = first_y[:, None] + np.arange(size)
    columns = first_x[:, None] + np.arange(size)
    outside = ((rows < 0) | (rows >= height))[:, :, None] | ((columns < 0) | (columns >= width))[:, None, :]
    if image.size == 0:
        return np.full(outside.shape, np.nan, dtype=np.float32)
    clipped = image[np.clip(rows, 0, height - 1)[:, :, None], np.clip(columns, 0, width - 1)[:, None, :]]
    clipped[outside] = np.nan
    return clipped


def _nan_fraction(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the share of NaN in each row; rows whose sum is finite hold none and are not counted."""
    number = pixels.shape[1]
    ones = np.ones(number, dtype=np.float32)
    fraction = np.zeros(len(pixels), dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        suspect = np.flatnonzero(~np.isfinite(pixels @ ones))
    if len(suspect):
        fraction[suspect] = (np.isnan(pixels[suspect]).astype(np.float32) @ ones) / number
    return fraction


def _clean(pixels: NDArray[np.float32], magic: tuple[float, ...]) -> NDArray[np.float32]:
    """Replace in place what means "missing" by NaN; return the share of NaN in each row.

    A sum of squares is finite only where no value is NaN, infinite or huge, so nearly all rows need no closer look.
    """
    fraction = np.zeros(len(pixels), dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        suspect = ~np.isfinite(np.einsum("ij,ij->i", pixels, pixels))
    for value in magic:
        suspect |= (pixels == value).any(axis=1)
    rows = np.flatnonzero(suspect)
    if len(rows):
        pixels[rows] = to_missing(pixels[rows], magic)[0]
        fraction[rows] = np.isnan(pixels[rows]).mean(axis=1, dtype=np.float32)
    return fraction
