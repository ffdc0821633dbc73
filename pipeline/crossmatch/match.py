"""Crossmatch: which rows of two lists of sky positions are the same source."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.crossmatch.sphere import (
    angle_of,
    by_height,
    chord_of,
    distinct_places,
    finite_vectors,
    tree_of,
    unit_vectors,
    zones,
)

if TYPE_CHECKING:
    from scipy.spatial import KDTree

_ROUNDS, _FEW = 32, 1024
"""Rounds of :func:`_sure_pairs`, and the number of free rows at which it ends; the rest is compared pair by pair."""


def match_one_to_one(
    ra1_deg: ArrayLike, dec1_deg: ArrayLike, ra2_deg: ArrayLike, dec2_deg: ArrayLike, radius_arcsec: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Pair positions of two lists so that each has at most one partner, the closest pairs first.

    The result is that of a greedy search: take all pairs within the radius in order of their separation, and keep a
    pair if neither of its rows has a partner yet. Among pairs that are equally close, the lower row of the first list
    goes first, then the lower row of the second.

    Sorting all pairs would cost the square of the number of rows in a crowd. Two rows that are each other's only
    nearest neighbour are always paired by the greedy search, because neither appears in a closer pair; so such pairs
    are taken first, and the search is repeated among the rows that they leave. Only when few rows are left, or when
    no more such pairs exist, are the remaining pairs listed and sorted. A crowd of n therefore costs n log n; only
    where the places of more than a thousand rows tie, as on a grid, are all their pairs compared.

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
        How far apart the two are on the sky, in arcsec.

    Examples
    --------
    >>> first, second, separation = match_one_to_one([359.9999, 10.0], [0, 0], [0.0001, 10.0], [0, 0.1], 1.0)
    >>> first.tolist(), second.tolist(), separation.round(3).tolist()
    ([0], [0], [0.72])
    """
    rows1, sphere1 = finite_vectors(ra1_deg, dec1_deg)
    rows2, sphere2 = finite_vectors(ra2_deg, dec2_deg)
    chord = chord_of(radius_arcsec)
    found = _sure_pairs(sphere1, sphere2, chord)
    free1, free2 = (np.delete(np.arange(len(rows)), pairs) for rows, pairs in ((rows1, found[0]), (rows2, found[1])))
    rest = _closest_first(sphere1[free1], sphere2[free2], chord)
    first, second = np.append(found[0], free1[rest[0]]), np.append(found[1], free2[rest[1]])
    order = np.argsort(first)
    first, second = first[order], second[order]
    return rows1[first], rows2[second], angle_of(np.linalg.norm(sphere1[first] - sphere2[second], axis=1))


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
        Row of the second list; -1 if there is none (an empty list, a position that is not finite).
    separation_arcsec : ndarray of float64, (n1,)
        Distance in arcsec; infinite if there is none.
    """
    rows1, sphere1 = finite_vectors(ra1_deg, dec1_deg)
    rows2, sphere2 = finite_vectors(ra2_deg, dec2_deg)
    number = np.size(ra1_deg)
    index = np.full(number, -1, dtype=np.intp)
    separation = np.full(number, np.inf)
    if len(rows1) and len(rows2):
        tree, places = distinct_places(sphere2)
        chord, found = tree.query(sphere1)
        index[rows1] = rows2[places.first[found]]
        separation[rows1] = angle_of(chord)
    return index, separation


def all_within(
    ra1_deg: ArrayLike, dec1_deg: ArrayLike, ra2_deg: ArrayLike, dec2_deg: ArrayLike, radius_arcsec: float
) -> list[list[int]]:
    """Return for each position of the first list all rows of the second within a radius, the nearest first.

    The cost grows with the square of the number of positions in a crowd, so use it for a first list of few rows, such
    as injections.

    Parameters
    ----------
    ra1_deg, dec1_deg : array-like, (n1,)
        The first list, in degrees; rows that are not finite find nothing.
    ra2_deg, dec2_deg : array-like, (n2,)
        The second list, in degrees; rows that are not finite are not found.
    radius_arcsec : float
        Largest separation in arcsec, inclusive.

    Returns
    -------
    list of list of int, (n1,)
        Rows of the second list; an empty list where there are none.
    """
    rows1, sphere1 = finite_vectors(ra1_deg, dec1_deg)
    rows2, sphere2 = finite_vectors(ra2_deg, dec2_deg)
    found: list[list[int]] = [[] for _ in range(np.size(ra1_deg))]
    chord = chord_of(radius_arcsec)
    if not len(rows1) or not len(rows2):
        return found
    for row, near in zip(rows1, tree_of(sphere2).query_ball_point(sphere1, chord), strict=True):
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
    """Return which of some rows are within a radius of any of the others, ``(rows,)``.

    Parameters
    ----------
    ra_deg, dec_deg : ndarray of float64, (n,)
        Positions of all rows in degrees; those that are not finite are near nothing.
    rows, others : ndarray of int
        Row numbers. In addition, memory holds a tree of one zone of declination, and 16 bytes per row of the larger
        set.
    radius_arcsec : float
        Exclusive.

    Examples
    --------
    >>> ra, dec = np.array([10.0, 20.0, np.nan, 10.0]), np.array([0.0, 0.0, 0.0, 0.0001])
    >>> near_any(ra, dec, np.array([0, 1, 2]), np.array([3]), 1.0).tolist()
    [True, False, False]
    """
    chord, found = chord_of(radius_arcsec), np.zeros(len(ra_deg), bool)
    order, against = by_height(ra_deg, dec_deg, rows), by_height(ra_deg, dec_deg, others)
    height = dec_deg[against]
    for zone, low, high in zones(dec_deg[order], radius_arcsec):
        mine = order[zone]
        theirs = against[np.searchsorted(height, low, "left") : np.searchsorted(height, high, "right")]
        if len(theirs):
            tree, _ = distinct_places(unit_vectors(ra_deg[theirs], dec_deg[theirs]))
            distance, _ = tree.query(unit_vectors(ra_deg[mine], dec_deg[mine]), distance_upper_bound=chord)
            found[mine] = np.isfinite(distance)
    told: NDArray[np.bool_] = found[rows]
    return told


def _sure_pairs(
    points1: NDArray[np.float64], points2: NDArray[np.float64], chord: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return pairs of points, in any order, that are partners whatever the others do, until few points are left.

    Points at exactly the same position count as one place. If two places are each other's only nearest neighbour,
    their points are paired one to one, as many as the smaller place holds. The search is then repeated among the
    points that remain. So a crowd of n costs n log n, where all pairs within the radius would cost its square.
    """
    free1, free2 = np.arange(len(points1)), np.arange(len(points2))
    found1, found2 = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
    for _ in range(_ROUNDS):
        if min(len(free1), len(free2)) == 0 or len(free1) + len(free2) <= _FEW:
            break
        tree1, one = distinct_places(points1[free1])
        tree2, other = distinct_places(points2[free2])
        (near1, only1), (near2, only2) = _only_nearest(tree1, tree2, chord), _only_nearest(tree2, tree1, chord)
        place1 = np.flatnonzero(only1)
        place1 = place1[only2[near1[place1]] & (near2[near1[place1]] == place1)]
        share = np.minimum(one.counts[place1], other.counts[near1[place1]])
        taken1, taken2 = (
            np.repeat(places.starts[chosen], share) + _count_up(share)
            for places, chosen in ((one, place1), (other, near1[place1]))
        )
        found1.append(free1[one.order[taken1]])
        found2.append(free2[other.order[taken2]])
        reached1, reached2 = (np.repeat(near >= 0, places.counts) for near, places in ((near1, one), (near2, other)))
        reached1[taken1] = reached2[taken2] = False
        free1, free2 = np.sort(free1[one.order[reached1]]), np.sort(free2[other.order[reached2]])
        if not len(place1):
            break
    return np.concatenate(found1), np.concatenate(found2)


def _only_nearest(mine: "KDTree", theirs: "KDTree", chord: float) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return, for each place of ``mine``, the nearest of ``theirs`` within a distance, and whether no other is as near.

    The first is -1, and the second False, where there is none.
    """
    distance, near = theirs.query(mine.data, k=[1, 2], distance_upper_bound=np.nextafter(chord, np.inf))
    there = np.isfinite(distance[:, 0])
    return np.where(there, near[:, 0], -1), there & (distance[:, 1] > distance[:, 0])


def _count_up(numbers: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return 0, 1, ..., number - 1 for each number, one after the other."""
    return np.arange(numbers.sum()) - np.repeat(np.cumsum(numbers) - numbers, numbers)


def _closest_first(
    points1: NDArray[np.float64], points2: NDArray[np.float64], chord: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return pairs of points so that each has at most one partner, from all pairs within a distance."""
    if not len(points1) or not len(points2):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    tree1, tree2 = tree_of(points1), tree_of(points2)
    pairs = tree1.sparse_distance_matrix(tree2, chord, output_type="ndarray")
    pairs = pairs[np.lexsort((pairs["j"], pairs["i"], pairs["v"]))]
    chosen = pairs[_greedy(pairs["i"].tolist(), pairs["j"].tolist(), len(points1), len(points2))]
    return chosen["i"].astype(np.intp), chosen["j"].astype(np.intp)


def _greedy(first: list[int], second: list[int], number1: int, number2: int) -> list[int]:
    """Return the numbers of the pairs that, taken in order, find both partners still free."""
    used1, used2 = bytearray(number1), bytearray(number2)
    chosen = []
    for pair, (row1, row2) in enumerate(zip(first, second, strict=True)):
        if not (used1[row1] or used2[row2]):
            used1[row1] = used2[row2] = 1
            chosen.append(pair)
    return chosen
