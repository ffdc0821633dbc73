"""A data set whose training and validation rows are divided anew into k parts, of which one validates.

With k members, each of which has another part to validate, every such row gets a score by a member that did not learn
from it, its group, or any of its pixels. The test part is left as it is.

Tested by tests/pipeline/datasets/test_refolded.py.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import LEARNED_PARTS, LEFT_OUT, TRAIN, UNLABELLED, VALIDATION
from pipeline.cutouts.extract import nearest_pixel
from pipeline.datasets.dataset import DataSet
from pipeline.datasets.leakage import MOST_DROPPED, touching
from pipeline.datasets.name_hashes import key_of
from pipeline.datasets.overlaps import Footprints
from pipeline.datasets.parts_view import PartsView
from pipeline.datasets.sky_cells import NO_CELL, balancing, cells_of
from pipeline.datasets.splits import in_shares
from pipeline.errors import DataSetError
from pipeline.fingerprint import fingerprint as digest_of
from pipeline.recipes.learned_fold import LearnedFold

log = logging.getLogger(__name__)

REVISION: Final = 1
"""Raised when the same rows would be divided otherwise; part of the fingerprint."""

NEVER_HELD: Final = -1
"""Fold of rows that teach every member: their group has no row that may validate."""


class RefoldedDataSet(PartsView):
    """A view of a data set; serves as a :class:`pipeline.datasets.dataset.DataSet` itself.

    Rows that share a group are in one fold. Where that would leave too many cutouts with pixels of another fold, cells
    of the sky take the place of groups, as when a data set is built. A training row that still shares a pixel with a
    validation row is left out. So are, of the fold that validates, rows of a label source that the data set has in
    training alone, such as injected ones: they never validate.

    Parameters
    ----------
    dataset : DataSet
        The whole; it stays open as long as the view is used.
    fold : LearnedFold
        Which part validates.

    Raises
    ------
    DataSetError
        If a class has fewer groups that may validate than there are folds.
    """

    def __init__(self, dataset: DataSet, fold: LearnedFold) -> None:
        frames = {part: dataset.candidates(part) for part in LEARNED_PARTS}
        rows = pd.concat([*frames.values()], ignore_index=True)
        only_train = never_judging(dataset, frames)
        _require_enough(rows, only_train, dataset.class_names, fold.count)
        parts = refolded_parts(rows, only_train, footprints_of(rows, dataset), fold)
        ends = np.cumsum([len(frame) for frame in frames.values()])[:-1]
        fingerprint = refolded_fingerprint(dataset.fingerprint, fold)
        super().__init__(dataset, fingerprint, dict(zip(LEARNED_PARTS, np.split(parts, ends), strict=True)))
        log.info(
            "fold %s: %d rows train, %d validate, %d are left out",
            fold, *(int((parts == part).sum()) for part in (TRAIN, VALIDATION, LEFT_OUT)),
        )  # fmt: skip


def refolded_fingerprint(whole: str, fold: LearnedFold) -> str:
    """Return the fingerprint of a view of the data set that has this one."""
    return digest_of(["refolded", REVISION, whole, str(fold)])


def refolded_parts(
    rows: pd.DataFrame, only_train: NDArray[np.bool_], places: Footprints, fold: LearnedFold
) -> NDArray[np.int8]:
    """Return the part of each row, ``(n,)``: training, validation, or -1 where it is left out.

    Parameters
    ----------
    rows : DataFrame
        ``candidate_id group_id label`` of n rows; a row without a group is a group of its own.
    only_train : ndarray of bool, (n,)
        Rows that never validate.
    places : Footprints
        Which pixels their cutouts cover.
    fold : LearnedFold
        Which part validates.
    """
    groups = group_names(rows)
    label = rows["label"].to_numpy()
    judges = ~only_train & (label != UNLABELLED)
    parts = [_parts(held, only_train) for held in _each_held(folds_of(groups, label, judges, fold.count), fold.count)]
    lost = [touching(places, part, TRAIN, (VALIDATION,)) for part in parts]
    shares = [gone.sum() / max(1, (part == TRAIN).sum()) for gone, part in zip(lost, parts, strict=True)]
    chosen, gone = parts[fold.number - 1], lost[fold.number - 1]
    if max(shares) > MOST_DROPPED:
        log.info("%.0f %% of the training rows would overlap a fold of groups: cells of the sky", 100 * max(shares))
        numbers = folds_of(cell_names(groups, places, label, judges), label, judges, fold.count)
        chosen = _parts(numbers == fold.number - 1, only_train)
        gone = touching(places, chosen, TRAIN, (VALIDATION,))
    chosen[gone] = LEFT_OUT
    return chosen


def folds_of(
    names: NDArray[np.generic], classes: NDArray[np.integer], judges: NDArray[np.bool_], count: int
) -> NDArray[np.int8]:
    """Return the fold of each row, ``(n,)``, 0 to k - 1, or `NEVER_HELD` where no row of its name may validate.

    Names are divided in the order of their hash, those with a row of the rarest class first among themselves, so that
    each fold gets about its share of every class.

    Parameters
    ----------
    names : ndarray, (n,)
        Rows of one name are in one fold.
    classes : ndarray of int, (n,)
        The class of each row.
    judges : ndarray of bool, (n,)
        Rows that may validate.
    count : int
        How many folds.

    Examples
    --------
    >>> names = np.array(["a", "a", "b", "c", "d", "e"], object)
    >>> classes, judges = np.array([0, 1, 0, 1, 0, 0]), np.array([True, True, True, True, True, False])
    >>> folds_of(names, classes, judges, 2).tolist()
    [0, 0, 0, 1, 1, -1]
    """
    codes, known = pd.factorize(names)
    stratum = np.full(len(known), NEVER_HELD)
    values, sizes = np.unique(classes[judges], return_counts=True)
    for value in values[np.argsort(-sizes, kind="stable")]:  # the rarest class of a name has the last word
        stratum[codes[judges & (classes == value)]] = value
    fold = np.full(len(names), NEVER_HELD, np.int8)
    for value in values:
        mine = stratum[codes] == value
        weights = judges[mine].astype(np.float64)
        fold[mine] = in_shares(names[mine], weights, [1.0 / count] * count, f"learned:{count}")
    return fold


def group_names(rows: pd.DataFrame) -> NDArray[np.object_]:
    """Return the group of each row, ``(n,)``; a row without one is a group of its own."""
    return np.asarray(rows["group_id"].where(rows["group_id"] != "", rows["candidate_id"]), dtype=object)


def _require_enough(rows: pd.DataFrame, only_train: NDArray[np.bool_], class_names: Sequence[str], count: int) -> None:
    """Refuse more folds than a class has groups: one of them could not validate."""
    groups, label = group_names(rows), rows["label"].to_numpy()
    for value, name in enumerate(class_names):
        known = len(np.unique(groups[~only_train & (label == value)]))
        if known < count:
            allowed = f"allowed: 2 to {known}" if known >= 2 else "too few to divide: leave 'folds' out"
            raise DataSetError(
                f"'folds' is {count}, but class {name} has {known} groups of rows that may validate; {allowed}"
            )


def _each_held(numbers: NDArray[np.int8], count: int) -> Iterator[NDArray[np.bool_]]:
    return (numbers == number for number in range(count))


def _parts(held: NDArray[np.bool_], only_train: NDArray[np.bool_]) -> NDArray[np.int8]:
    parts = np.where(held, VALIDATION, TRAIN).astype(np.int8)
    parts[held & only_train] = LEFT_OUT
    return parts


def cell_names(
    groups: NDArray[np.object_], places: Footprints, label: NDArray[np.integer], judges: NDArray[np.bool_]
) -> NDArray[np.object_]:
    """Return a name for the cell of the sky of each row, ``(n,)``; of a row without a position, that of its group.

    Parameters
    ----------
    groups : ndarray of str, (n,)
        The group of each row; all its rows are in one cell.
    places : Footprints
        Which pixels their cutouts cover.
    label : ndarray of int, (n,)
        The class of each row.
    judges : ndarray of bool, (n,)
        Rows that may validate.
    """
    codes, known = pd.factorize(groups)
    first = np.full(len(known), len(groups))
    np.minimum.at(first, codes, np.arange(len(groups)))
    numbers = cells_of(places, first[codes], balancing(label, judges)).number
    cells = np.char.add("cell ", numbers.astype(str)).astype(object)
    return np.where(numbers == NO_CELL, groups, cells)


def never_judging(dataset: DataSet, frames: dict[str, pd.DataFrame]) -> NDArray[np.bool_]:
    """Return which rows never validate, ``(n,)``: those of label sources that no other part than training has."""
    judging = {*frames["validation"]["label_source"], *dataset.candidates("test")["label_source"]}
    return np.concatenate([~frame["label_source"].isin(judging).to_numpy() for frame in frames.values()])


def footprints_of(rows: pd.DataFrame, dataset: DataSet) -> Footprints:
    """Return which pixels the cutouts of some candidates cover."""
    image = rows["exposure_id"].where(rows["exposure_id"] == "", rows["exposure_id"] + "\0" + rows["detector"])
    return Footprints(
        exposure=key_of(image),
        x_pixel=nearest_pixel(rows["x_pixel"].to_numpy()),
        y_pixel=nearest_pixel(rows["y_pixel"].to_numpy()),
        ra_deg=rows["ra_deg"].to_numpy(),
        dec_deg=rows["dec_deg"].to_numpy(),
        size_pixel=dataset.size_pixel,
        pixel_scale_arcsec=dataset.pixel_scale_arcsec,
    )
