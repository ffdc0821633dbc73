"""Which of the verdicts that people gave count as votes: the last of each person on each candidate or object."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import CLASS_NAMES, UNLABELLED
from pipeline.errors import InputError
from pipeline.labels.references import DETECTION, OBJECT, Of

UNDO: Final = "undo"
UNSURE: Final = "unsure"
"""Takes back what the same person said before, and is no vote itself."""
LATER: Final = ("snooze", "fast_track")
"""Verdicts that say when to look again, and nothing of what a candidate is."""
ITEM: Final = {DETECTION: "candidate_id", OBJECT: "object_id"}
"""The column that holds what was judged."""


@dataclass(frozen=True, kw_only=True)
class Votes:
    """Votes on detections or on objects.

    Attributes
    ----------
    table : DataFrame
        ``item person label verdict_id candidate_id gold``, one row for each person and item, sorted by both; ``label``
        is the code of a class.
    class_names : tuple of str
        The classes, at the index of their codes.
    """

    table: pd.DataFrame
    class_names: tuple[str, ...]

    @cached_property
    def items(self) -> pd.Index:
        """What was judged, sorted."""
        return pd.Index(self.table["item"].unique())

    @cached_property
    def people(self) -> pd.Index:
        """Who judged, sorted."""
        return pd.Index(sorted(self.table["person"].unique()))

    @cached_property
    def item(self) -> NDArray[np.intp]:
        """The place in ``items`` of each vote, ``(n,)``."""
        return np.asarray(self.items.get_indexer(self.table["item"]), np.intp)

    @cached_property
    def person(self) -> NDArray[np.intp]:
        """The place in ``people`` of each vote, ``(n,)``."""
        return np.asarray(self.people.get_indexer(self.table["person"]), np.intp)

    @cached_property
    def label(self) -> NDArray[np.intp]:
        """The code of each vote, ``(n,)``."""
        return self.table["label"].to_numpy(np.intp)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How many votes each item has for each class, ``(items, classes)``."""
        found = np.zeros((len(self.items), len(self.class_names)), np.int64)
        np.add.at(found, (self.item, self.label), 1)
        return found

    @cached_property
    def gold(self) -> NDArray[np.bool_]:
        """Whether each item was shown as hidden gold, ``(items,)``."""
        found = np.zeros(len(self.items), bool)
        found[self.item[self.table["gold"].to_numpy(bool)]] = True
        return found


def standing(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return the verdicts that were not undone, without the rows that undid others.

    Parameters
    ----------
    verdicts : DataFrame
        The table of verdicts (docs/formats.md#verdicts).

    Examples
    --------
    >>> rows = pd.DataFrame({"verdict_id": [1, 2, 3], "verdict": ["real", "bogus", "undo"], "undoes": [None, None, 2]})
    >>> standing(rows)["verdict_id"].tolist()
    [1]
    """
    undone = set(verdicts.loc[verdicts["verdict"] == UNDO, "undoes"].dropna().astype("int64"))
    return verdicts[(verdicts["verdict"] != UNDO) & ~verdicts["verdict_id"].isin(undone)]


def votes_of(verdicts: pd.DataFrame, of: Of, class_names: Sequence[str] = CLASS_NAMES) -> Votes:
    """Return the vote of each person on each detection, or on each object.

    The last verdict of a person that was not undone counts; ``unsure`` takes a vote back, ``snooze`` and
    ``fast_track`` leave it as it is.

    Parameters
    ----------
    verdicts : DataFrame
        The table of verdicts, in any order.
    of : {"detection", "object"}
        What was judged. A verdict on a detection never counts as one on its object, or the other way round.
    class_names : sequence of str
        The survey's classes, at the index of their codes.

    Raises
    ------
    InputError
        If a verdict is no class and no state, or a verdict on an object names none; the message has its number.
    """
    rows = standing(verdicts)
    rows = rows[(rows["of"] == of) & ~rows["verdict"].isin(LATER)].sort_values("verdict_id")
    codes = {name: code for code, name in enumerate(class_names)} | {UNSURE: UNLABELLED}
    rows = rows.assign(item=rows[ITEM[of]], label=rows["verdict"].map(codes))
    _require_sound(rows, ITEM[of], [*class_names, UNSURE, *LATER, UNDO])
    last = rows.drop_duplicates(["item", "person"], keep="last")
    last = last[last["label"] != UNLABELLED].sort_values(["item", "person"])
    table = last[["item", "person", "label", "verdict_id", "candidate_id", "gold"]].reset_index(drop=True)
    return Votes(table=table.astype({"label": "int64"}), class_names=tuple(class_names))


def _require_sound(rows: pd.DataFrame, item: str, allowed: Sequence[str]) -> None:
    unknown = rows["label"].isna()
    if unknown.any():
        first = rows[unknown].iloc[0]
        raise InputError(
            f"verdict {first['verdict_id']} on candidate {first['candidate_id']!r} is {first['verdict']!r}; "
            f"allowed: {', '.join(allowed)}"
        )
    nameless = rows["item"].fillna("") == ""
    if nameless.any():
        raise InputError(f"verdict {rows.loc[nameless, 'verdict_id'].iloc[0]} has no {item}; allowed: an id")
