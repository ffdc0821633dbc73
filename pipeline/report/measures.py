"""The numbers that reports of all kinds have: where they come from, and how many rows there are of what.

Tested by tests/pipeline/report/binary/test_measures.py.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.metrics import groups_of
from pipeline.night import ALL
from pipeline.plots.reported import Reported
from pipeline.report.bootstrap import Bootstrap
from pipeline.report.plain import plain
from pipeline.scores.unlike_training import UNLIKE

SCHEMA = 1
"""Version of metrics.json."""


def report_numbers(
    data: Reported, how: Bootstrap, own: Mapping[str, object], *, kind: str = "", class_names: Sequence[str] = ()
) -> dict[str, object]:
    """Return all numbers of a report, ready for JSON: plain types, None where there is no value.

    Parameters
    ----------
    data : Reported
        What the report is made from.
    how : Bootstrap
        How the intervals were drawn.
    own : mapping
        What this kind of report measured.
    kind : str
        Its name; empty for real and bogus, whose metrics.json has none.
    class_names : sequence of str
        The names of the classes, if there are any.
    """
    unlike = {model: sides for model, sides in data.unlike.items() if sides}
    numbers = {
        "schema": SCHEMA,
        **({"kind": kind} if kind else {}),
        "title": data.title,
        "survey": data.survey,
        **({"class_names": list(class_names)} if class_names else {}),
        "classifier": data.classifier,
        "judged_part": data.part,
        "interval": how.facts(),
        **own,
        "separations": [None if one is None else one.facts() for one in data.separations],
        **({UNLIKE: unlike} if unlike else {}),
    }
    return {name: plain(value) for name, value in numbers.items()}


def row_counts(
    data: Reported,
    judged: pd.DataFrame,
    has_label: NDArray[np.bool_],
    has_score: NDArray[np.bool_],
    by_class: Mapping[str, object],
) -> dict[str, object]:
    """Return how many rows there are, judged or not, and from which nights.

    Parameters
    ----------
    data : Reported
        What the report is made from.
    judged : DataFrame
        The judged rows of the classifier.
    has_label, has_score : ndarray of bool, (n,)
        Which rows of the judged part have a label and a score.
    by_class : mapping
        Counts of each class.
    """
    nights = judged["night"].dropna().astype(str) if "night" in judged else pd.Series(dtype=str)
    nights = nights[~nights.isin(["", ALL])]
    return {
        "rows": len(data.scores[data.classifier]),
        "judged": len(judged),
        "judged_groups": len(pd.unique(groups_of(judged))),
        **by_class,
        "unlabelled_in_part": int((~has_label).sum()),
        "labelled_not_scored": int((has_label & ~has_score).sum()),
        "not_scored_in_part": int((~has_score).sum()),
        "left_out_learned": {model: dict(parts) for model, parts in data.learned.items() if sum(parts.values())},
        "perhaps_learned": {model: count for model, count in data.unknown.items() if count},
        "nights": int(nights.nunique()),
        "first_night": min(nights, default=""),
        "last_night": max(nights, default=""),
    }


def tally(rows: pd.DataFrame) -> dict[str, int]:
    """Return how many rows each label source labelled, the most first; empty if the rows do not state it."""
    if "label_source" not in rows:
        return {}
    sources = rows["label_source"].astype(object).where(rows["label_source"].notna(), "").astype(str)
    counts = sources.replace("", "not stated").value_counts()
    return {name: int(counts[name]) for name in sorted(counts.index, key=lambda name: (-counts[name], name))}
