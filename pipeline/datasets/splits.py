"""Splits of a data set into train, validation and test, by object or by night: a hash decides the part of a group."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import CLASS_NAMES, LEFT_OUT, PART_NAMES, TEST, TRAIN, VALIDATION
from pipeline.datasets.class_places import class_places
from pipeline.datasets.groups import Groups
from pipeline.datasets.name_hashes import Column, hash_fold, hash_unit
from pipeline.datasets.sky_cells import NO_CELL, Cells
from pipeline.errors import DataSetError
from pipeline.recipes.dataset import SplitSettings


def assign_parts(
    groups: Groups,
    nights: Column,
    settings: SplitSettings,
    fold: int = 0,
    cells: Cells | None = None,
    classes: NDArray[np.integer] | None = None,
    given: NDArray[np.floating] | None = None,
) -> NDArray[np.int8]:
    """Return the part of each row: 0 train, 1 validation, 2 test, -1 left out by the night block or a stated part.

    With neither cells nor strata, adding rows of other groups and nights never moves a row. With cells, all rows of a
    cell are in one part, so that the cells are the groups. With cells and held nights, half the cells may be tested,
    on the held nights, and the others train, on the other nights; the rest is left out.

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
    classes : ndarray of int, (n,), optional
        Class of each row, -1 for none; without cells they decide if ``settings.stratify``.
    given : ndarray of float, (n,), optional
        The part that each row is stated to be in, NaN for none; needed for a split by part.

    Raises
    ------
    DataSetError
        If the stated parts have another number than 0, 1 and 2, or no row to train or to test.

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

    is_apart = settings.folds or given is not None
    share = settings.validation / (1 if is_apart else 1 - settings.test)
    if settings.stratify and classes is not None and cells is None:
        return _stratified(groups, classes, settings, fold, share)
    validation = groups.decided(lambda names: hash_unit(names, f"{settings.seed}:validation") < share)
    if given is not None:
        return _stated_parts(groups, given, validation)
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


def _stratified(
    groups: Groups, classes: NDArray[np.integer], settings: SplitSettings, fold: int, share: float
) -> NDArray[np.int8]:
    """Return the part of each row, where the groups of each class are divided in the order of their hash."""
    place = class_places(groups, classes, np.ones(len(classes), bool), f"{settings.seed}:test")
    held = (place * settings.folds).astype(int) == fold if settings.folds else place < settings.test
    left = class_places(groups, classes, ~held, f"{settings.seed}:validation")
    return np.where(held, TEST, np.where(left < share, VALIDATION, TRAIN)).astype(np.int8)


def _stated_parts(groups: Groups, given: NDArray[np.floating], drawn: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Return the stated parts, training rows drawn for validation if none is stated, and no group in two parts."""
    known = np.isfinite(given)
    strange = known & ~np.isin(given, list(PART_NAMES))
    if strange.any():
        raise DataSetError(f"a row is of part {given[strange][0]:g}; allowed: 0 train, 1 validation, 2 test")
    parts = np.where(known, given, LEFT_OUT).astype(np.int8)
    absent = [PART_NAMES[part] for part in (TRAIN, TEST) if not (parts == part).any()]
    if absent:
        raise DataSetError(f"no row is stated to be of part {absent[0]}; the column `part` has to state some")
    if not (parts == VALIDATION).any():
        parts[(parts == TRAIN) & drawn] = VALIDATION
    for later in (TEST, VALIDATION):
        shared = np.zeros(len(parts), bool)
        shared[groups.row[parts == later]] = True
        parts[shared[groups.row] & (parts != later) & (parts != TEST)] = LEFT_OUT
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
    cells: NDArray[np.generic], weights: NDArray[np.float64], shares: Sequence[float], salt: str
) -> NDArray[np.int8]:
    """Return for each row which share its cell falls into, ``(n,)``, so that each share gets about its weight.

    The cells are taken in the order of their hash, and each goes to the share that lacks most of what it should have so
    far. This divides a few cells of different weight well, where drawing a share for each would leave some share with
    none.

    Parameters
    ----------
    cells : ndarray, (n,)
        The number or the name of the cell of each row; rows of one cell stay together.
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


def require_classes(
    parts: NDArray[np.int8],
    labels: NDArray[np.int8],
    groups: Column,
    settings: SplitSettings,
    losses: Mapping[int, str] | None = None,
    left_out: str = "",
    class_names: Sequence[str] = CLASS_NAMES,
) -> None:
    """Raise an error if a part holds too few groups of a class.

    The test part of a single fold may lack a class, because the folds are judged together.

    Parameters
    ----------
    parts : ndarray of int8, (n,)
        The part of each row that is kept.
    labels : ndarray of int8, (n,)
        Code of the class, such as 0 for bogus and 1 for real.
    groups : Series or ndarray, (n,)
        The group of each row.
    settings : SplitSettings
        Holds ``minimum_groups``, the fewest groups of a class in a part.
    losses : mapping of int to str, optional
        For each part, a sentence about the rows that were taken from it, to add to the message.
    left_out : str
        A sentence about all rows that are in no part, to add to the message.
    class_names : sequence of str
        All classes of the survey, at the index of their codes; a part needs each of them.

    Raises
    ------
    DataSetError
        Names the part, its number of groups of each class, and what it lost.
    """
    group = np.asarray(groups)
    for part, name in PART_NAMES.items():
        if part == TEST and settings.folds:
            continue
        counts = [len(np.unique(group[(parts == part) & (labels == label)])) for label, _ in enumerate(class_names)]
        if min(counts) < settings.minimum_groups:
            told = [said for said in ((losses or {}).get(part, ""), left_out) if said]
            first, *others = zip(counts, class_names, strict=True)
            listed = [f"{first[0]} groups of {first[1]}", *(f"{count} of {other}" for count, other in others)]
            held = " and ".join([*[", ".join(listed[:-1])][: len(listed) - 1], listed[-1]])
            raise DataSetError(
                f"the {name} part holds {held}; at least "
                f"{settings.minimum_groups} of each are needed: add nights, labels, or lower minimum_groups"
                + "".join(f"; {said}" for said in told)
            )
