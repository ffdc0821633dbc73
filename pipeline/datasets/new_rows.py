"""Rows that come into a data set because people labelled them: they take the parts of the others, and move none."""

import numpy as np
from numpy.typing import NDArray

from pipeline.classes import LEFT_OUT, PART_NAMES, TEST, TRAIN
from pipeline.datasets.groups import Groups
from pipeline.datasets.leakage import touching
from pipeline.datasets.overlaps import Footprints

_NEW = 10
"""Added to the part of a row that comes in, so that it can be told from the rows of the part."""


def with_new_rows(
    before: NDArray[np.int8], alone: NDArray[np.int8], is_new: NDArray[np.bool_], groups: Groups, by: str
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Return the part of each row, and which new rows link groups of different parts, both ``(n,)``.

    A new row takes the part of the rows of its group. Where nights are held out, or the parts are stated, it is left
    out if its own night or part says otherwise. A group of new rows alone goes where its name puts it.

    Parameters
    ----------
    before : ndarray of int8, (n - new,)
        The parts of the other rows, divided without the new ones; -1 of those left out.
    alone : ndarray of int8, (n,)
        The part of each row by the name of its group and its night, new rows among them.
    is_new : ndarray of bool, (n,)
        Which rows come in.
    groups : Groups
        What belongs together, new rows among them.
    by : str
        What the data set is split by.

    Examples
    --------
    >>> from pipeline.ids.text_blocks import HeldTexts
    >>> groups = Groups(row=np.array([0, 0, 2]), names=HeldTexts(["a", "a", "b"]))
    >>> parts, links = with_new_rows(np.array([2], np.int8), np.array([0, 0, 1], np.int8), np.arange(3) > 0, groups, "")
    >>> parts.tolist(), links.any()
    ([2, 2, 1], np.False_)
    """
    n, group = len(is_new), groups.row
    parts = alone.copy()
    parts[~is_new] = before
    has_others, lowest, highest = np.zeros(n, bool), np.full(n, TEST + 1, np.int8), np.full(n, LEFT_OUT, np.int8)
    has_others[group[~is_new]] = True
    kept = ~is_new & (parts != LEFT_OUT)
    np.minimum.at(lowest, group[kept], parts[kept])
    np.maximum.at(highest, group[kept], parts[kept])
    lowest, highest, joins = lowest[group], highest[group], is_new & has_others[group]
    contradicts = np.zeros(n, bool)
    if by == "night":
        contradicts = (alone == TEST) != (highest == TEST)
    elif by == "part":
        contradicts = alone != highest
    parts[joins] = np.where(contradicts, LEFT_OUT, highest)[joins]
    return parts, joins & (lowest < highest)


def crowding_out(
    places: Footprints, parts: NDArray[np.int8], comes_in: NDArray[np.bool_]
) -> NDArray[np.bool_]:  # fmt: skip
    """Return which rows that come in share pixels with a row of another part that was there, ``(n,)``.

    They are left out, because otherwise the row that was there would be.

    Parameters
    ----------
    places : Footprints
        Where the cutouts of the n rows lie.
    parts : ndarray of int8, (n,)
        The part of each row, -1 for none.
    comes_in : ndarray of bool, (n,)
        Rows that were in no part before.
    """
    coded = np.where(comes_in & (parts != LEFT_OUT), parts + _NEW, parts).astype(np.int8)
    found = np.zeros(len(parts), bool)
    for part in PART_NAMES:
        found |= touching(places, coded, part + _NEW, [other for other in PART_NAMES if other != part])
    return found


def returns(
    parts: NDArray[np.int8], was_only_train: NDArray[np.bool_], only_train: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return which rows may judge now that could only train before, and so were in no part, ``(n,)``."""
    return was_only_train & ~only_train & (parts != TRAIN)
