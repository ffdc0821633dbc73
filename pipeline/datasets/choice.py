"""Which rows a data set holds, in which part and in which order."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import BOGUS, CLASS_NAMES, LEFT_OUT, MEASURED, REAL, TEST, TRAIN, UNSEEN
from pipeline.datasets.balance import allowed_rows
from pipeline.datasets.divided_rows import Nearness, RowIds, divided_rows
from pipeline.datasets.exclusions import (
    LINKS,
    NIGHT_BLOCK,
    NO_LABEL,
    NO_TARGET,
    OTHER_PART,
    RATIO,
    SHARE,
    TRAINING_ONLY,
    WEIGHTLESS,
    excluded,
)
from pipeline.datasets.groups import blocks_of_runs
from pipeline.datasets.leakage import BY_TABLE, ORDER, OVERLAPS, Separation, touching
from pipeline.datasets.name_hashes import hash_unit
from pipeline.datasets.splits import require_classes
from pipeline.errors import DataSetError
from pipeline.ids.text_blocks import RowTexts, decided, texts_of
from pipeline.recipes.dataset import DatasetRecipe

log = logging.getLogger(__name__)
_ROWS_AT_ONCE = 50_000
_KEPT = 0
_REASONS = (
    "", "candidate_id twice", NO_LABEL, NIGHT_BLOCK, TRAINING_ONLY, RATIO, OVERLAPS, SHARE, NO_TARGET, OTHER_PART,
    WEIGHTLESS, LINKS,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which rows make a data set.

    Attributes
    ----------
    chosen : DataFrame
        In final order: ``place split label label_source named``; ``place`` is the row's number among all rows, and
        ``named`` that of the row after whose name its group is called; where the recipe has ``weights``, also
        ``weight``.
    dropped : DataFrame
        ``place reason`` of the others.
    separation : Separation
        How the parts were kept from sharing pixels, and what that cost.
    """

    chosen: pd.DataFrame
    dropped: pd.DataFrame
    separation: Separation


def choose_rows(
    rows: pd.DataFrame,
    ids: RowIds,
    recipe: DatasetRecipe,
    near: Nearness,
    fold: int = 0,
    class_names: Sequence[str] = CLASS_NAMES,
) -> Choice:
    """Group, divide, separate, thin and permute candidate rows, by hashes and positions alone.

    Of each id no more than 8 bytes of hash are kept, and only as long as one comparison takes; the texts of rows that
    need a closer look are read again.

    Parameters
    ----------
    rows : DataFrame
        ``night ra_deg dec_deg x_pixel y_pixel label label_source first_label digest`` of all cutout files, in any order
        of files; ``digest`` is the hash of a row's pixels, and rows with equal pixels stay together; ``first_label`` is
        the label before the recipe's new ones, which move no row to another part; where people gave some of them, also
        ``first_source``, the label source before; for a split ``by: part`` also ``part``; where the recipe has
        ``weights``, also ``weight``, and ``first_weight`` before them.
    ids : RowIds
        The ids of the same rows.
    recipe : DatasetRecipe
        What the data set is to be.
    near : Nearness
        When rows share a group or pixels.
    fold : int
        Which fold is held out, if the recipe has folds.
    class_names : sequence of str
        The survey's classes, at the index of their codes.

    Raises
    ------
    DataSetError
        If a part lacks a class, a candidate has different labels in two files, or the recipe counts in reals and there
        are more classes.
    """
    if faults := recipe.class_faults(class_names):
        raise DataSetError("; ".join(faults))
    order_key = decided(ids.candidate, lambda names: hash_unit(names, f"{recipe.split.seed}:order"))
    reason = np.zeros(len(rows), np.int8)
    reason[_again(rows, ids.candidate, order_key, class_names)] = _REASONS.index("candidate_id twice")
    silent = NO_TARGET if tuple(class_names) == MEASURED else NO_LABEL
    label, source = _labelled(rows, reason, recipe, silent)
    only_train = np.asarray(source.isin({*recipe.training_only, UNSEEN}))
    found = divided_rows(
        rows, ids, np.flatnonzero(reason == _KEPT).astype(np.int32), recipe, near, fold=fold, only_train=only_train
    )
    reason[found.linking] = _REASONS.index(LINKS)
    used, groups, places, division, only_train = (
        found.used, found.groups, found.places, found.division, only_train[found.used],
    )  # fmt: skip
    parts, why = division.parts.copy(), np.zeros(len(used), np.int8)

    def leave_out(gone: NDArray[np.bool_], what: str) -> None:
        parts[gone], why[gone] = LEFT_OUT, _REASONS.index(what)

    leave_out((parts != TRAIN) & only_train, TRAINING_ONLY)
    leave_out(division.parts == LEFT_OUT, NIGHT_BLOCK if recipe.split.by != "part" else OTHER_PART)
    leave_out(found.crowds_out(parts, only_train), OVERLAPS)
    if recipe.share < 1:
        drawn = groups.decided(lambda names: hash_unit(names, f"{recipe.split.seed}:share"))
        leave_out(drawn >= recipe.share, SHARE)
    if recipe.weights is not None:
        weightless = rows["weight"].to_numpy()[used] == 0
        leave_out(weightless & (np.bool_(recipe.weights.is_of_all_parts) | (parts != TEST)), WEIGHTLESS)
    for part, others in ORDER:
        candidates = int((parts == part).sum())
        leave_out(touching(places, parts, part, others), OVERLAPS)
        leave_out(_thin(ids.candidate, used, parts, part, label[used], recipe, len(class_names)), RATIO)
    reason[used] = why
    overlaps, kept = why == _REASONS.index(OVERLAPS), parts != LEFT_OUT
    separation = division.separation(overlaps, candidates, int((~places.known).sum()))
    if not near.has_pixels:
        unplaced = int((~np.isfinite(rows["ra_deg"].to_numpy()[used] + rows["dec_deg"].to_numpy()[used])).sum())
        separation = replace(separation, divided_by=BY_TABLE, unplaced=unplaced)
    losses = division.losses(overlaps, label[used], class_names)
    left_out = excluded(np.array(_REASONS)[reason], label, pd.Series(source), class_names)
    require_classes(parts[kept], label[used[kept]], groups.row[kept], recipe.split, losses, left_out, class_names)
    order = np.flatnonzero(kept).astype(np.int32)
    order = order[np.lexsort((order_key[used[order]], parts[order]))]
    chosen = {"place": used[order], "split": parts[order], "named": used[groups.row[order]]}
    chosen |= {"label": label[used[order]], "label_source": source[used[order]]}
    if recipe.weights is not None:
        stays = (parts[order] == TEST) & (not recipe.weights.is_of_all_parts)
        chosen["weight"] = np.where(stays, *(rows[name].to_numpy()[used[order]] for name in ("first_weight", "weight")))
    gone = np.flatnonzero(reason != _KEPT).astype(np.int32)
    dropped = {"place": gone, "reason": pd.Categorical.from_codes(reason[gone], _REASONS)}
    return Choice(chosen=pd.DataFrame(chosen), dropped=pd.DataFrame(dropped), separation=separation)


def _labelled(
    rows: pd.DataFrame, reason: NDArray[np.int8], recipe: DatasetRecipe, why: str
) -> tuple[NDArray[np.int8], pd.Categorical]:
    """Return labels and their sources by the recipe; rows without a label get the reason ``why``."""
    label, source = rows["label"].to_numpy(np.int8, copy=True), pd.Categorical(rows["label_source"])
    silent = (label < 0) & (reason == _KEPT)
    if recipe.unlabelled == "bogus":
        _warn_of_contamination(label[reason == _KEPT])
        source = source.set_categories([*source.categories.drop(UNSEEN, errors="ignore"), UNSEEN])
        source[silent], label[silent] = UNSEEN, BOGUS
    else:
        reason[silent] = _REASONS.index(why)
    return label, source


def _again(
    rows: pd.DataFrame, ids: RowTexts, order_key: NDArray[np.float64], class_names: Sequence[str]
) -> NDArray[np.bool_]:
    """Return which rows repeat a candidate that another row already represents, ``(n,)``.

    Several cutout files may hold the same candidate. Which of its rows stays must not depend on the order of the files,
    and the ids of all rows, as texts, need not fit into memory. So

    1. rows are sorted by the hash of their id. Rows whose hash is unique are unique, and their ids are never read;
    2. the ids of the other rows are read as texts, in blocks of about 50 000 rows that keep equal hashes together, so
       that two ids which merely share a hash are told apart;
    3. within a block, the rows of each id are sorted: labelled before unlabelled, then by label source, then by the
       hash of the pixels. The first stays; all later ones are repeats.

    Rows that tie in all of these hold the same label and the same pixels, so it does not matter which of them stays.

    Parameters
    ----------
    rows : DataFrame
        ``label label_source digest`` of all rows; a negative label means that there is none.
    ids : RowTexts
        The candidate id of each row.
    order_key : ndarray of float64, (n,)
        The hash of each id, in [0, 1).
    class_names : sequence of str
        The survey's classes, at the index of their codes.

    Raises
    ------
    DataSetError
        If a candidate is of one class in one row and of another in another, such as real and bogus.
    """
    again, suspects = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    order = np.argsort(order_key, kind="stable").astype(np.int32)
    alike = order_key[order[1:]] == order_key[order[:-1]]
    suspects[order[1:][alike]] = suspects[order[:-1][alike]] = True
    places = order[suspects[order]]
    for block in blocks_of_runs(order_key[places], _ROWS_AT_ONCE):
        suspects[:] = False
        suspects[places[block]] = True
        texts = texts_of(ids, suspects)
        several = rows.iloc[texts.index][["label", "label_source", "digest"]]
        several = several.assign(candidate_id=texts.array, place=texts.index, label_source=_words(several))
        conflicting = several[several["label"] >= 0].groupby("candidate_id")["label"].nunique()
        if (conflicting > 1).any():
            name = conflicting.idxmax()
            found = sorted(set(several["label"][several["candidate_id"] == name]), reverse=True)
            one, other = [class_names[int(label)] for label in found if label >= 0][:2]
            raise DataSetError(f"candidate_id {name!r} is {one} in one cutout file and {other} in another")
        several = several.assign(label=several["label"] < 0)
        several = several.sort_values(["candidate_id", "label", "label_source", "digest"])
        again[several["place"][several["candidate_id"].duplicated()]] = True
    return again


def _words(rows: pd.DataFrame) -> pd.Series:
    return rows["label_source"].astype("str")


def _warn_of_contamination(label: NDArray[np.int8]) -> None:
    """Say how many of the unlabelled rows may be real, if they are like the labelled ones."""
    silent = int((label < 0).sum())
    share = float((label[label >= 0] == REAL).mean()) if silent < len(label) else float("nan")
    log.warning(
        "%d unlabelled rows count as bogus in training; %.1f %% of the labelled rows are real: "
        "if the unlabelled are like them, so is that share of these",
        silent,
        100 * share,
    )


def _thin(
    ids: RowTexts,
    used: NDArray[np.int32],
    parts: NDArray[np.int8],
    part: int,
    label: NDArray[np.int8],
    recipe: DatasetRecipe,
    n_classes: int,
) -> NDArray[np.bool_]:
    """Return which rows of a part exceed what the recipe allows of their class; ids decide, not the order of rows."""
    over = np.zeros(len(used), bool)
    counts = {value: int(((parts == part) & (label == value)).sum()) for value in range(n_classes)}
    for value, allowed in allowed_rows(counts, recipe).items():
        if counts.get(value, 0) > allowed:
            mine = np.flatnonzero((parts == part) & (label == value))
            asked = np.zeros(len(ids), bool)
            asked[used[mine]] = True
            order_key = decided(ids, lambda names: hash_unit(names, f"{recipe.split.seed}:ratio"), asked)
            over[mine[np.argsort(order_key[used[mine]], kind="stable")[allowed:]]] = True
    return over
