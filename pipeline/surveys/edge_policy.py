"""Where cutting at the edge is decided: which cutouts that reach beyond their image are dropped, which are filled.

The same for every source, by the settings ``edges`` and ``max_edge_fraction``; the fills are in
`pipeline.cutouts.edge_fills`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.cutouts.edge_fills import fill_edges, inside_of_missing_border
from pipeline.cutouts.planes import image_pixels
from pipeline.surveys.base import Batch, dropped_rows
from pipeline.surveys.candidate_columns import impossible
from pipeline.surveys.settings import SurveySettings


@dataclass(frozen=True, kw_only=True, eq=False)
class Outside:
    """What part of cutouts lies outside their images.

    Attributes
    ----------
    edge_fraction : ndarray of float32, (n,)
        The share of each cutout that lies outside.
    inside : mapping of str to ndarray of int, (n, 4), optional
        By channel, the box on the image as `fill_edges` takes it; without one, missing lines at the border of a cutout
        are what lies outside.
    missing : ndarray of int32, (n, channel), optional
        How many pixels of the images are NaN, where that is counted already.
    """

    edge_fraction: NDArray[np.float32]
    inside: Mapping[str, NDArray[np.intp]] | None = None
    missing: NDArray[np.int32] | None = None


def outside_of_cutouts(pixels: NDArray[np.float32], missing: NDArray[np.bool_] | None = None) -> Outside:
    """Return what lies outside of cutouts that came without an image: their missing border.

    ``missing`` tells where pixels ``(n, y, x, channel)`` are NaN, if that is known already.
    """
    if missing is None:
        missing = np.isnan(pixels)
    counts = np.zeros((len(pixels), pixels.shape[-1]), np.int32)
    edges = np.zeros(len(pixels), np.float32)
    some = np.flatnonzero(missing.reshape(len(pixels), np.prod(pixels.shape[1:], dtype=int)).any(axis=1))
    counts[some] = missing[some].sum(axis=(1, 2), dtype=np.int32)
    edges[some] = missing_border(missing[some])
    return Outside(edge_fraction=edges, missing=counts)


def missing_border(missing: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the share of rows and columns at the border that are missing in every channel, ``(n,)``.

    A cutout without any pixel says nothing about an edge: 0. ``missing`` is ``(n, y, x, channel)``.
    """
    empty: NDArray[np.bool_] = np.asarray(missing.all(axis=-1))
    size = empty.shape[1]
    if not len(empty):
        return np.zeros(0, np.float32)
    outside = np.zeros_like(empty)
    for axis in (1, 2):
        line: NDArray[np.bool_] = np.asarray(empty.all(axis=3 - axis))
        run = np.cumprod(line, axis=1).astype(bool) | np.cumprod(line[:, ::-1], axis=1).astype(bool)[:, ::-1]
        outside |= run[:, :, None] if axis == 1 else run[:, None, :]
    outside[np.asarray(empty.all(axis=(1, 2)))] = False
    return (outside.sum(axis=(1, 2)) / size**2).astype(np.float32)


def apply_edge_policy(
    pixels: NDArray[np.float32],
    rows: pd.DataFrame,
    outside: Outside,
    settings: SurveySettings,
    unplaced: pd.DataFrame | None = None,
) -> Batch:
    """Return described cutouts as the survey's settings ``edges`` and ``max_edge_fraction`` have them.

    Candidates that reach too far outside, or outside at all with ``edges: drop``, are left out and listed, and so are
    those without a place and those that cannot be true. What lies outside of the others is filled as ``edges`` says,
    in their images: pixels that are made up have no variance.

    Parameters
    ----------
    pixels : ndarray of float32, (n, y, x, channel)
        Cutouts, NaN = missing; they are left as they are.
    rows : DataFrame
        Their candidate rows with ``edge_fraction nan_fraction``.
    outside : Outside
        What of them lies outside.
    settings : SurveySettings
        The survey's.
    unplaced : DataFrame, optional
        Candidates without a finite place.
    """
    if settings.edges not in ("missing", "drop"):
        pixels, rows = _filled(pixels, rows, outside, settings)
    allowed = 0.0 if settings.edges == "drop" else settings.max_edge_fraction
    return _without_lost(pixels, rows, allowed, rows[:0] if unplaced is None else unplaced)


def _filled(
    pixels: NDArray[np.float32], rows: pd.DataFrame, outside: Outside, settings: SurveySettings
) -> tuple[NDArray[np.float32], pd.DataFrame]:
    """Return cutouts that are filled outside their image, and rows with the share that is still missing."""
    reaching = np.flatnonzero(outside.edge_fraction > 0)
    if outside.inside is None:
        if not len(reaching):
            return pixels, rows
        pixels, edges = pixels.copy(), pixels[reaching]
        images = image_pixels(edges, settings.channels)
        fill_edges(images, inside_of_missing_border(images), settings.edges, settings.edge_value)
        pixels[reaching] = edges
    else:
        pixels = pixels.copy()
        for channel, inside in outside.inside.items():
            layer = pixels[..., settings.channels.index(channel), None]
            fill_edges(layer, inside, settings.edges, settings.edge_value)
    shares = rows["nan_fraction"].to_numpy(copy=True)
    shares[reaching] = np.isnan(image_pixels(pixels[reaching], settings.channels)).mean(axis=(1, 2, 3))
    return pixels, rows.assign(nan_fraction=shares)


def _without_lost(
    pixels: NDArray[np.float32], rows: pd.DataFrame, max_edge_fraction: float, unplaced: pd.DataFrame
) -> Batch:
    """Return a batch without the rows that reach too far outside, have no place or cannot be true; they are listed."""
    inside = (rows["edge_fraction"] <= max_edge_fraction).to_numpy() & (rows["edge_fraction"] < 1).to_numpy()
    why, unplaced_why = impossible(rows), impossible(unplaced)
    why[~inside & (why == "")] = "outside the image"
    unplaced_why[unplaced_why == ""] = "position is not finite"
    keep = np.asarray(why == "", dtype=bool)
    gone = [rows["candidate_id"].to_numpy(object)[~keep], unplaced["candidate_id"].to_numpy(object)]
    reasons = np.concatenate([why[~keep], unplaced_why])
    dropped = dropped_rows(np.concatenate(gone), "cut", "").assign(reason=pd.Series(reasons, dtype="str"))
    return Batch(
        cutouts=pixels if keep.all() else pixels[keep], candidates=rows[keep].reset_index(drop=True), dropped=dropped
    )
