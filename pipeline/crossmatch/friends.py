"""Friends of friends: which positions on the sky belong together, because steps within a radius connect them.

In a crowd, the number of pairs within a radius grows with the square of the number of positions. Therefore no list of
pairs is made: positions in one cube of side radius / sqrt(3) are all friends, so each cube is joined as a whole. For
two cubes near each other, one pair within the radius is enough, and none is looked for if other cubes have already
connected them.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from pipeline.crossmatch.sphere import (
    Runs,
    by_height,
    chord_of,
    distinct_places,
    of_one_length,
    runs_of,
    unit_vectors,
    zones,
)

_ROUNDING = 1e-15
"""Coordinates of unit vectors are exact to this; a cube is smaller by as much, so that all points in it are friends."""

_SHRINK = 1.0 - 1e-6
_NEIGHBOURS = 2
"""Cubes that are more than this many steps apart along any axis hold no friends."""

_FEW = 64
"""This many points of two cubes are compared one by one; only if they are not friends does a tree search all points."""

_PAIRS_AT_ONCE = 2**18


def link_groups(ra_deg: ArrayLike, dec_deg: ArrayLike, radius_arcsec: float) -> NDArray[np.intp]:
    """Number the groups of positions that chains of steps within a radius connect.

    Parameters
    ----------
    ra_deg, dec_deg : array-like, (n,)
        Positions in degrees; a row that is not finite is a group of its own.
    radius_arcsec : float
        Longest step within a group in arcsec, inclusive. Below a nanoarcsecond, the limit of rounding, only equal
        positions are in one group.

    Returns
    -------
    group : ndarray of int, (n,)
        Group numbers from 0, in order of first appearance.

    Raises
    ------
    InputError
        If the coordinates differ in length, or the radius is negative.

    Examples
    --------
    >>> link_groups([10.0, 50.0, 10.0, 10.0], [0.0, 0.0, 0.0002, 0.0004], 1.0).tolist()
    [0, 1, 0, 0]
    """
    number = np.size(ra_deg)
    if number == 0:
        return np.empty(0, np.intp)
    labels = _components(np.concatenate([np.empty((0, 2), np.intp), *links(ra_deg, dec_deg, radius_arcsec)]), number)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.intp)


def links(ra_deg: ArrayLike, dec_deg: ArrayLike, radius_arcsec: float) -> Iterator[NDArray[np.intp]]:
    """Yield pairs of rows within a radius, ``(pairs, 2)``, that connect everything that all such pairs would connect.

    Parameters are those of :func:`link_groups`. A pair may appear twice. Time and memory grow linearly with the number
    of rows, however crowded they are; memory holds the cubes of one zone of declination, and 16 bytes per row.

    See Also
    --------
    pipeline.datasets.groups.join_groups : uses them together with what else rows may share.
    """
    ra, dec = of_one_length(ra_deg, dec_deg)
    chord, order = chord_of(radius_arcsec), by_height(ra, dec, np.arange(len(ra)))
    height = dec[order]
    for mine, _, high in zones(height, radius_arcsec):
        rows = order[mine.start : np.searchsorted(height, high, "right")].astype(np.intp, copy=False)
        yield rows[_links(unit_vectors(ra[rows], dec[rows]), chord)]


def _links(points: NDArray[np.float64], chord: float) -> NDArray[np.intp]:
    """Return pairs of points, (n, 3), that connect everything that all pairs within a distance would connect."""
    side = chord / np.sqrt(3.0) * _SHRINK - _ROUNDING
    cubes = np.floor(points / side) if side > 0.0 else points
    runs = runs_of(cubes)
    inside = np.column_stack([np.repeat(runs.first, runs.counts), runs.order])[runs.counts.repeat(runs.counts) > 1]
    if side <= 0.0 or len(runs.starts) == 1:
        return inside
    near, steps = _near(cubes[runs.first])
    found, bridges = [inside], np.empty((0, 2), np.intp)
    for step in np.unique(steps).tolist():  # the nearest first: what they connect need not be compared again
        root = _components(bridges, len(runs.starts))
        pairs = near[steps == step]
        pairs = pairs[root[pairs[:, 0]] != root[pairs[:, 1]]]
        for compare in (_one_by_one, _by_tree):
            friendly, friends = compare(points, runs, pairs, chord)
            found.append(friends)
            bridges = np.concatenate([bridges, pairs[friendly]])
            pairs = pairs[~friendly & (runs.counts[pairs] > _FEW).any(axis=1)]
    return np.concatenate(found)


def _near(cubes: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return pairs of cubes that may hold friends, (pairs, 2), and the squares of the steps between them."""
    near = KDTree(cubes).query_pairs(_NEIGHBOURS + 0.5, p=np.inf, output_type="ndarray")
    return near, ((cubes[near[:, 0]] - cubes[near[:, 1]]) ** 2).sum(axis=1)


def _one_by_one(
    points: NDArray[np.float64], cubes: Runs, pairs: NDArray[np.intp], chord: float
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Return which pairs of cubes hold friends, and two friends of each, by the first points of each cube."""
    first, second = np.minimum(cubes.counts, _FEW)[pairs].T
    begin1, begin2 = cubes.starts[pairs].T
    ends = np.cumsum(first * second)
    friendly, friends = np.zeros(len(pairs), bool), [np.empty((0, 2), np.intp)]
    begin = 0
    while begin < len(pairs):
        done = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, done + _PAIRS_AT_ONCE, "right")))
        pair = np.repeat(np.arange(begin, end), np.diff(ends[begin:end], prepend=done))
        place = np.arange(len(pair)) - (ends[pair] - done - (first * second)[pair])
        one = cubes.order[begin1[pair] + place // second[pair]]
        other = cubes.order[begin2[pair] + place % second[pair]]
        hit = np.flatnonzero(((points[one] - points[other]) ** 2).sum(axis=1) <= chord**2)
        hit = hit[np.unique(pair[hit], return_index=True)[1]]
        friendly[pair[hit]] = True
        friends.append(np.column_stack([one[hit], other[hit]]))
        begin = end
    return friendly, np.concatenate(friends)


def _by_tree(
    points: NDArray[np.float64], cubes: Runs, pairs: NDArray[np.intp], chord: float
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Return what :func:`_one_by_one` returns, from the nearest neighbours of all points."""
    friendly, friends = np.zeros(len(pairs), bool), []
    for number, pair in enumerate(pairs.tolist()):
        one, other = (cubes.points(cube) for cube in pair)
        tree, places = distinct_places(points[other])
        distance, nearest = tree.query(points[one])
        best = int(np.argmin(distance))
        closest = one[best], other[places.first[nearest[best]]]
        if ((points[closest[0]] - points[closest[1]]) ** 2).sum() <= chord**2:
            friendly[number] = True
            friends.append(closest)
    return friendly, np.array(friends, np.intp).reshape(-1, 2)


def _components(pairs: NDArray[np.intp], number: int) -> NDArray[np.intp]:
    """Return the component of each node, (number,), after pairs of nodes were joined."""
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(number, number))
    return np.asarray(connected_components(graph, directed=False)[1], np.intp)
