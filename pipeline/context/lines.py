"""Straight lines through the detections of an image: trails and glints of satellites, bad columns and rows.

Every neighbour farther away than a strip is wide lies in the strip for an arc of its angles, so that the angle with
most of them is where most arcs overlap, found by sorting the ends of the arcs: exact, without a grid of angles.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtrc

from pipeline.context.detections import Detections, Neighbours, are_among, neighbours_of

NEIGHBOURS: Final = 256
"""How many of the nearest detections may lie on a line: a number, not a length, so that it suits any density."""

HALF_WIDTH_PIXEL: Final = 1.5
"""Half of the width of the strip that counts as a line, in pixels: how well detections are placed on a trail."""

BAND_PIXEL: Final = 50.0
"""How far on both sides of a column or row detections are counted to tell how many are expected in it, in pixels."""

_LEAST = 1e-300
"""Smallest probability that is told from smaller ones."""

_ROWS = 2048
"""Places that are looked at together: it bounds memory and changes nothing."""

_NO_ARC = 4.0
"""Beyond every angle, all of which are below pi."""


@dataclass(frozen=True, kw_only=True)
class LineFits:
    """The best straight line through each of n places.

    Attributes
    ----------
    significance : ndarray of float, (n,)
        Minus the logarithm to base 10 of the probability that chance puts as many detections on any line through the
        place: that of a Poisson tail for all but the one that tells the angle, times the number of angles that were
        tried, which is that of the neighbours. 0: as expected, at most 300.
    regularity : ndarray of float, (n,)
        One less the median deviation of the gaps along the line over their median: 1 of even gaps, about 0.3 of
        detections at random; NaN with fewer than three others on it.
    """

    significance: NDArray[np.float64]
    regularity: NDArray[np.float64]


def line_fits(places: Detections, detections: Detections) -> LineFits:
    """Fit the best line through each place to the detections of its sign around it.

    A neighbour at distance r lies in a strip of half-width w and random direction with the probability
    2/pi asin(w/r), so that the sum over the neighbours is how many chance expects there: crowds and gaps around the
    place are taken as they are. Lines along rows and columns of the detector are left to `axis_significance`.

    Parameters
    ----------
    places : Detections
        n of them; those that are among the detections are no neighbours of themselves.
    detections : Detections
        Of the image, with positions in pixels.

    Returns
    -------
    LineFits
        Where a place has no neighbour, significance 0 and regularity NaN.
    """
    blocks = [places.chosen(slice(start, start + _ROWS)) for start in range(0, max(len(places), 1), _ROWS)]
    fits = [_block_fits(block, detections) for block in blocks]
    return LineFits(
        significance=np.concatenate([fit.significance for fit in fits]),
        regularity=np.concatenate([fit.regularity for fit in fits]),
    )


def _block_fits(places: Detections, detections: Detections) -> LineFits:
    near = neighbours_of(places, detections, NEIGHBOURS)
    if not near.counts.shape[1]:
        return LineFits(significance=np.zeros(len(places)), regularity=np.full(len(places), np.nan))
    free = (np.abs(near.dx) > HALF_WIDTH_PIXEL) & (np.abs(near.dy) > HALF_WIDTH_PIXEL)
    counts = near.counts & free & (near.flux_sign == places.flux_sign[:, None])
    half_arc = np.arcsin(HALF_WIDTH_PIXEL / np.maximum(near.distance, HALF_WIDTH_PIXEL))
    most, angle = _densest(np.arctan2(near.dy, near.dx), half_arc, counts)
    expected = np.where(counts, 2.0 * half_arc / np.pi, 0.0).sum(axis=1)
    return LineFits(
        significance=_significance(most - 1, expected, counts.sum(axis=1)),  # one of them tells the angle
        regularity=_regularity(near, counts, angle),
    )


def _densest(
    angle: NDArray[np.float64], half_arc: NDArray[np.float64], counts: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return how many arcs, ``(n, k)`` modulo pi, overlap where most do, ``(n,)``, and the middle of that overlap."""
    n, k = angle.shape
    starts = np.where(counts, np.mod(angle - half_arc, np.pi), _NO_ARC)
    ends = np.where(counts, np.mod(angle + half_arc, np.pi), _NO_ARC)
    through_zero = (counts & (starts > ends)).sum(axis=1)
    starts, ends = np.sort(starts, axis=1), np.sort(ends, axis=1)
    row = 2.0 * _NO_ARC * np.arange(n)[:, None]  # keeps the rows apart in one sorted array
    ended = np.searchsorted((ends + row).ravel(), (starts + row).ravel()).reshape(n, k) - k * np.arange(n)[:, None]
    overlap = np.where(starts < _NO_ARC, through_zero[:, None] + np.arange(1, k + 1) - ended, 0)
    best, rows = overlap.argmax(axis=1), np.arange(n)
    start = starts[rows, best]
    next_end = np.append(ends, np.full((n, 1), _NO_ARC), axis=1)[rows, ended[rows, best]]
    width = np.minimum(next_end - start, 2.0 * half_arc.min(axis=1))
    return overlap[rows, best], start + np.maximum(width, 0.0) / 2.0


def _significance(
    found: NDArray[np.intp], expected: NDArray[np.float64], tried: NDArray[np.intp] | int
) -> NDArray[np.float64]:
    """Return minus log10 of the probability of at least so many where some are expected, times the places tried."""
    chance = np.where(found > 0, pdtrc(np.maximum(found - 1, 0), np.maximum(expected, _LEAST)), 1.0)
    return np.asarray(0.0 - np.log10(np.clip(chance * np.maximum(tried, 1), _LEAST, 1.0)))


def _regularity(near: Neighbours, counts: NDArray[np.bool_], angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how even the gaps between the detections on a line are, ``(n,)``; NaN of fewer than three others."""
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    on_line = counts & (np.abs(near.dy * cos - near.dx * sin) <= HALF_WIDTH_PIXEL)
    known = np.flatnonzero(on_line.sum(axis=1) >= 3)
    along = np.where(on_line, near.dx * cos + near.dy * sin, np.nan)[known]
    gaps = np.diff(np.sort(np.append(along, np.zeros((len(known), 1)), axis=1), axis=1), axis=1)
    regularity = np.full(len(angle), np.nan)
    if len(known):
        gaps = gaps[:, ~np.isnan(gaps).all(axis=0)]
        median = np.nanmedian(gaps, axis=1)
        spread = np.nanmedian(np.abs(gaps - median[:, None]), axis=1)
        regularity[known] = 1.0 - spread / np.maximum(median, _LEAST)
    return regularity


def axis_significance(places: Detections, detections: Detections) -> NDArray[np.float64]:
    """Return how significant the line along the column or row of each place is, the larger of the two, ``(n,)``.

    The other detections within `HALF_WIDTH_PIXEL` of the place's column (row), over the whole image, are compared with
    what those within `BAND_PIXEL` of it make one expect.

    Parameters
    ----------
    places : Detections
        n of them; those that are among the detections are no neighbours of themselves.
    detections : Detections
        Of the image, with positions in pixels.

    Returns
    -------
    ndarray of float, (n,)
        Minus log10 of twice the Poisson tail, see `LineFits`; 0 where there are no others.
    """
    if not len(detections):
        return np.zeros(len(places))
    own = are_among(places, detections)
    columns = _axis(places.x_pixel, np.sort(detections.x_pixel), own)
    return np.maximum(columns, _axis(places.y_pixel, np.sort(detections.y_pixel), own))


def _axis(places: NDArray[np.float64], detections: NDArray[np.float64], own: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the significance of the strip at each place along one axis, ``(n,)``; the detections are sorted."""

    def within(reach: float) -> NDArray[np.intp]:
        first, end = np.searchsorted(detections, places - reach), np.searchsorted(detections, places + reach, "right")
        return np.asarray(end - first)

    in_strip = within(HALF_WIDTH_PIXEL) - own
    beside = within(BAND_PIXEL) - own - in_strip
    inside = np.minimum(places + BAND_PIXEL, detections[-1]) - np.maximum(places - BAND_PIXEL, detections[0])
    strip = 2.0 * HALF_WIDTH_PIXEL
    expected = strip * beside / np.maximum(inside - strip, strip)
    return _significance(in_strip, np.maximum(expected, 1.0 / len(detections)), 2)
