"""Everything about one candidate: its columns, its object on other nights, and what people said of it.

Tested by tests/web/test_details.py.
"""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from pipeline.errors import NightsiftError
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.scores_file import read_scores
from web.candidates import Candidates
from web.shown import flag_words, plain
from web.verdict_book import VerdictBook

log = logging.getLogger(__name__)

VISIT: Final = ("candidate_id", "object_id", "night", "time_mjd", "magnitude", "magnitude_error", "band", "flux_sign")
_LABELS: Final = ("label", "label_source", "kind")
"""Columns that are shown only once a person has judged."""
_MOST_VISITS: Final = 500


class Details:
    """What is known of single candidates; other nights are read when a first candidate is asked for.

    Parameters
    ----------
    cutouts, scores : sequence of Path
        Cutout files and scores of other nights of the survey.
    """

    def __init__(self, cutouts: Sequence[Path] = (), scores: Sequence[Path] = ()) -> None:
        self._cutouts, self._scores = cutouts, scores
        self._lock = threading.Lock()
        self._visits: pd.DataFrame | None = None

    def of(self, candidates: Candidates, row: int, book: VerdictBook, person: str) -> dict[str, Any]:
        """Return what the single view shows of a candidate, for JSON."""
        own = candidates.all_of(row)
        said = book.of(str(own["candidate_id"]))
        judged = any(one.person == person for one in said)
        shown = {name: plain(value) for name, value in own.items() if judged or name not in _LABELS}
        if "verdict" in shown:  # what the classifier promises of the row, not what a person said
            shown["promise"] = shown.pop("verdict")
        if judged and own["label"] >= 0:
            shown["label"] = candidates.header.class_names[int(own["label"])]
        return {
            "columns": {name: value for name, value in shown.items() if value not in (None, "") and name != "flags"},
            "flags": flag_words(int(own["flags"])),
            "judged": judged,
            "said": [one._asdict() for one in said] if judged else [],
            "visits": self._of_object(candidates, own),
        }

    def _of_object(self, candidates: Candidates, own: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the visits of the same object, in the order of time; empty if it has no name."""
        name = own["object_id"]
        if not name:
            return []
        here = candidates.rows[candidates.rows["object_id"] == name]
        other = self._other_nights()
        visits = pd.concat([here.reindex(columns=[*VISIT, "score"]), other[other["object_id"] == name]])
        visits = visits.drop_duplicates("candidate_id").sort_values("time_mjd").head(_MOST_VISITS)
        return [
            {key: plain(value) for key, value in visit.items()} | {"this": visit["candidate_id"] == own["candidate_id"]}
            for visit in visits.to_dict("records")
        ]

    def _other_nights(self) -> pd.DataFrame:
        with self._lock:
            if self._visits is None:
                self._visits = _read_visits(self._cutouts, self._scores)
            return self._visits


def _read_visits(cutouts: Sequence[Path], scores: Sequence[Path]) -> pd.DataFrame:
    """Return the visits of all objects on other nights; a file that cannot be read is left out, with a warning."""
    visits = [table for path in cutouts if (table := _readable(_columns, path)) is not None]
    found = pd.concat([*visits, pd.DataFrame(columns=list(VISIT))], ignore_index=True).drop_duplicates("candidate_id")
    known = [table for path in scores if (table := _readable(read_scores, path)) is not None]
    scored = pd.concat([*(table[["candidate_id", "score"]] for table in known), pd.DataFrame(columns=["candidate_id"])])
    scored = scored.reindex(columns=["candidate_id", "score"]).drop_duplicates("candidate_id")
    return found.merge(scored.astype({"score": np.float64}), on="candidate_id", how="left")


def _columns(path: Path) -> pd.DataFrame:
    with open_cutouts(path) as file:
        return file.candidates(columns=VISIT)


def _readable(read: Any, path: Path) -> pd.DataFrame | None:
    try:
        return pd.DataFrame(read(path))
    except NightsiftError as error:
        log.warning("left out of the history of objects: %s", error)
        return None
