"""Groups of rows that must not be divided, because they share an object, a mover, a place or their pixels."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.datasets.name_hashes import Column, hash_unit
from pipeline.ids.text_blocks import Decide, Decided, RowTexts, decided, texts_of

_NAMES_AT_ONCE = 50_000


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Which rows belong together, and what their groups are called.

    Attributes
    ----------
    row : ndarray of int, (n,)
        The row after whose name each row's group is called.
    names : RowTexts
        The name of each row.
    """

    row: NDArray[np.integer]
    names: RowTexts

    def decided(self, decide: Decide[Decided]) -> NDArray[Decided]:
        """Return what the name of each row's group decides, ``(n,)``."""
        called = np.zeros(len(self.names), bool)
        called[self.row] = True
        return decided(self.names, decide, called)[self.row]


def join_groups(keys: Iterable[Column], names: RowTexts) -> Groups:
    """Return the groups of rows: rows that share any key, directly or through others, are one.

    Parameters
    ----------
    keys : iterable of Series or ndarray, (n,) or (pairs, 2)
        Each an identifier of something that rows may share: object, mover, host, hash of the pixels; or pairs of
        rows that belong together. An empty text or NaN shares nothing. They are read one at a time, so that a
        generator keeps one in memory.
    names : RowTexts
        A name for each row; the group is called after the smallest of its rows'. Names that say what the rows
        are (an object, a mover) rather than when they were seen keep a group's name when nights are added.

    Examples
    --------
    >>> from pipeline.ids.text_blocks import HeldTexts
    >>> keys = [np.array(["a", "a", "b"]), np.array(["", "m", "m"])]
    >>> join_groups(keys, HeldTexts(["1", "2", "3"])).row.tolist()
    [0, 0, 0]
    """
    root = np.arange(len(names), dtype=np.int32)
    for key in keys:
        first, second = key.T if np.ndim(key) == 2 else _alike(key)
        root = _united(root, first, second)
    return Groups(row=_smallest(root, names)[root], names=names)


def _alike(key: Column) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return pairs of rows that share a key: the first row that has it, and each later one."""
    numbers = np.asarray(key)
    if numbers.dtype.kind not in "iuf":
        codes, texts = pd.factorize(pd.Series(key))
        numbers = np.where((codes < 0) | np.append(np.asarray(texts == ""), [True])[codes], np.nan, codes)
    order = np.argsort(numbers, kind="stable").astype(np.int32)
    numbers = numbers[order]
    again = np.flatnonzero(numbers[1:] == numbers[:-1]) + 1
    starts = np.ones(len(order), bool)
    starts[again] = False
    begins = np.flatnonzero(starts)
    return order[begins[np.searchsorted(begins, again, "right") - 1]], order[again]


def _united(root: NDArray[np.int32], first: NDArray[np.integer], second: NDArray[np.integer]) -> NDArray[np.int32]:
    """Return the smallest row of each row's component after rows were joined in pairs.

    This is union-find on whole arrays. ``root[row]`` is a row of the same component that is not larger; a component is
    known by its smallest row, which is its own root. One round

    1. looks up the roots of both rows of each pair; where they differ, the pair joins two components;
    2. points the larger root at the smaller one, ``root[max] = min(root[max], min)``. Where several pairs want to move
       the same root, ``np.minimum.at`` lets the smallest win; the others are dealt with in the next round;
    3. shortens the paths, ``root = root[root]``, until each row points directly at a root.

    Roots only ever become smaller, so the rounds end; they end when both rows of every pair have the same root. Step 3
    halves the paths, so a chain of n rows takes about log n passes instead of a Python loop over n rows.

    ``root`` begins as ``arange(n)`` and may be changed in place; ``first`` and ``second`` are the rows of each pair.
    """
    while True:
        one, other = root[first], root[second]
        apart = one != other
        if not apart.any():
            return root
        np.minimum.at(root, np.maximum(one, other)[apart], np.minimum(one, other)[apart])
        while (root[root] != root).any():
            root = root[root]


def _smallest(root: NDArray[np.int32], names: RowTexts) -> NDArray[np.int32]:
    """Return, at the root of each component, the row of the component that has the smallest name.

    A group is called after the smallest of its names, so that its name does not depend on the order of the rows. The
    names of all rows, as texts, need not fit into memory, so they are read only where they are needed:

    1. each name is hashed to 52 bits. A component whose rows all have the same hash as its root has one name, and its
       root keeps standing for it (most components: single rows, or one object seen often);
    2. the rows of the other components are sorted by root and read in blocks of about 50 000 names, each component
       whole within one block;
    3. within a block, rows are sorted by root, name and row number; the first of each root is the answer.

    ``root`` is the result of :func:`_united`; what is returned, ``(n,)``, means something at roots only.
    """
    chosen = np.arange(len(root), dtype=np.int32)
    key = decided(names, lambda texts: hash_unit(texts, "name"))
    differs = np.zeros(len(root), bool)
    differs[root[key != key[root]]] = True
    del key
    plural = np.flatnonzero(differs[root])
    plural = plural[np.argsort(root[plural], kind="stable")]
    for block in blocks_of_runs(root[plural], _NAMES_AT_ONCE):
        rows = plural[block]
        wanted = np.zeros(len(root), bool)
        wanted[rows] = True
        texts = texts_of(names, wanted).loc[rows]
        table = pd.DataFrame({"root": root[rows], "name": texts.to_numpy(object), "row": rows})
        best = table.sort_values(["root", "name", "row"]).drop_duplicates("root")
        chosen[best["root"]] = best["row"]
    return chosen


def blocks_of_runs(values: NDArray[np.generic], rows: int) -> Iterator[slice]:
    """Yield sorted values in blocks of about this many rows, keeping equal values together.

    Examples
    --------
    >>> [block.stop for block in blocks_of_runs(np.array([1, 1, 2, 3, 3]), 1)]
    [2, 3, 5]
    """
    start = 0
    while start < len(values):
        stop = int(np.searchsorted(values, values[min(start + rows, len(values)) - 1], "right"))
        yield slice(start, stop)
        start = stop
