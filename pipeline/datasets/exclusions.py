"""Why rows are in no part of a data set, in words: counts by reason and label source, and the setting that says so."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import CLASS_NAMES

NO_LABEL: Final = "no label"
NO_TARGET: Final = "no target"
TRAINING_ONLY: Final = "training only, outside training"
RATIO: Final = "class ratio"
SHARE: Final = "share of the groups"
NIGHT_BLOCK: Final = "night block"
WEIGHTLESS: Final = "weight 0"
LINKS: Final = "links objects of two parts"
OTHER_PART: Final = "no part, or a group of another part"

_SETTINGS: Final = {
    NO_TARGET: "name the column that has it by `target` of the survey",
    NO_LABEL: "add a provider to `labels` of the survey, `bogus_draw` where nobody judged anything",
    TRAINING_ONLY: "such sources never judge: take them out of `training_only` of the data set, or judge some rows",
    SHARE: "raise `share` of the data set",
    RATIO: "raise `max_ratio` of the data set",
    OTHER_PART: "state a part for every row, and put all rows of an object into one",
    LINKS: "people labelled it, and its parts were there first: leave the key `people` out to divide all rows anew",
    WEIGHTLESS: "the list that `weights` of the data set names says so",
    NIGHT_BLOCK: "name more nights in the data set, or split by object",
}
"""What you can set if rows were left out for this reason."""


def excluded(
    reasons: NDArray[np.str_],
    labels: NDArray[np.integer],
    sources: pd.Series,
    class_names: Sequence[str] = CLASS_NAMES,
) -> str:
    """Return in one line which rows are in no part, and what to set; empty if every row is in a part.

    Parameters
    ----------
    reasons : ndarray of str, (n,)
        Why a row is in no part; empty for one that is.
    labels : ndarray of int, (n,)
        Code of the class, -1 none.
    sources : Series, (n,)
        The label source of each row.
    class_names : sequence of str
        The classes, at the index of their codes.

    Examples
    --------
    >>> sources = pd.Series(["", "injected"])
    >>> excluded(np.array(["overlaps another part", ""]), np.array([1, 1]), sources).split(";")[0]
    '2 rows, 1 real by injected used'
    """
    table = pd.DataFrame({"reason": reasons, "label": labels, "source": np.asarray(sources, dtype=object)})
    counts = table.groupby(["reason", "label", "source"], sort=True).size()
    if set(table["reason"]) <= {""}:
        return ""
    by_reason: dict[str, list[str]] = {}
    for (reason, label, source), count in counts.items():
        by_reason.setdefault(str(reason), []).append(_rows(int(count), int(label), str(source), class_names))
    used = ", ".join(by_reason.pop("", ["none"]))
    left_out = (f"{', '.join(rows)} ({_with_setting(reason)})" for reason, rows in by_reason.items())
    return f"{len(table)} rows, {used} used; left out: {'; '.join(left_out)}"


def _rows(count: int, label: int, source: str, class_names: Sequence[str]) -> str:
    return f"{count} {class_names[label]} by {source or 'nobody'}" if label >= 0 else str(count)


def _with_setting(reason: str) -> str:
    return f"{reason}: {_SETTINGS[reason]}" if reason in _SETTINGS else reason
