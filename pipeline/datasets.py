"""Data sets: which rows make one, and what it offers to a classifier, three parts streamed in blocks."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline import splits
from pipeline.balance import BOGUS, REAL, allowed_rows
from pipeline.crossmatch import linked_pairs
from pipeline.errors import DataSetError
from pipeline.recipes import DatasetRecipe
from pipeline.row_texts import FirstTexts, RowTexts, SomeTexts, decided, texts_of

log = logging.getLogger(__name__)
_ROWS_AT_ONCE = 50_000
_KEPT = 0
_REASONS = (
    "", "candidate_id twice", "no label", "night block", "training only, outside training", "class ratio",
)  # fmt: skip
_GUESSED = "unlabelled"
"""Label source of rows that a recipe counts as bogus unseen; they never calibrate or judge."""


class DataSet(Protocol):
    """Labelled cutouts in three parts; read by :func:`pipeline.io.dataset_file.open_dataset`.

    Rows of a part were permuted once when the data set was written, so contiguous blocks are a shuffled
    sample. ``part`` is ``"train"``, ``"validation"`` or ``"test"``.
    """

    survey: str
    channels: tuple[str, ...]
    class_names: tuple[str, ...]
    pixel_scale_arcsec: float
    pixel_state: str
    fingerprint: str

    @property
    def size_pixel(self) -> int:
        """Side of a cutout."""

    def candidates(self, part: str) -> pd.DataFrame:
        """Return the candidate columns of a part, one row a cutout, ``label`` in 0 ... k."""

    def cutouts(self, part: str) -> NDArray[np.float32]:
        """Return all raw cutouts of a part at once, ``(n, y, x, channel)``; for small parts."""

    def batches(self, part: str, size: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield ``(rows, cutouts)`` in order, ``rows`` a slice within the part of at most ``size`` rows."""


@dataclass(frozen=True, kw_only=True)
class RowIds:
    """The text ids of candidate rows, in the rows' order.

    Attributes
    ----------
    candidate, object, group : RowTexts
        Ids of the candidate, its object, and what else joins it to others; the last two may be empty.
    """

    candidate: RowTexts
    object: RowTexts
    group: RowTexts

    @property
    def names(self) -> RowTexts:
        """What a row's group may be called: its group, else its object, else itself."""
        return FirstTexts(self.group, self.object, self.candidate)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which rows make a data set.

    Attributes
    ----------
    chosen : DataFrame
        In final order: ``place split label label_source named``; ``place`` is the row's number among all rows, and
        ``named`` that of the row after whose name its group is called.
    dropped : DataFrame
        ``place reason`` of the others.
    """

    chosen: pd.DataFrame
    dropped: pd.DataFrame


def choose_rows(rows: pd.DataFrame, ids: RowIds, recipe: DatasetRecipe, linked: float, fold: int = 0) -> Choice:
    """Group, divide, thin and permute candidate rows, by hashes alone.

    Of each id no more than 8 bytes of hash are kept, and not for longer than one comparison takes; texts are read
    again for rows that are looked at more closely.

    Parameters
    ----------
    rows : DataFrame
        ``night ra_deg dec_deg label label_source digest`` of all cutout files, in any order of files; ``digest`` is
        the hash of a row's pixels, and rows with equal pixels stay together.
    ids : RowIds
        The ids of the same rows.
    recipe : DatasetRecipe
        What the data set is to be.
    linked : float
        Rows nearer on the sky than this, in arcsec, share a group.
    fold : int
        Which fold is held out, if the recipe has folds.

    Raises
    ------
    DataSetError
        If a part lacks a class, or a candidate stands in two files with different labels.
    """
    lot = decided(ids.candidate, lambda names: splits.hash_unit(names, f"{recipe.split.seed}:order"))
    reason = np.zeros(len(rows), np.int8)
    reason[_again(rows, ids.candidate, lot)] = _REASONS.index("candidate_id twice")
    label, source = _labelled(rows, reason, recipe)
    used = np.flatnonzero(reason == _KEPT).astype(np.int32)
    groups = _groups(rows, ids, used, linked)
    parts = splits.assign_parts(groups, rows["night"].array[used], recipe.split, fold)
    only_train = {*recipe.training_only, _GUESSED}
    outside = (parts != splits.TRAIN) & source[used].isin(only_train)
    thinned = _thin(ids.candidate, used, np.where(outside, splits.LEFT_OUT, parts), label[used], recipe)
    left_out = parts == splits.LEFT_OUT
    for why, gone in (
        ("class ratio", thinned),
        ("training only, outside training", outside),
        ("night block", left_out),
    ):
        reason[used[gone]] = _REASONS.index(why)
    kept = ~(outside | thinned | left_out)
    splits.require_classes(parts[kept], label[used[kept]], groups.row[kept], recipe.split)
    order = np.flatnonzero(kept).astype(np.int32)
    order = order[np.lexsort((lot[used[order]], parts[order]))]
    chosen = {"place": used[order], "split": parts[order], "named": used[groups.row[order]]}
    chosen |= {"label": label[used[order]], "label_source": source[used[order]]}
    gone = np.flatnonzero(reason != _KEPT).astype(np.int32)
    dropped = {"place": gone, "reason": pd.Categorical.from_codes(reason[gone], _REASONS)}
    return Choice(chosen=pd.DataFrame(chosen), dropped=pd.DataFrame(dropped))


def _labelled(
    rows: pd.DataFrame, reason: NDArray[np.int8], recipe: DatasetRecipe
) -> tuple[NDArray[np.int8], pd.Categorical]:
    """Return labels and their sources by the recipe; rows that have none of it get their ``reason``."""
    label, source = rows["label"].to_numpy(np.int8, copy=True), pd.Categorical(rows["label_source"])
    silent = (label < 0) & (reason == _KEPT)
    if recipe.unlabelled == "bogus":
        _warn_of_contamination(label[reason == _KEPT])
        source = source.set_categories([*source.categories.drop(_GUESSED, errors="ignore"), _GUESSED])
        source[silent], label[silent] = _GUESSED, 0
    else:
        reason[silent] = _REASONS.index("no label")
    return label, source


def _again(rows: pd.DataFrame, ids: RowTexts, lot: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which rows repeat a candidate: of several, a labelled one stays, whatever the order of the files."""
    again, suspects = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    order = np.argsort(lot, kind="stable").astype(np.int32)
    alike = lot[order[1:]] == lot[order[:-1]]
    suspects[order[1:][alike]] = suspects[order[:-1][alike]] = True
    places = order[suspects[order]]
    for block in splits.blocks_of_runs(lot[places], _ROWS_AT_ONCE):
        suspects[:] = False
        suspects[places[block]] = True
        texts = texts_of(ids, suspects)
        several = rows.iloc[texts.index][["label", "label_source", "digest"]]
        several = several.assign(candidate_id=texts.array, place=texts.index, label_source=_words(several))
        torn = several[several["label"] >= 0].groupby("candidate_id")["label"].nunique()
        if (torn > 1).any():
            raise DataSetError(f"candidate_id {torn.idxmax()!r} is real in one cutout file and bogus in another")
        several = several.assign(label=several["label"] < 0)
        several = several.sort_values(["candidate_id", "label", "label_source", "digest"])
        again[several["place"][several["candidate_id"].duplicated()]] = True
    return again


def _words(rows: pd.DataFrame) -> pd.Series:
    return rows["label_source"].astype("str")


def _warn_of_contamination(label: NDArray[np.int8]) -> None:
    """Say how many of the unlabelled rows may be real, if they are like the labelled ones."""
    silent = int((label < 0).sum())
    share = float((label[label >= 0] == 1).mean()) if silent < len(label) else float("nan")
    log.warning(
        "%d unlabelled rows count as bogus in training; %.1f %% of the labelled rows are real: "
        "if the unlabelled are like them, so is that share of these",
        silent,
        100 * share,
    )


def _groups(rows: pd.DataFrame, ids: RowIds, used: NDArray[np.int32], linked: float) -> splits.Groups:
    """Return the groups of the rows that are used, which are counted among themselves."""
    return splits.join_groups(_shared_keys(rows, ids, used, linked), SomeTexts(ids.names, used))


def _shared_keys(rows: pd.DataFrame, ids: RowIds, used: NDArray[np.int32], linked: float) -> Iterator[splits.Column]:
    """Yield what rows may share, one at a time: object, group, place on the sky, pixels."""
    for texts in (ids.object, ids.group):
        yield decided(texts, splits.key_of)[used]
    yield from linked_pairs(rows["ra_deg"].to_numpy(float)[used], rows["dec_deg"].to_numpy(float)[used], linked)
    yield rows["digest"].to_numpy()[used]


def _thin(
    ids: RowTexts, used: NDArray[np.int32], parts: NDArray[np.int8], label: NDArray[np.int8], recipe: DatasetRecipe
) -> NDArray[np.bool_]:
    """Tell which rows are more than the recipe allows of their class, part by part; ids decide, not their order."""
    over = np.zeros(len(used), bool)
    for part in (splits.TRAIN, splits.VALIDATION):
        counts = {value: int(((parts == part) & (label == value)).sum()) for value in (REAL, BOGUS)}
        for value, allowed in allowed_rows(counts, recipe).items():
            if counts[value] > allowed:
                mine = np.flatnonzero((parts == part) & (label == value))
                asked = np.zeros(len(ids), bool)
                asked[used[mine]] = True
                lot = decided(ids, lambda names: splits.hash_unit(names, f"{recipe.split.seed}:ratio"), asked)
                over[mine[np.argsort(lot[used[mine]], kind="stable")[allowed:]]] = True
    return over
