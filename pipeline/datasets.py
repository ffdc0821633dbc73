"""Data sets: which rows make one, and what it offers to a classifier, three parts streamed in blocks."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline import splits
from pipeline.crossmatch import link_groups
from pipeline.errors import DataSetError
from pipeline.recipes import DatasetRecipe

log = logging.getLogger(__name__)
_CHOSEN = ["source", "row", "split", "label", "label_source", "group_id"]
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
class Choice:
    """Which rows make a data set.

    Attributes
    ----------
    chosen : DataFrame
        In final order: ``source row split label label_source group_id``.
    dropped : DataFrame
        ``candidate_id step reason`` of the others.
    """

    chosen: pd.DataFrame
    dropped: pd.DataFrame


def choose_rows(
    rows: pd.DataFrame, pixel_digests: NDArray[np.uint64], recipe: DatasetRecipe, linked: float, fold: int = 0
) -> Choice:
    """Group, divide, thin and permute candidate rows, by hashes alone.

    Parameters
    ----------
    rows : DataFrame
        ``source row candidate_id object_id group_id night ra_deg dec_deg label label_source`` of all cutout
        files, in any order of files.
    pixel_digests : ndarray of uint64, (n,)
        Hash of each row's pixels; rows with equal pixels stay together.
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
    lot = splits.hash_unit(rows["candidate_id"], f"{recipe.split.seed}:order")
    rows, dropped = _labelled(rows.assign(digest=pixel_digests, lot=lot), recipe)
    rows["group_id"] = _groups(rows, linked)
    rows["split"] = splits.assign_parts(rows["group_id"], rows["night"], recipe.split, fold)
    rows = rows[["candidate_id", "lot", *_CHOSEN]]
    outside = (rows["split"] != splits.TRAIN) & rows["label_source"].isin({*recipe.training_only, _GUESSED})
    thinned = _thin(rows, outside, recipe)
    for reason, gone in (
        ("night block", rows["split"] == splits.LEFT_OUT),
        ("training only, outside training", outside & (rows["split"] != splits.LEFT_OUT)),
        ("class ratio", thinned),
    ):
        dropped.append(_dropped(rows["candidate_id"][gone], reason))
    kept = rows[~(outside | thinned | (rows["split"] == splits.LEFT_OUT))]
    splits.require_classes(kept["split"].to_numpy(), kept["label"].to_numpy(), kept["group_id"], recipe.split)
    listed = pd.concat(dropped).sort_values(["candidate_id", "reason"], ignore_index=True)
    return Choice(chosen=_permuted(kept), dropped=listed)


def _labelled(rows: pd.DataFrame, recipe: DatasetRecipe) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Return rows that have a label by the recipe, once each, and those without as dropped."""
    again = _again(rows)
    dropped = [_dropped(rows["candidate_id"][again], "candidate_id twice")]
    rows = rows[~again].reset_index(drop=True) if again.any() else rows
    silent = rows["label"] < 0
    if recipe.unlabelled == "bogus":
        _warn_of_contamination(rows["label"])
        rows.loc[silent, "label_source"] = _GUESSED
        rows.loc[silent, "label"] = 0
        return rows, dropped
    dropped.append(_dropped(rows["candidate_id"][silent], "no label"))
    return rows[~silent].reset_index(drop=True) if silent.any() else rows, dropped


def _again(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which rows repeat a candidate: of several, a labelled one stays, whatever the order of the files."""
    again = np.zeros(len(rows), dtype=bool)
    places = np.flatnonzero(rows["lot"].duplicated(keep=False))
    several = rows.iloc[places][["candidate_id", "label", "label_source", "digest"]]
    torn = several[several["label"] >= 0].groupby("candidate_id")["label"].nunique()
    if (torn > 1).any():
        raise DataSetError(f"candidate_id {torn.idxmax()!r} is real in one cutout file and bogus in another")
    several = several.assign(label=several["label"] < 0, place=places)
    several = several.sort_values(["candidate_id", "label", "label_source", "digest"])
    again[several["place"][several["candidate_id"].duplicated()]] = True
    return again


def _warn_of_contamination(label: pd.Series) -> None:
    """Say how many of the unlabelled rows may be real, if they are like the labelled ones."""
    silent = int((label < 0).sum())
    share = float((label[label >= 0] == 1).mean()) if silent < len(label) else float("nan")
    log.warning(
        "%d unlabelled rows count as bogus in training; %.1f %% of the labelled rows are real: "
        "if the unlabelled are like them, so is that share of these",
        silent,
        100 * share,
    )


def _groups(rows: pd.DataFrame, linked: float) -> pd.Series:
    names = rows["group_id"]
    for other in ("object_id", "candidate_id"):
        nameless = names == ""
        names = names.mask(nameless, rows[other]) if nameless.any() else names
    return splits.join_groups(_shared_keys(rows, linked), names)


def _shared_keys(rows: pd.DataFrame, linked: float) -> Iterator[splits.Column]:
    """Yield what rows may share, one at a time: object, group, place on the sky, pixels."""
    yield splits.key_of(rows["object_id"])
    yield splits.key_of(rows["group_id"])
    yield link_groups(rows["ra_deg"].to_numpy(float), rows["dec_deg"].to_numpy(float), linked)
    yield rows["digest"]


def _thin(rows: pd.DataFrame, outside: pd.Series, recipe: DatasetRecipe) -> pd.Series:
    """Tell which rows of the larger class are over the ratio, part by part; ids decide, not their order."""
    over = pd.Series(False, index=rows.index)
    for part in (splits.TRAIN, splits.VALIDATION) if recipe.max_ratio else ():
        mine = (rows["split"] == part) & ~outside
        counts = rows["label"][mine].value_counts()
        if len(counts) < 2:
            continue
        larger, allowed = counts.idxmax(), int(recipe.max_ratio * counts.min())
        names = rows["candidate_id"][mine & (rows["label"] == larger)]
        lot = pd.Series(splits.hash_unit(names, f"{recipe.split.seed}:ratio"), index=names.index)
        over[lot.sort_values().index[allowed:]] = True
    return over


def _permuted(rows: pd.DataFrame) -> pd.DataFrame:
    order = np.lexsort((rows["lot"].to_numpy(), rows["split"].to_numpy()))
    return rows[_CHOSEN].iloc[order].reset_index(drop=True)


def _dropped(candidate_ids: pd.Series, reason: str) -> pd.DataFrame:
    return pd.DataFrame({"candidate_id": candidate_ids.astype("str"), "step": "data set", "reason": reason})
