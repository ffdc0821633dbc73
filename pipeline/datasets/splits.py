"""Splits without leakage: groups that share anything stay together, and a hash decides their part."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import BOGUS, LEFT_OUT, PART_NAMES, REAL, TEST, TRAIN, VALIDATION
from pipeline.datasets.sky_cells import NO_CELL, Cells
from pipeline.errors import DataSetError
from pipeline.ids.text_blocks import Decide, RowTexts, decided, texts_of
from pipeline.recipes.dataset import SplitSettings

Column: TypeAlias = pd.Series | NDArray[np.generic]
"""One value a row."""

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

    def decided(self, decide: Decide) -> NDArray[Any]:
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


def hash_unit(names: Column, salt: str) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each name, decided by the name and the salt alone."""
    numbers = ((int.from_bytes(_sha(f"{salt}:{name}")[:7]) >> 4) / 2**52 for name in names)
    return np.fromiter(numbers, dtype=np.float64, count=len(names))


def hash_fold(names: Column, salt: str, folds: int) -> NDArray[np.int64]:
    """Return the fold of each name: sha256 of ``salt:name`` modulo ``folds``."""
    numbers = (int.from_bytes(_sha(f"{salt}:{name}")) % folds for name in names)
    return np.fromiter(numbers, dtype=np.int64, count=len(names))


def assign_parts(
    groups: Groups, nights: Column, settings: SplitSettings, fold: int = 0, cells: Cells | None = None
) -> NDArray[np.int8]:
    """Return the part of each row: 0 train, 1 validation, 2 test, -1 left out by the night block.

    Without cells, adding rows of other groups and nights never moves a row. With cells, all rows of a cell are in one
    part, so that the cells are the groups. With cells and held nights, half the cells may be tested, on the held
    nights, and the others train, on the other nights; the rest is left out.

    Parameters
    ----------
    groups : Groups
        Which of the n rows belong together.
    nights : Series or ndarray of str, (n,)
        The night of each row.
    settings : SplitSettings
        Whether objects or nights are held out, the shares of the parts, the number of folds and the seed.
    fold : int
        The fold that is held out as the test part; ignored without folds.
    cells : Cells, optional
        The sky cell of each row and its weight, for a split by place on the sky.

    Examples
    --------
    >>> from pipeline.ids.text_blocks import HeldTexts
    >>> nights = np.array(["2026-01-06", "2026-01-05", "2026-01-05", "2026-01-06"])
    >>> groups = Groups(row=np.array([0, 0, 2, 3]), names=HeldTexts(["a", "a", "b", "c"]))
    >>> parts = assign_parts(groups, nights, SplitSettings(by="night", folds=2), fold=0)
    >>> [PART_NAMES.get(int(part), "left out") for part in parts]
    ['left out', 'test', 'test', 'train']
    """

    def is_held(names: Column) -> NDArray[np.bool_]:
        if settings.folds:
            return hash_fold(names, str(settings.seed), settings.folds) == fold
        return hash_unit(names, f"{settings.seed}:test") < settings.test

    share = settings.validation / (1 if settings.folds else 1 - settings.test)
    validation = groups.decided(lambda names: hash_unit(names, f"{settings.seed}:validation") < share)
    if settings.by == "object":
        held = groups.decided(is_held)
    else:
        codes, texts = pd.factorize(pd.Series(nights))
        held = is_held(np.asarray(texts, object))[codes]
    parts = np.where(held, TEST, np.where(validation, VALIDATION, TRAIN)).astype(np.int8)
    in_test = np.zeros(len(parts), bool)
    in_test[groups.row[held]] = True
    parts[in_test[groups.row] & ~held] = LEFT_OUT
    if cells is not None:
        there = cells.number != NO_CELL
        parts[there] = _parts_of_cells(cells.number[there], cells.weight[there], held[there], settings, fold)
    return parts


def _parts_of_cells(
    cells: NDArray[np.int64],
    weights: NDArray[np.float64],
    night_held: NDArray[np.bool_],
    settings: SplitSettings,
    fold: int,
) -> NDArray[np.int8]:
    """Return the part of each row by its cell, and by its night where nights are held."""
    chosen, shares = 0, [settings.test, 1.0 - settings.test]
    if settings.by == "night":
        shares = [0.5, 0.5]
    elif settings.folds:
        chosen, shares = fold, [1.0 / settings.folds] * settings.folds
    test = in_shares(cells, weights, shares, f"{settings.seed}:test") == chosen
    share = settings.validation / (1 if settings.folds else 1 - settings.test)
    validation = in_shares(cells, weights * ~test, (share, 1.0 - share), f"{settings.seed}:validation") == 0
    parts = np.where(test, TEST, np.where(validation, VALIDATION, TRAIN)).astype(np.int8)
    if settings.by == "night":
        parts[test != night_held] = LEFT_OUT
    return parts


def in_shares(
    cells: NDArray[np.int64], weights: NDArray[np.float64], shares: Sequence[float], salt: str
) -> NDArray[np.int8]:
    """Return for each row which share its cell falls into, ``(n,)``, so that each share gets about its weight.

    The cells are taken in the order of their hash, and each goes to the share that lacks most of what it should have so
    far. This divides a few cells of different weight well, where drawing a share for each would leave some share with
    none.

    Parameters
    ----------
    cells : ndarray of int64, (n,)
        The cell of each row; rows of one cell stay together.
    weights : ndarray of float64, (n,)
        What each row counts.
    shares : sequence of float
        The fraction of the total weight that each share should have; they sum to 1.
    salt : str
        A different one gives a different division.

    Examples
    --------
    >>> in_shares(np.array([5, 6, 7, 8]), np.ones(4), (0.25, 0.75), "1").tolist()
    [1, 1, 1, 0]
    """
    numbers, place = np.unique(cells, return_inverse=True)
    weight = np.bincount(place, weights, len(numbers))
    wanted, filled = np.asarray(shares), np.zeros(len(shares))
    chosen = np.zeros(len(numbers), np.int8)
    for cell in np.argsort(hash_unit(numbers.astype(str), salt), kind="stable").tolist():
        share = int(np.argmax(wanted * (filled.sum() + weight[cell]) - filled))
        chosen[cell] = share
        filled[share] += weight[cell]
    return chosen[place]


def key_of(names: Column) -> NDArray[np.float64]:
    """Return 52 bits of hash for each name, to compare in a tenth of its memory; NaN for an empty one."""
    return np.where(np.asarray(names) == "", np.nan, hash_unit(names, "key"))


def require_classes(
    parts: NDArray[np.int8],
    labels: NDArray[np.int8],
    groups: Column,
    settings: SplitSettings,
    losses: Mapping[int, str] | None = None,
    left_out: str = "",
) -> None:
    """Raise an error if a part holds too few groups of a class.

    The test part of a single fold may lack a class, because the folds are judged together.

    Parameters
    ----------
    parts : ndarray of int8, (n,)
        The part of each row that is kept.
    labels : ndarray of int8, (n,)
        0 for bogus, 1 for real.
    groups : Series or ndarray, (n,)
        The group of each row.
    settings : SplitSettings
        Holds ``minimum_groups``, the fewest groups of a class in a part.
    losses : mapping of int to str, optional
        For each part, a sentence about the rows that were taken from it, to add to the message.
    left_out : str
        A sentence about all rows that are in no part, to add to the message.

    Raises
    ------
    DataSetError
        Names the part, its number of groups of each class, and what it lost.
    """
    group = np.asarray(groups)
    for part, name in PART_NAMES.items():
        if part == TEST and settings.folds:
            continue
        counts = {label: len(np.unique(group[(parts == part) & (labels == label)])) for label in (BOGUS, REAL)}
        if min(counts.values()) < settings.minimum_groups:
            told = [said for said in ((losses or {}).get(part, ""), left_out) if said]
            raise DataSetError(
                f"the {name} part holds {counts[BOGUS]} groups of bogus and {counts[REAL]} of real; at least "
                f"{settings.minimum_groups} of each are needed: add nights, labels, or lower minimum_groups"
                + "".join(f"; {said}" for said in told)
            )


def _sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
