"""Earlier scores of the objects of some candidates: of earlier nights, and of earlier in the same night.

Tested by tests/pipeline/report/night/test_numbers.py.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from pipeline.report.night.data import NightData


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One earlier score of an object.

    Attributes
    ----------
    night, exposure_id : str
        When it was seen.
    score : float
        Its score; NaN if it has none.
    """

    night: str
    exposure_id: str
    score: float


def earlier_scores(data: NightData, candidate_ids: Collection[str]) -> Mapping[str, list[Visit]]:
    """Return the earlier scores of the object of each candidate that has any, the earliest first.

    Objects are the same if their ``object_id`` is; a candidate without one has no earlier scores. Within the night a
    detection is earlier if its time is.

    Parameters
    ----------
    data : NightData
        The night and those before it.
    candidate_ids : collection of str
        Candidates of the night.
    """
    asked = data.candidates[data.candidates["candidate_id"].isin(candidate_ids) & (data.candidates["object_id"] != "")]
    objects = set(asked["object_id"])
    before: dict[str, list[Visit]] = defaultdict(list)
    for one in data.earlier:
        rows = one.scores[one.scores["object_id"].isin(objects)] if "object_id" in one.scores else one.scores[:0]
        for row in rows.itertuples():
            before[row.object_id].append(Visit(night=one.night, exposure_id=row.exposure_id, score=float(row.score)))
    tonight = data.candidates[data.candidates["object_id"].isin(objects)].sort_values("time_mjd", kind="stable")
    of_object = dict(tuple(tonight.groupby("object_id")))
    found: dict[str, list[Visit]] = {}
    for row in asked.itertuples():
        same = of_object[row.object_id]
        visits = [*before.get(row.object_id, ()), *_visits(same[same["time_mjd"] < row.time_mjd], data.night)]
        if visits:
            found[row.candidate_id] = visits
    return found


def _visits(rows: pd.DataFrame, night: str) -> list[Visit]:
    return [Visit(night=night, exposure_id=row.exposure_id, score=float(row.score)) for row in rows.itertuples()]
