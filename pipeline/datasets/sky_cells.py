"""Cells of the sky, much larger than a cutout, whose rows stay together if fields are crowded."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.conversions import ARCSEC_PER_DEG
from pipeline.datasets.overlaps import Footprints

WIDTHS = (32, 16, 8)
"""Sides of a cell in widths of a cutout, the largest first.

Rows near a border between two parts are in the guard band that is dropped. It is a cutout's diagonal wide on each side,
so that in cells of 32, 16 and 8 widths 17, 32 and 58 % of the rows lie in it if every neighbour is of another part, and
two fifths of that if test and validation have a fifth each: larger cells lose less, but are fewer.
"""

ENOUGH_CELLS = 40
"""With this many cells each part gets some from different regions; the largest cells with at least as many are used."""

NO_CELL = -1
_BAND_BITS, _IMAGE_BIT = 32, 62
_CLASS_WEIGHT = 2**45
"""Larger than any number of rows, and small enough that sums of all classes are exact in float64."""

_MIX = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


@dataclass(frozen=True, kw_only=True)
class Cells:
    """The cell of each row.

    Attributes
    ----------
    number : ndarray of int64, (n,)
        The number of the cell, which does not depend on other rows; -1 if a row states no position.
    weight : ndarray of float64, (n,)
        What a row counts when cells are divided into shares; whole numbers, so that sums do not depend on the order.
    side_arcsec : float
        Side of a cell.
    """

    number: NDArray[np.int64]
    weight: NDArray[np.float64]
    side_arcsec: float

    @property
    def count(self) -> int:
        """How many cells there are."""
        return len(np.unique(self.number[self.number != NO_CELL]))


def cells_of(places: Footprints, groups: NDArray[np.integer], weight: NDArray[np.float64]) -> Cells:
    """Return cells much larger than the cutouts; a group is as a whole in the lowest of the cells of its rows.

    Cells are squares on the sky, in bands of declination. Rows without a position on the sky have cells on their image.

    Parameters
    ----------
    places : Footprints
        Where the cutouts lie.
    groups : ndarray of int, (n,)
        The row after which the group of each row is called.
    weight : ndarray of float64, (n,)
        As in :class:`Cells`.
    """
    for widths in WIDTHS:
        cells = Cells(
            number=_lowest(_numbers(places, widths), groups), weight=weight, side_arcsec=widths * places.width_arcsec
        )
        if cells.count >= ENOUGH_CELLS:
            break
    return cells


def balancing(classes: NDArray[np.integer], counts: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return a whole number for each row, with about the same sum for each class; 0 for rows that do not count.

    Examples
    --------
    >>> weight = balancing(np.array([0, 0, 0, 1, 1]), np.array([True, True, True, True, False]))
    >>> (weight / weight.sum()).round(2).tolist()
    [0.17, 0.17, 0.17, 0.5, 0.0]
    """
    weight = np.zeros(len(classes))
    for value in np.unique(classes[counts]):
        mine = counts & (classes == value)
        weight[mine] = _CLASS_WEIGHT // int(mine.sum())
    return weight


def _lowest(numbers: NDArray[np.int64], groups: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return for each row the lowest number of a cell in its group."""
    none = np.iinfo(np.int64).max
    lowest = np.full(len(numbers), none, np.int64)
    np.minimum.at(lowest, groups, np.where(numbers == NO_CELL, none, numbers))
    found = lowest[groups]
    return np.where(found == none, NO_CELL, found)


def _numbers(places: Footprints, widths: int) -> NDArray[np.int64]:
    number = np.full(len(places), NO_CELL, np.int64)
    sky = np.isfinite(places.ra_deg) & np.isfinite(places.dec_deg)
    number[sky] = sky_cell(places.ra_deg[sky], places.dec_deg[sky], widths * places.width_arcsec)
    image = places.on_image & ~sky
    step = float(widths * places.size_pixel)
    parts = (places.exposure[image] * 2.0**52, places.x_pixel[image] // step, places.y_pixel[image] // step)
    mixed = np.zeros(int(image.sum()), np.uint64)
    for part, factor in zip(parts, _MIX, strict=True):
        mixed = (mixed ^ part.astype(np.int64).astype(np.uint64)) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    number[image] = ((mixed >> np.uint64(2)) | np.uint64(1 << _IMAGE_BIT)).astype(np.int64)
    return number


def sky_cell(ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64], side_arcsec: float) -> NDArray[np.int64]:
    """Return the number of the square cell of each position, ``(n,)``; no cell is narrower than its side.

    Examples
    --------
    >>> cells = sky_cell(np.array([10.01, 10.02, 10.1, 10.01]), np.array([0.01, 0.02, 0.01, 0.1]), 180.0)
    >>> (cells == cells[0]).tolist()
    [True, True, False, False]
    """
    side = side_arcsec / ARCSEC_PER_DEG
    band = np.floor((dec_deg + 90.0) / side)
    poleward = np.minimum(np.maximum(np.abs(band * side - 90.0), np.abs((band + 1.0) * side - 90.0)), 90.0)
    across = np.maximum(1.0, np.floor(360.0 * np.cos(np.radians(poleward)) / side))
    column = np.minimum(np.floor(np.mod(ra_deg, 360.0) / 360.0 * across), across - 1.0)
    return (band.astype(np.int64) << _BAND_BITS) + column.astype(np.int64)
