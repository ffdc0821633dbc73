"""Crossmatch: who is who between two lists of sky positions, and which positions are one thing."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from pipeline.errors import InputError

_ARCSEC = np.pi / 180.0 / 3600.0
_ZONE_ROWS, _ZONE_SLACK_DEG = 16_384, 1e-9


def match_one_to_one(
    ra1_deg: ArrayLike, dec1_deg: ArrayLike, ra2_deg: ArrayLike, dec2_deg: ArrayLike, radius_arcsec: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Pair positions of two lists so that each has at most one partner, the closest pairs first.

    Parameters
    ----------
    ra1_deg, dec1_deg : array-like, (n1,)
        The first list, in degrees; rows that are not finite find no partner.
    ra2_deg, dec2_deg : array-like, (n2,)
        The second list, in degrees.
    radius_arcsec : float
        Largest separation of a pair in arcsec, inclusive.

    Returns
    -------
    index1, index2 : ndarray of int, (pairs,)
        Rows of the two lists that belong together, in order of ``index1``.
    separation_arcsec : ndarray of float64, (pairs,)

    Examples
    --------
    >>> first, second, separation = match_one_to_one([359.9999, 10.0], [0, 0], [0.0001, 10.0], [0, 0.1], 1.0)
    >>> first.tolist(), second.tolist(), separation.round(3).tolist()
    ([0], [0], [0.72])
    """
    rows1, sphere1 = _unit_vectors(ra1_deg, dec1_deg)
    rows2, sphere2 = _unit_vectors(ra2_deg, dec2_deg)
    if not len(rows1) or not len(rows2):
        return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0)
    pairs = KDTree(sphere1).sparse_distance_matrix(KDTree(sphere2), _chord(radius_arcsec), output_type="ndarray")
    pairs = pairs[np.lexsort((pairs["j"], pairs["i"], pairs["v"]))]
    chosen = pairs[_greedy(pairs["i"].tolist(), pairs["j"].tolist(), len(rows1), len(rows2))]
    chosen = chosen[np.argsort(chosen["i"])]
    return rows1[chosen["i"]], rows2[chosen["j"]], _separation(chosen["v"])


def nearest(
    ra1_deg: ArrayLike, dec1_deg: ArrayLike, ra2_deg: ArrayLike, dec2_deg: ArrayLike
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return for each position of the first list its nearest in the second, which several may share.

    Parameters
    ----------
    ra1_deg, dec1_deg : array-like, (n1,)
        The first list, in degrees.
    ra2_deg, dec2_deg : array-like, (n2,)
        The second list, in degrees.

    Returns
    -------
    index2 : ndarray of int, (n1,)
        Row of the second list, -1 where there is none (an empty list, a position that is not finite).
    separation_arcsec : ndarray of float64, (n1,)
        Infinite where there is none.
    """
    rows1, sphere1 = _unit_vectors(ra1_deg, dec1_deg)
    rows2, sphere2 = _unit_vectors(ra2_deg, dec2_deg)
    number = np.size(ra1_deg)
    index = np.full(number, -1, dtype=np.intp)
    separation = np.full(number, np.inf)
    if len(rows1) and len(rows2):
        chord, found = KDTree(sphere2).query(sphere1)
        index[rows1] = rows2[found]
        separation[rows1] = _separation(chord)
    return index, separation


def all_within(
    ra1_deg: ArrayLike, dec1_deg: ArrayLike, ra2_deg: ArrayLike, dec2_deg: ArrayLike, radius_arcsec: float
) -> list[list[int]]:
    """Return for each position of the first list all rows of the second within a radius, the nearest first.

    Parameters are those of :func:`match_one_to_one`.
    """
    rows1, sphere1 = _unit_vectors(ra1_deg, dec1_deg)
    rows2, sphere2 = _unit_vectors(ra2_deg, dec2_deg)
    found: list[list[int]] = [[] for _ in range(np.size(ra1_deg))]
    chord = _chord(radius_arcsec)
    if not len(rows1) or not len(rows2):
        return found
    for row, near in zip(rows1, KDTree(sphere2).query_ball_point(sphere1, chord), strict=True):
        distance = np.linalg.norm(sphere2[near] - sphere1[np.searchsorted(rows1, row)], axis=1)
        found[row] = rows2[np.asarray(near, np.intp)[np.lexsort((near, distance))]].tolist()
    return found


def near_any(
    ra_deg: NDArray[np.float64],
    dec_deg: NDArray[np.float64],
    rows: NDArray[np.integer],
    others: NDArray[np.integer],
    radius_arcsec: float,
) -> NDArray[np.bool_]:
    """Tell which of some rows are nearer to any other row than a radius, ``(rows,)``.

    Parameters
    ----------
    ra_deg, dec_deg : ndarray of float64, (n,)
        Positions of all rows in degrees; those that are not finite are near nothing.
    rows, others : ndarray of int
        Row numbers. Beside them, memory holds a tree of one zone of declination, and 16 bytes for each of the larger.
    radius_arcsec : float
        Exclusive.

    Examples
    --------
    >>> ra, dec = np.array([10.0, 20.0, np.nan, 10.0]), np.array([0.0, 0.0, 0.0, 0.0001])
    >>> near_any(ra, dec, np.array([0, 1, 2]), np.array([3]), 1.0).tolist()
    [True, False, False]
    """
    chord, found = _chord(radius_arcsec), np.zeros(len(ra_deg), bool)
    order, against = _by_height(ra_deg, dec_deg, rows), _by_height(ra_deg, dec_deg, others)
    height = dec_deg[against]
    margin = radius_arcsec / 3600.0 + _ZONE_SLACK_DEG
    for start in range(0, len(order), _ZONE_ROWS):
        mine = order[start : start + _ZONE_ROWS]
        low, high = dec_deg[mine[0]] - margin, dec_deg[mine[-1]] + margin
        theirs = against[np.searchsorted(height, low, "left") : np.searchsorted(height, high, "right")]
        if len(theirs):
            tree = KDTree(unit_vectors(ra_deg[theirs], dec_deg[theirs]))
            distance, _ = tree.query(unit_vectors(ra_deg[mine], dec_deg[mine]), distance_upper_bound=chord)
            found[mine] = np.isfinite(distance)
    return found[rows]


def link_groups(ra_deg: ArrayLike, dec_deg: ArrayLike, radius_arcsec: float) -> NDArray[np.intp]:
    """Number the groups of positions that chains of steps within a radius connect (friends of friends).

    Parameters
    ----------
    ra_deg, dec_deg : array-like, (n,)
        Positions in degrees; a row that is not finite is a group of its own.
    radius_arcsec : float
        Longest step within a group in arcsec, inclusive.

    Returns
    -------
    group : ndarray of int, (n,)
        Group numbers from 0, in order of first appearance.
    """
    number = np.size(ra_deg)
    if number == 0:
        return np.empty(0, np.intp)
    links = np.concatenate([np.empty((0, 2), np.intp), *linked_pairs(ra_deg, dec_deg, radius_arcsec)])
    graph = coo_array((np.ones(len(links), bool), (links[:, 0], links[:, 1])), shape=(number, number))
    labels = connected_components(graph, directed=False)[1]
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.intp)


def linked_pairs(ra_deg: ArrayLike, dec_deg: ArrayLike, radius_arcsec: float) -> Iterator[NDArray[np.intp]]:
    """Yield pairs of rows, ``(pairs, 2)``, within a radius of each other, a zone of declination at a time.

    Parameters are those of :func:`link_groups`; a pair may come twice. Memory holds a tree of one zone and 16 bytes
    a row.
    """
    ra, dec = _one_length(ra_deg, dec_deg)
    chord, order = _chord(radius_arcsec), _by_height(ra, dec, np.arange(len(ra)))
    height = dec[order]
    margin = radius_arcsec / 3600.0 + _ZONE_SLACK_DEG
    for start in range(0, len(order), _ZONE_ROWS):
        top = height[min(start + _ZONE_ROWS, len(order)) - 1] + margin
        rows = order[start : np.searchsorted(height, top, "right")]
        _, sphere = _unit_vectors(ra[rows], dec[rows])
        yield rows[KDTree(sphere).query_pairs(chord, output_type="ndarray")]


def _by_height(ra: NDArray[np.float64], dec: NDArray[np.float64], rows: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return those of some rows that have finite coordinates, from the lowest declination on."""
    rows = rows[np.isfinite(ra[rows]) & np.isfinite(dec[rows])]
    return rows[np.argsort(dec[rows])]


def _one_length(ra_deg: ArrayLike, dec_deg: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    ra, dec = np.atleast_1d(np.asarray(ra_deg, np.float64)), np.atleast_1d(np.asarray(dec_deg, np.float64))
    if ra.ndim != 1 or ra.shape != dec.shape:
        raise InputError(f"ra_deg and dec_deg must be of one length, given shapes {ra.shape} and {dec.shape}")
    return ra, dec


def _unit_vectors(ra_deg: ArrayLike, dec_deg: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the rows with finite coordinates and their unit vectors, (rows, 3)."""
    ra, dec = _one_length(ra_deg, dec_deg)
    rows = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec))
    return rows, unit_vectors(ra[rows], dec[rows])


def unit_vectors(ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return positions in degrees as unit vectors, ``(n, 3)``.

    Examples
    --------
    >>> unit_vectors(np.array([0.0, 90.0]), np.array([0.0, 0.0])).round(6).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    return np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])


def _chord(radius_arcsec: float) -> float:
    """Return the straight distance on the unit sphere that belongs to an angle."""
    if not radius_arcsec >= 0.0:
        raise InputError(f"match radius is {radius_arcsec} arcsec, must be at least 0")
    return float(2.0 * np.sin(min(radius_arcsec * _ARCSEC, np.pi) / 2.0))


def _separation(chord: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the angle in arcsec that belongs to a straight distance on the unit sphere."""
    return 2.0 * np.arcsin(np.minimum(chord / 2.0, 1.0)) / _ARCSEC


def _greedy(first: list[int], second: list[int], number1: int, number2: int) -> list[int]:
    """Return which pairs, in the order given, find both partners still free."""
    used1, used2 = bytearray(number1), bytearray(number2)
    chosen = []
    for pair, (row1, row2) in enumerate(zip(first, second, strict=True)):
        if not (used1[row1] or used2[row2]):
            used1[row1] = used2[row2] = 1
            chosen.append(pair)
    return chosen
