"""Samples of a training part for learning curves: whole groups, every class in proportion, the smaller in the larger.

All samples of a draw are beginnings of one order of the groups, so that each is contained in every larger one. The
groups of each class are put in random order, and the classes are then merged so that any beginning has each of them in
about the proportion of the whole; the first group of each class comes before all others, so that small samples lose no
class. Groups that are larger than a whole small sample can be put behind the others: one of them would make of a tenth
of the rows a half.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import DataSetError


@dataclass(frozen=True, kw_only=True)
class NestedSamples:
    """One order of groups, whose beginnings are the samples.

    Attributes
    ----------
    place : ndarray of int, (n,)
        The place in the order of each row's group.
    reached : ndarray of int, (groups,)
        How many usable rows the groups up to each place have together.
    smallest : int
        The usable rows of the shortest beginning that holds every class.
    """

    place: NDArray[np.int32]
    reached: NDArray[np.int64]
    smallest: int

    @property
    def usable(self) -> int:
        """Return how many usable rows there are."""
        return int(self.reached[-1])

    def of_size(self, rows: int) -> NDArray[np.bool_]:
        """Return which rows are in the shortest beginning with at least that many usable rows, ``(n,)``.

        A group is never divided, so that a sample may have more rows than asked for, by less than its last group. The
        sample of all usable rows is the whole part, with the rows that nobody can use.

        Parameters
        ----------
        rows : int
            Usable rows that are asked for, from `smallest` to `usable`.

        Raises
        ------
        DataSetError
            If there are not so many, or if so few do not hold every class.
        """
        if not self.smallest <= rows <= self.usable:
            raise DataSetError(
                f"a training sample of {rows} rows cannot be drawn; allowed: {self.smallest}, which hold every class, "
                f"to {self.usable}, which are all usable ones"
            )
        return np.asarray(self.place <= np.searchsorted(self.reached, rows))


def nested_samples(
    groups: ArrayLike,
    labels: ArrayLike,
    usable: NDArray[np.bool_],
    rng: np.random.Generator,
    *,
    large: int | None = None,
) -> NestedSamples:
    """Return nested samples of grouped rows.

    Parameters
    ----------
    groups : array_like of str, (n,)
        The group of each row; rows of one group stay together.
    labels : array_like of int, (n,)
        The class of each row; that of an unusable one does not matter.
    usable : ndarray of bool, (n,)
        Which rows can be learned from. The others go with their group and are not counted.
    rng : Generator
        Source of the order.
    large : int, optional
        Groups with more usable rows than this stand behind all others, save one that is the only one of its class.

    Raises
    ------
    DataSetError
        If no row is usable.

    Examples
    --------
    >>> groups, labels = np.repeat(["a", "b", "c", "d"], 2), np.array([1, 1, 0, 0, 0, 0, 0, 0])
    >>> drawn = nested_samples(groups, labels, np.ones(8, bool), np.random.default_rng(1))
    >>> drawn.smallest, int(drawn.of_size(5).sum()), labels[drawn.of_size(4)].tolist()
    (4, 6, [1, 1, 0, 0])
    """
    if not usable.any():
        raise DataSetError("no training row is usable; allowed: at least one of each class")
    names, group = np.unique(np.asarray(groups).astype(str), return_inverse=True)
    classes, label = np.unique(np.asarray(labels)[usable], return_inverse=True)
    rows = np.zeros((len(names), len(classes)), dtype=np.int64)
    np.add.at(rows, (group[usable], label), 1)
    order = _order(rows, rng, rows.sum() if large is None else large)
    place = np.empty(len(names), dtype=np.int32)
    place[order] = np.arange(len(names))
    reached = rows.sum(axis=1)[order].cumsum()
    every_class = (rows[order].cumsum(axis=0) > 0).all(axis=1)
    return NestedSamples(place=place[group], reached=reached, smallest=int(reached[np.argmax(every_class)]))


def _order(rows: NDArray[np.int64], rng: np.random.Generator, large: int) -> NDArray[np.int64]:
    """Return the order of groups ``(g,)`` with so many usable rows of each class ``(g, k)``.

    A group counts with the rarest class that it holds. Its place is the share of that class's groups, counted by rows,
    that come up to its middle, the large ones behind all that are not; groups without a usable row come first, as they
    cost nothing.
    """
    size = rows.sum(axis=1)
    by_rarity = np.argsort(rows.sum(axis=0), kind="stable")
    stratum = by_rarity[(rows[:, by_rarity] > 0).argmax(axis=1)]
    key = np.full(len(rows), -2.0)
    for number in by_rarity:
        drawn = rng.permutation(np.flatnonzero((size > 0) & (stratum == number)))
        drawn = drawn[np.argsort(size[drawn] > large, kind="stable")]
        for behind, mine in enumerate((drawn[size[drawn] <= large], drawn[size[drawn] > large])):
            own = size[mine]
            key[mine] = behind + (own.cumsum() - 0.5 * own) / max(own.sum(), 1)
        key[drawn[:1]] = -1.0
    return np.argsort(key, kind="stable")
