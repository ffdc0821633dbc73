"""Splits without leakage: groups that share anything stay together, and a hash decides their part."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipeline.errors import DataSetError
from pipeline.recipes import SplitSettings

Column: TypeAlias = pd.Series | NDArray[np.generic]
"""One value a row."""

_NAMES_AT_ONCE = 8192
TRAIN, VALIDATION, TEST, LEFT_OUT = 0, 1, 2, -1
PART_NAMES = {TRAIN: "train", VALIDATION: "validation", TEST: "test"}


def join_groups(keys: Iterable[Column], names: Column) -> pd.Series:
    """Return the group of each row: rows that share any key, directly or through others, are one.

    Parameters
    ----------
    keys : iterable of Series or ndarray, (n,)
        Each an identifier of something that rows may share: object, mover, host, sky cell, hash of the pixels.
        An empty text or NaN shares nothing. They are read one at a time, so that a generator keeps one in memory.
    names : Series or ndarray of str, (n,)
        A name for each row; the group is called after the smallest of its rows. Names that say what the rows
        are (an object, a mover) rather than when they were seen keep a group's name when nights are added.

    Returns
    -------
    Series of str, (n,)

    Examples
    --------
    >>> join_groups([np.array(["a", "a", "b"]), np.array(["", "m", "m"])], np.array(["1", "2", "3"])).tolist()
    ['1', '1', '1']
    """
    count = len(names)
    component = np.arange(count)
    for key in keys:
        codes, values = pd.factorize(pd.Series(key))
        if 0 < len(values) < count:
            component = _joined(component, codes, np.asarray(values == ""))
    texts = pd.Series(names, dtype="str").array
    order = texts.argsort()
    smallest = np.full(count, count, dtype=np.intp)
    np.minimum.at(smallest, component[order], np.arange(count))
    return pd.Series(texts.take(order[smallest[component]]), dtype="str")


def _joined(component: NDArray[np.intp], codes: NDArray[np.intp], is_empty: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return components numbered anew, with those joined that a key's codes connect."""
    count = len(component)
    often = np.bincount(codes[codes >= 0], minlength=len(is_empty)) > 1
    shared = (codes >= 0) & (often & ~is_empty)[codes]
    if not shared.any():
        return component
    links = (component[shared], codes[shared] + count)
    size = count + len(is_empty)
    graph = coo_array((np.ones(len(links[0]), dtype=np.int8), links), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1][component])


def hash_unit(names: Column, salt: str) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each name, decided by the name and the salt alone."""
    numbers = ((int.from_bytes(_sha(f"{salt}:{name}")[:7]) >> 4) / 2**52 for name in _texts(names))
    return np.fromiter(numbers, dtype=np.float64, count=len(names))


def hash_fold(names: Column, salt: str, folds: int) -> NDArray[np.int64]:
    """Return the fold of each name: sha256 of ``salt:name`` modulo ``folds``."""
    numbers = (int.from_bytes(_sha(f"{salt}:{name}")) % folds for name in _texts(names))
    return np.fromiter(numbers, dtype=np.int64, count=len(names))


def _texts(names: Column) -> Iterator[str]:
    """Yield each name; few are objects at once."""
    for start in range(0, len(names), _NAMES_AT_ONCE):
        yield from np.asarray(names[start : start + _NAMES_AT_ONCE], dtype=object).tolist()


def assign_parts(groups: Column, nights: Column, settings: SplitSettings, fold: int = 0) -> NDArray[np.int8]:
    """Return the part of each row: 0 train, 1 validation, 2 test, -1 left out by the night block.

    Adding rows of other groups and nights never moves a row.

    Examples
    --------
    >>> nights = np.array(["2026-01-06", "2026-01-05", "2026-01-05", "2026-01-06"])
    >>> groups = np.array(["a", "a", "b", "c"])
    >>> parts = assign_parts(groups, nights, SplitSettings(by="night", folds=2), fold=0)
    >>> [PART_NAMES.get(int(part), "left out") for part in parts]
    ['left out', 'test', 'test', 'train']
    """
    unit = groups if settings.by == "object" else nights
    if settings.folds:
        held = hash_fold(unit, str(settings.seed), settings.folds) == fold
    else:
        held = hash_unit(unit, f"{settings.seed}:test") < settings.test
    share = settings.validation / (1 if settings.folds else 1 - settings.test)
    validation = hash_unit(groups, f"{settings.seed}:validation") < share
    parts = np.where(held, TEST, np.where(validation, VALIDATION, TRAIN)).astype(np.int8)
    group = key_of(groups)
    parts[np.isin(group, group[held]) & ~held] = LEFT_OUT
    return parts


def key_of(names: Column) -> NDArray[np.float64]:
    """Return 52 bits of hash for each name, to compare in a tenth of its memory; NaN for an empty one."""
    return np.where(names == "", np.nan, hash_unit(names, "key"))


def require_classes(parts: NDArray[np.int8], labels: NDArray[np.int8], groups: Column, settings: SplitSettings) -> None:
    """Raise `DataSetError` when a part holds too few groups of a class, naming the part and the counts.

    A single fold's test part may lack a class; the folds are judged together.
    """
    group = key_of(groups)
    for part, name in PART_NAMES.items():
        if part == TEST and settings.folds:
            continue
        counts = {label: len(np.unique(group[(parts == part) & (labels == label)])) for label in (0, 1)}
        if min(counts.values()) < settings.minimum_groups:
            raise DataSetError(
                f"the {name} part holds {counts[0]} groups of bogus and {counts[1]} of real; at least "
                f"{settings.minimum_groups} of each are needed: add nights, labels, or lower minimum_groups"
            )


def _sha(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
