"""Positions on the unit sphere: vectors, chords, zones of declination, and trees that crowds do not slow down."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.conversions import ARCSEC_PER_DEG
from pipeline.errors import InputError

if TYPE_CHECKING:
    from scipy.spatial import KDTree

ARCSEC = np.pi / 180.0 / ARCSEC_PER_DEG
_ZONE_ROWS, _ZONE_SLACK_DEG = 16_384, 1e-9


def unit_vectors(ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return positions in degrees as unit vectors, ``(n, 3)``.

    Examples
    --------
    >>> unit_vectors(np.array([0.0, 90.0]), np.array([0.0, 0.0])).round(6).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    return np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])


def finite_vectors(ra_deg: ArrayLike, dec_deg: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the rows whose coordinates are finite, and their unit vectors, ``(rows, 3)``.

    Raises
    ------
    InputError
        If the two differ in length.
    """
    ra, dec = of_one_length(ra_deg, dec_deg)
    rows = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec))
    return rows, unit_vectors(ra[rows], dec[rows])


def of_one_length(ra_deg: ArrayLike, dec_deg: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coordinates as float64, ``(n,)`` each.

    Raises
    ------
    InputError
        If they differ in length.
    """
    ra, dec = np.atleast_1d(np.asarray(ra_deg, np.float64)), np.atleast_1d(np.asarray(dec_deg, np.float64))
    if ra.ndim != 1 or ra.shape != dec.shape:
        raise InputError(f"ra_deg and dec_deg must be of one length, given shapes {ra.shape} and {dec.shape}")
    return ra, dec


def chord_of(radius_arcsec: float) -> float:
    """Return the chord on the unit sphere that belongs to an angle in arcsec.

    Raises
    ------
    InputError
        If the angle is negative or not a number.
    """
    if not radius_arcsec >= 0.0:
        raise InputError(f"match radius is {radius_arcsec} arcsec, must be at least 0")
    return float(2.0 * np.sin(min(radius_arcsec * ARCSEC, np.pi) / 2.0))


def angle_of(chord: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the angle in arcsec that belongs to a chord on the unit sphere."""
    return 2.0 * np.arcsin(np.minimum(chord / 2.0, 1.0)) / ARCSEC


def by_height(
    ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64], rows: NDArray[np.integer]
) -> NDArray[np.integer]:
    """Return those rows that have finite coordinates, sorted by declination."""
    rows = rows[np.isfinite(ra_deg[rows]) & np.isfinite(dec_deg[rows])]
    return rows[np.argsort(dec_deg[rows])]


def zones(height_deg: NDArray[np.float64], radius_arcsec: float) -> Iterator[tuple[slice, float, float]]:
    """Yield zones of sorted declinations, with the declinations between which their neighbours lie.

    A zone has 16,384 rows, or more if that many lie within a radius in declination: it is never narrower than the
    radius, so that, however crowded a place is, no row is a neighbour of more than two zones besides its own.

    Parameters
    ----------
    height_deg : ndarray of float64, (n,)
        Declinations, ascending.
    radius_arcsec : float
        How far neighbours reach.

    Yields
    ------
    rows : slice
    low_deg, high_deg : float
        Neighbours of these rows lie from ``low_deg`` to ``high_deg``.

    Examples
    --------
    >>> [(rows.stop, round(high, 3)) for rows, _, high in zones(np.array([0.0, 0.0, 1.0]), 3.6)]
    [(3, 1.001)]
    """
    margin = radius_arcsec / ARCSEC_PER_DEG + _ZONE_SLACK_DEG
    start = 0
    while start < len(height_deg):
        reached = int(np.searchsorted(height_deg, height_deg[start] + margin, "right"))
        stop = min(max(start + _ZONE_ROWS, reached), len(height_deg))
        yield slice(start, stop), float(height_deg[start] - margin), float(height_deg[stop - 1] + margin)
        start = stop


@dataclass(frozen=True, kw_only=True)
class Runs:
    """Points grouped by equal values.

    Attributes
    ----------
    order : ndarray of int, (n,)
        The points, run by run; within a run in order of their rows.
    starts : ndarray of int, (runs,)
        Where in ``order`` each run begins.
    counts : ndarray of int, (runs,)
        How many points each run has.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    counts: NDArray[np.intp]

    @property
    def first(self) -> NDArray[np.intp]:
        """The first point of each run, ``(runs,)``."""
        return self.order[self.starts]

    def points(self, run: int) -> NDArray[np.intp]:
        """Return the points of a run."""
        return self.order[self.starts[run] : self.starts[run] + self.counts[run]]


def runs_of(values: NDArray[np.float64]) -> Runs:
    """Return the runs of equal rows of values, ``(n, k)``.

    Examples
    --------
    >>> runs = runs_of(np.array([[2.0], [1.0], [2.0]]))
    >>> runs.order.tolist(), runs.starts.tolist(), runs.counts.tolist()
    ([1, 0, 2], [0, 1], [1, 2])
    """
    order = np.lexsort(values.T[::-1])
    ordered = values[order]
    new = np.ones(len(values), bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    starts = np.flatnonzero(new)
    return Runs(order=order, starts=starts, counts=np.diff(starts, append=len(order)))


def tree_of(points: NDArray[np.float64]) -> "KDTree":
    """Return a tree of points, ``(n, k)``."""
    # deferred: scipy.spatial takes as long to import as pandas, and a night may have nothing to match
    from scipy.spatial import KDTree

    return KDTree(points)


def distinct_places(points: NDArray[np.float64]) -> tuple["KDTree", Runs]:
    """Return a tree of the distinct positions of points, ``(n, k)``, and the points at each position.

    A tree of equal points would be one leaf, all of which every query would have to walk through.
    """
    runs = runs_of(points)
    return tree_of(points[runs.first]), runs
