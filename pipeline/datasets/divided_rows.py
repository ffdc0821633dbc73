"""The rows of a data set divided into parts: what belongs together, where it lies, and the part of each row.

Rows that people labelled, and that had no label before, come in last: they take the parts of the others, and move none.

Tested by tests/pipeline/stages/test_build_dataset_people.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import GIVEN_PART, UNSEEN
from pipeline.crossmatch.friends import links
from pipeline.cutouts.extract import nearest_pixel
from pipeline.datasets.groups import Groups, join_groups
from pipeline.datasets.leakage import Division, divide
from pipeline.datasets.name_hashes import Column, key_of
from pipeline.datasets.new_rows import crowding_out, returns, with_new_rows
from pipeline.datasets.overlaps import Footprints, no_footprints
from pipeline.datasets.splits import assign_parts
from pipeline.ids.text_blocks import FirstTexts, RowTexts, SomeTexts, decided
from pipeline.recipes.dataset import DatasetRecipe

FIRST_SOURCE: Final = "first_source"
"""The label source of a row before people gave it another label."""


@dataclass(frozen=True, kw_only=True)
class RowIds:
    """The text ids of candidate rows, in the rows' order.

    Attributes
    ----------
    candidate, object, group : RowTexts
        Ids of the candidate, its object, and what else joins it to others; the last two may be empty.
    image : RowTexts
        What the row was cut from, exposure and detector; empty where it is not known.
    """

    candidate: RowTexts
    object: RowTexts
    group: RowTexts
    image: RowTexts

    @property
    def names(self) -> RowTexts:
        """What a row's group may be called: its group, else its object, else itself."""
        return FirstTexts(self.group, self.object, self.candidate)


@dataclass(frozen=True, kw_only=True)
class Nearness:
    """How near two rows must be to be one object, or to show the same pixels.

    Attributes
    ----------
    linked_arcsec : float
        Rows nearer on the sky than this share a group.
    size_pixel : int
        Side of a cutout.
    pixel_scale_arcsec : float
        Side of a pixel.
    has_pixels : bool
        Whether rows show pixels, which may overlap; a row of a table has none.
    """

    linked_arcsec: float
    size_pixel: int
    pixel_scale_arcsec: float
    has_pixels: bool = True


@dataclass(frozen=True, kw_only=True)
class Divided:
    """Rows and their parts, before those that overlap another part are dropped.

    Attributes
    ----------
    used : ndarray of int32, (n,)
        Which rows these are, among all.
    groups : Groups
        What belongs together.
    places : Footprints
        Where the cutouts lie.
    division : Division
        The parts.
    is_new : ndarray of bool, (n,)
        Rows that had no label before people gave them one.
    was_only_train : ndarray of bool, (n,)
        Rows whose former label allowed them only to train.
    linking : ndarray of int32
        New rows that are left out because they link objects of two parts.
    """

    used: NDArray[np.int32]
    groups: Groups
    places: Footprints
    division: Division
    is_new: NDArray[np.bool_]
    was_only_train: NDArray[np.bool_]
    linking: NDArray[np.int32]

    def crowds_out(self, parts: NDArray[np.int8], only_train: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which rows come in and share pixels with a row of another part that was there, ``(n,)``."""
        comes_in = self.is_new | returns(parts, self.was_only_train, only_train)
        return crowding_out(self.places, parts, comes_in) if comes_in.any() else comes_in


def divided_rows(
    rows: pd.DataFrame,
    ids: RowIds,
    used: NDArray[np.int32],
    recipe: DatasetRecipe,
    near: Nearness,
    *,
    fold: int,
    only_train: NDArray[np.bool_],
) -> Divided:
    """Return the rows that are used with their parts.

    Parameters
    ----------
    rows : DataFrame
        As of `pipeline.datasets.choice.choose_rows`.
    ids : RowIds
        The ids of the same rows.
    used : ndarray of int32, (n,)
        Which of them are used.
    recipe : DatasetRecipe
        How they are divided.
    near : Nearness
        When rows share a group or pixels.
    fold : int
        The fold that is held out.
    only_train : ndarray of bool
        Which of all rows may only train.
    """
    first, given = rows["first_label"].to_numpy(), rows[GIVEN_PART].to_numpy() if recipe.split.by == "part" else None
    was_only_train = _was_only_train(rows, recipe, only_train)

    def joined(some: NDArray[np.int32]) -> tuple[Groups, Footprints]:
        return _groups(rows, ids, some, near.linked_arcsec), _places(rows, ids, some, near)

    def divided(some: NDArray[np.int32], groups: Groups, places: Footprints) -> Division:
        stated = None if given is None else given[some]
        nights = rows["night"].array[some]
        return divide(groups, nights, places, first[some], was_only_train[some], recipe.split, fold, stated)

    is_new = (first[used] < 0) & (FIRST_SOURCE in rows) & (recipe.unlabelled == "drop")
    groups, places = joined(used)
    linking = np.zeros(0, np.int32)
    if not is_new.any():
        division = divided(used, groups, places)
    else:
        earlier = used[~is_new]
        division = divided(earlier, *joined(earlier))
        parts, links_parts = _with_new(rows, used, groups, division, is_new, recipe, fold)
        if links_parts.any():
            linking, used, is_new = used[links_parts], used[~links_parts], is_new[~links_parts]
            groups, places = joined(used)
            parts, _ = _with_new(rows, used, groups, division, is_new, recipe, fold)
        division = replace(division, parts=parts)
    return Divided(
        used=used, groups=groups, places=places, division=division, is_new=is_new,
        was_only_train=was_only_train[used], linking=linking,
    )  # fmt: skip


def _with_new(
    rows: pd.DataFrame,
    used: NDArray[np.int32],
    groups: Groups,
    before: Division,
    is_new: NDArray[np.bool_],
    recipe: DatasetRecipe,
    fold: int,
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Return the parts of all rows, and which new rows link groups of different parts."""
    split = replace(recipe.split, stratify=False)
    given = rows[GIVEN_PART].to_numpy()[used] if split.by == "part" else None
    alone = assign_parts(groups, rows["night"].array[used], split, fold, given=given)
    return with_new_rows(before.parts, alone, is_new, groups, split.by)


def _was_only_train(
    rows: pd.DataFrame, recipe: DatasetRecipe, only_train: NDArray[np.bool_]
) -> NDArray[np.bool_]:  # fmt: skip
    """Return which rows could only train by the label that they had before people gave them another."""
    if FIRST_SOURCE not in rows:
        return only_train
    unseen = (rows["first_label"].to_numpy() < 0) & (recipe.unlabelled == "bogus")
    return unseen | rows[FIRST_SOURCE].isin({*recipe.training_only, UNSEEN}).to_numpy()


def _groups(rows: pd.DataFrame, ids: RowIds, used: NDArray[np.int32], linked: float) -> Groups:
    """Return the groups of the rows that are used; row numbers count only these."""
    return join_groups(_shared_keys(rows, ids, used, linked), SomeTexts(ids.names, used))


def _shared_keys(rows: pd.DataFrame, ids: RowIds, used: NDArray[np.int32], linked: float) -> Iterator[Column]:
    """Yield what rows may share, one at a time: object, group, position on the sky, pixels."""
    for texts in (ids.object, ids.group):
        yield decided(texts, key_of)[used]
    yield from links(rows["ra_deg"].to_numpy(float)[used], rows["dec_deg"].to_numpy(float)[used], linked)
    yield rows["digest"].to_numpy()[used]


def _places(rows: pd.DataFrame, ids: RowIds, used: NDArray[np.int32], near: Nearness) -> Footprints:
    """Return which pixels the cutouts of the rows that are used cover."""
    if not near.has_pixels:
        return no_footprints(len(used))
    taken = slice(None) if len(used) == len(rows) else used
    x, y, ra, dec = (rows[name].to_numpy()[taken] for name in ("x_pixel", "y_pixel", "ra_deg", "dec_deg"))
    return Footprints(
        exposure=decided(ids.image, key_of)[taken],
        x_pixel=nearest_pixel(x).astype(np.float32),
        y_pixel=nearest_pixel(y).astype(np.float32),
        ra_deg=ra,
        dec_deg=dec,
        size_pixel=near.size_pixel,
        pixel_scale_arcsec=near.pixel_scale_arcsec,
    )
