"""No leakage of pixels between parts: rows that overlap another part are dropped, or the parts are cells of the sky."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline.classes import CLASS_NAMES, LEFT_OUT, PART_NAMES, TEST, TRAIN, VALIDATION
from pipeline.datasets.class_places import NO_CLASS
from pipeline.datasets.groups import Groups
from pipeline.datasets.name_hashes import Column
from pipeline.datasets.overlaps import Footprints, overlapping
from pipeline.datasets.sky_cells import Cells, balancing, cells_of
from pipeline.datasets.splits import assign_parts
from pipeline.recipes.dataset import SplitSettings
from pipeline.settings import parse

MOST_DROPPED = 0.3
"""If a larger share of the training rows would be lost, the fields are crowded, and cells of the sky are the groups."""

BY_GROUP, BY_CELL, BY_FILE, BY_TABLE = "groups", "sky cells", "the files", "groups of a table"
ORDER = ((VALIDATION, (TEST,)), (TRAIN, (TEST, VALIDATION)))
"""For each part, those from which it must be separated; rows that validation loses cost training nothing."""

OVERLAPS = "cutout overlaps another part"
"""Reason of training rows whose cutouts overlap a validation or test row's, and of validation rows by a test row's."""


@dataclass(frozen=True, kw_only=True)
class Separation:
    """How the parts of a data set were kept apart, and what that cost.

    Attributes
    ----------
    divided_by : str
        ``groups``, ``sky cells`` where the fields are crowded, ``the files`` where these state the parts, or
        ``groups of a table``, whose rows show no pixels that could overlap.
    overlapping_share : float
        Share of the training rows whose cutouts overlap those of another part where groups divide the rows; over the
        folds the largest.
    lost_share : float
        Share of the training rows that was dropped for this in the final division.
    training, validation : int
        Rows that were dropped.
    unplaced : int
        Rows that state neither their position on the sky nor their pixel of an image, so that their overlaps are
        unknown.
    cells : int
        Number of cells; 0 if none were needed.
    cell_arcsec : float
        Side of a cell; 0 if none were needed.
    """

    divided_by: str
    overlapping_share: float
    lost_share: float
    training: int
    validation: int
    unplaced: int
    cells: int
    cell_arcsec: float

    @classmethod
    def from_facts(cls, facts: Mapping[str, object]) -> Self:
        """Return the separation that :meth:`facts` wrote into the data set's provenance."""
        return parse(cls, {field.name: facts[field.name] for field in fields(cls)}, "separation of the parts")

    def facts(self) -> dict[str, object]:
        """Return the attributes in plain types, for the data set's provenance."""
        return asdict(self)

    def words(self) -> str:
        """Return in one line how the parts were kept apart, and how many rows were dropped for that."""
        if self.divided_by == BY_TABLE:
            return self._words_of_table()
        cutout = "cutout that states its place" if self.unplaced else "cutout"
        line = (
            f"no {cutout} of the training, validation or test part shares a pixel with another part. For this, "
            f"{self._division()}; {self.training} training rows ({100 * self.lost_share:.1f} %) and {self.validation} "
            "validation rows that overlap another part were dropped"
        )
        if self.unplaced:
            line += f". {self.unplaced} rows state neither a sky position nor a pixel: their overlaps are not known"
        return line

    def _words_of_table(self) -> str:
        line = "rows of a table show no pixels: groups of rows were divided, so that no part shares an object, a place "
        line += "on the sky or equal features with another"
        if self.unplaced:
            line += f"; {self.unplaced} rows state no place on the sky and are joined by ids and equal features alone"
        return line

    def _division(self) -> str:
        """Return in words by what the rows were divided, and how many training rows overlap another part then."""
        share = f"{100 * self.overlapping_share:.1f} % of the training rows"
        if self.divided_by == BY_CELL:
            return (
                f"the sky was divided into {self.cells} cells of {self.cell_arcsec:.0f} arcsec, each in one "
                f"part only, because {share} would overlap another part if groups of rows were divided"
            )
        divided = "the parts of the files were kept" if self.divided_by == BY_FILE else "groups of rows were divided"
        return f"{divided}, with {share} overlapping another part"


@dataclass(frozen=True, kw_only=True)
class Division:
    """Parts before the overlapping rows are dropped.

    Attributes
    ----------
    parts : ndarray of int8, (n,)
        As :func:`pipeline.datasets.splits.assign_parts` returns them.
    overlapping_share : float
        As in :class:`Separation`.
    cells : Cells, optional
        The cells that became the groups.
    """

    parts: NDArray[np.int8]
    overlapping_share: float
    cells: Cells | None

    def separation(self, overlaps: NDArray[np.bool_], candidates: int, unplaced: int) -> Separation:
        """Return the facts.

        Parameters
        ----------
        overlaps : ndarray of bool, (n,)
            Rows that were dropped.
        candidates : int
            Training rows before that.
        unplaced : int
            As in :class:`Separation`.
        """
        training, validation = (int((overlaps & (self.parts == part)).sum()) for part in (TRAIN, VALIDATION))
        return Separation(
            divided_by=BY_GROUP if self.cells is None else BY_CELL,
            overlapping_share=self.overlapping_share,
            lost_share=training / max(1, candidates),
            training=training,
            validation=validation,
            unplaced=unplaced,
            cells=0 if self.cells is None else self.cells.count,
            cell_arcsec=0.0 if self.cells is None else self.cells.side_arcsec,
        )

    def losses(
        self, overlaps: NDArray[np.bool_], labels: NDArray[np.int8], class_names: Sequence[str] = CLASS_NAMES
    ) -> dict[int, str]:
        """Return, for each part, a sentence that says how many rows of each class it lost here, and what to do."""
        sentences = {}
        divided = [] if self.cells is None else [f"its rows are those of some of {self.cells.count} cells of the sky"]
        for part in PART_NAMES:
            here = overlaps & (self.parts == part)
            counts = [int((here & (labels == label)).sum()) for label, _ in enumerate(class_names)]
            listed = [f"{count} {name}" for count, name in zip(counts, class_names, strict=True)]
            lost = (
                f"{', '.join(listed[:-1])} and {listed[-1]} rows of it were dropped because their cutouts overlap "
                "another part's"
            )
            told = [lost] * (sum(counts) > 0) + divided
            if told:
                sentences[part] = f"{' and '.join(told)}: other fields, another seed or other shares may leave more"
        return sentences


def divide(
    groups: Groups,
    nights: Column,
    places: Footprints,
    classes: NDArray[np.integer],
    only_train: NDArray[np.bool_],
    settings: SplitSettings,
    fold: int,
    given: NDArray[np.floating] | None = None,
) -> Division:
    """Return parts by groups, or by cells of the sky if too many training rows would overlap another part.

    All folds are looked at, whichever is requested, so that all are divided in the same way.

    Parameters
    ----------
    groups : Groups
        What belongs together.
    nights : Series or ndarray, (n,)
        The night of each row.
    places : Footprints
        Where the cutouts lie.
    classes : ndarray of int, (n,)
        Class of each row, -1 if it has none; cells are divided so that each part gets its share of each class.
    only_train : ndarray of bool, (n,)
        Rows that are only for training.
    settings : SplitSettings
        How to divide.
    fold : int
        The fold that is held out, where there are folds.
    given : ndarray of float, (n,), optional
        The part that each row is stated to be in, for a split by them.
    """
    judging = np.where(only_train, NO_CLASS, classes)
    folds = range(max(1, settings.folds))
    by_fold = [assign_parts(groups, nights, settings, other, classes=judging, given=given) for other in folds]
    shares = [_overlapping_share(places, np.where((parts != TRAIN) & only_train, LEFT_OUT, parts)) for parts in by_fold]
    if max(shares) <= MOST_DROPPED or given is not None:
        return Division(parts=by_fold[fold], overlapping_share=max(shares), cells=None)
    cells = cells_of(places, groups.row, balancing(classes, (classes >= 0) & ~only_train))
    parts = assign_parts(groups, nights, settings, fold, cells)
    return Division(parts=parts, overlapping_share=max(shares), cells=cells)


def _overlapping_share(places: Footprints, parts: NDArray[np.int8]) -> float:
    train = parts == TRAIN
    return float((overlaps_of(places, parts) & train).sum()) / max(1, int(train.sum()))


def separate_parts(places: Footprints, parts: NDArray[np.int8]) -> tuple[NDArray[np.bool_], Separation]:
    """Return which rows of parts that are already given must be dropped, ``(n,)``, and the facts about it."""
    overlaps = overlaps_of(places, parts)
    share = _overlapping_share(places, parts)
    division = Division(parts=parts, overlapping_share=share, cells=None)
    separation = division.separation(overlaps, int((parts == TRAIN).sum()), int((~places.known).sum()))
    return overlaps, replace(separation, divided_by=BY_FILE)


def overlaps_of(places: Footprints, parts: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return which rows to drop so that no cutout of a part overlaps one of another, ``(n,)``; test loses none."""
    left = parts.copy()
    for part, others in ORDER:
        left[touching(places, left, part, others)] = LEFT_OUT
    return left != parts


def touching(places: Footprints, parts: NDArray[np.int8], part: int, others: Sequence[int]) -> NDArray[np.bool_]:
    """Return which rows of one part have cutouts that overlap cutouts of other parts, ``(n,)``.

    Parameters
    ----------
    places : Footprints
        The pixels that the cutout of each of the n rows covers.
    parts : ndarray of int8, (n,)
        The part of each row, as in :data:`~pipeline.datasets.splits.PART_NAMES`; -1 for rows that are left out.
    part : int
        The part whose rows are examined; rows of all other parts are False.
    others : sequence of int
        The parts that they must not overlap.
    """
    found = np.zeros(len(parts), bool)
    mine = np.flatnonzero(parts == part).astype(np.int32)
    theirs = np.flatnonzero(np.any([parts == other for other in others], axis=0)).astype(np.int32)
    found[mine] = overlapping(places, mine, theirs)
    return found
