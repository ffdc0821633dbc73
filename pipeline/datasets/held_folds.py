"""A data set whose training and validation rows are divided into k folds, of which one is held out with all its rows.

Where `RefoldedDataSet` lets a fold validate, and so choose the epoch and the calibration, a fold is held out here from
all that is learned: it is the test part. It also holds the rows that otherwise only train, such as injected ones, for
their labels can be wrong as well.

Tested by tests/pipeline/datasets/test_held_folds.py.
"""

import logging
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import LEARNED_PARTS, LEFT_OUT, PARTS, TEST, TRAIN, VALIDATION
from pipeline.datasets.dataset import DataSet
from pipeline.datasets.leakage import MOST_DROPPED, touching
from pipeline.datasets.overlaps import Footprints, no_footprints
from pipeline.datasets.parts_view import PartsView
from pipeline.datasets.refolded import (
    cell_names,
    folds_of,
    footprints_of,
    group_names,
    never_judging,
)
from pipeline.errors import DataSetError
from pipeline.fingerprint import fingerprint
from pipeline.recipes.learned_fold import LearnedFold

log = logging.getLogger(__name__)

REVISION: Final = 1
"""Raised when the same rows would be divided otherwise; part of the fingerprint."""

By = Literal["object", "night"]
"""What is held out together: groups of rows, or nights and with them every row that shares a group with one of them."""

_VALIDATING: Final = 5
"""Of so many parts of the rows that are not held out, one validates."""
_FEW_CELLS: Final = 4 * _VALIDATING
"""With fewer cells of the sky, groups are drawn to validate, though their pixels may be learned from: calibration is
then a little too sure, while what is held out stays apart."""


class HeldFoldDataSet(PartsView):
    """A view of a data set; its test part is the fold that is held out.

    Rows that share a group are in one fold; where that would leave too many cutouts with pixels of another fold, cells
    of the sky take the place of groups. A row that is learned from shares no pixel with one that is held out. By night,
    rows of the other nights that share a group with a held one are left out as well.

    Parameters
    ----------
    dataset : DataSet
        The whole; it stays open as long as the view is used.
    fold : LearnedFold
        Which fold is held out.
    by : {"object", "night"}
        What is held out together.

    Raises
    ------
    DataSetError
        If a class has fewer groups, or the data set fewer nights, than there are folds.
    """

    def __init__(self, dataset: DataSet, fold: LearnedFold, by: By = "object") -> None:
        frames = {part: dataset.candidates(part) for part in LEARNED_PARTS}
        rows = pd.concat([*frames.values()], ignore_index=True)
        only_train = never_judging(dataset, frames)
        _require_enough(rows, dataset.class_names, fold.count)
        is_table = dataset.size_pixel == 1
        places = no_footprints(len(rows)) if is_table else footprints_of(rows, dataset)
        parts = held_parts(rows, only_train, places, fold, by)
        ends = np.cumsum([len(frame) for frame in frames.values()])[:-1]
        divided = dict(zip(LEARNED_PARTS, np.split(parts, ends), strict=True))
        identity = fingerprint(["held", REVISION, dataset.fingerprint, str(fold), by])
        super().__init__(dataset, identity, divided, own=PARTS)
        counts = [int((parts == part).sum()) for part in (TEST, TRAIN, VALIDATION, LEFT_OUT)]
        log.info("fold %s: %d rows are held out, %d train, %d validate, %d are left out", fold, *counts)


def held_parts(
    rows: pd.DataFrame, only_train: NDArray[np.bool_], places: Footprints, fold: LearnedFold, by: By
) -> NDArray[np.int8]:
    """Return the part of each row, ``(n,)``: test where it is held out, and -1 where it takes no part.

    Parameters
    ----------
    rows : DataFrame
        ``candidate_id group_id night label`` of n labelled rows; a row without a group is a group of its own.
    only_train : ndarray of bool, (n,)
        Rows that never validate.
    places : Footprints
        Which pixels their cutouts cover.
    fold : LearnedFold
        Which fold is held out.
    by : {"object", "night"}
        What is held out together.
    """
    groups, label = group_names(rows), rows["label"].to_numpy()
    names, numbers = _numbers(rows, groups, places, fold.count, by)
    held = numbers == fold.number - 1
    parts = np.where(held, TEST, TRAIN).astype(np.int8)
    parts[~held & np.isin(groups, groups[held])] = LEFT_OUT
    parts[touching(places, parts, TRAIN, (TEST,))] = LEFT_OUT
    learned = parts == TRAIN
    few = len(set(names[learned])) < _FEW_CELLS
    drawn, names = np.zeros(len(rows), bool), groups if few else names
    drawn[learned] = folds_of(names[learned], label[learned], ~only_train[learned], _VALIDATING) == 0
    parts[drawn] = np.where(only_train[drawn], LEFT_OUT, VALIDATION)
    gone = touching(places, parts, TRAIN, (VALIDATION,))
    if gone.sum() > MOST_DROPPED * (parts == TRAIN).sum():
        log.warning("%d training rows share pixels with validation rows, for the sky has few cells", gone.sum())
    else:
        parts[gone] = LEFT_OUT
    return parts


def _require_enough(rows: pd.DataFrame, class_names: Sequence[str], count: int) -> None:
    """Refuse more folds than a class has groups: what is not held out would lack the class, or a fold would."""
    groups, label = group_names(rows), rows["label"].to_numpy()
    for value, name in enumerate(class_names):
        known = len(np.unique(groups[label == value]))
        if known < count:
            raise DataSetError(f"row_folds is {count}, but class {name} has {known} groups; allowed: 2 to {known}")


def _numbers(
    rows: pd.DataFrame, groups: NDArray[np.object_], places: Footprints, count: int, by: By
) -> tuple[NDArray[np.object_], NDArray[np.int8]]:
    """Return what divides the rows that are not held out, and the fold of each row, both ``(n,)``."""
    label, every = rows["label"].to_numpy(), np.ones(len(rows), bool)
    if by == "night":
        nights = rows["night"].to_numpy(object)
        if len(set(nights)) < count:
            raise DataSetError(
                f"row_folds is {count}, but the rows that teach are of {len(set(nights))} nights; allowed by night: "
                "at least 2 nights, and no more folds than nights"
            )
        return groups, folds_of(nights, label, every, count)
    numbers = folds_of(groups, label, every, count)
    lost = max(_lost(places, numbers == number) for number in range(count))
    if lost <= MOST_DROPPED:
        return groups, numbers
    log.info("%.0f %% of the training rows would overlap a fold of groups: cells of the sky", 100 * lost)
    cells = cell_names(groups, places, label, every)
    return cells, folds_of(cells, label, every, count)


def _lost(places: Footprints, held: NDArray[np.bool_]) -> float:
    parts = np.where(held, TEST, TRAIN).astype(np.int8)
    return float(touching(places, parts, TRAIN, (TEST,)).sum() / max(1, (~held).sum()))
