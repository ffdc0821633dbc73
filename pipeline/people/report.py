"""What is to be said of the people who judged: how much, how fast, how well, how far they agree, and what is left."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import CLASS_NAMES, UNLABELLED
from pipeline.labels.references import DETECTION, OBJECT, Of
from pipeline.people.agreement import fleiss_kappa, pair_agreements
from pipeline.people.consensus import consensus
from pipeline.people.rates import class_rates, gold_tables, rate, said_without
from pipeline.people.retirement import OPEN, RETIRED, UNDECIDED, Retirement
from pipeline.people.sessions import sessions
from pipeline.people.slopes import snr_slope
from pipeline.people.votes import LATER, UNSURE, Votes, standing, votes_of

SCHEMA: Final = 1
"""Version of the object."""


def people_report(
    verdicts: pd.DataFrame,
    rows: pd.DataFrame,
    class_names: Sequence[str] = CLASS_NAMES,
    retirement: Retirement = Retirement(),  # noqa: B008  (frozen)
) -> dict[str, Any]:
    """Return everything that a session report says, as one object of plain values; what is not known is None.

    Parameters
    ----------
    verdicts : DataFrame
        The table of verdicts (docs/formats.md#verdicts).
    rows : DataFrame
        ``candidate_id label snr`` of what was judged, as far as it is known, each candidate once: the known class of
        hidden gold, and the signal to noise.
    class_names : sequence of str
        The survey's classes, at the index of their codes.
    retirement : Retirement
        When an item needs no more votes.
    """
    known = rows.set_index("candidate_id")
    told = {
        "schema": SCHEMA,
        "class_names": list(class_names),
        "verdicts": len(verdicts),
        "sessions": sessions(verdicts).to_dict("records"),
        "states": _states(verdicts),
        **{of: _of(votes_of(verdicts, of, class_names), of, known, retirement) for of in (DETECTION, OBJECT)},
    }
    return {name: _plain(value) for name, value in told.items()}


def _states(verdicts: pd.DataFrame) -> dict[str, int]:
    said = standing(verdicts)["verdict"] if len(verdicts) else pd.Series(dtype="str")
    return {state: int((said == state).sum()) for state in (UNSURE, *LATER)}


def _of(votes: Votes, of: Of, known: pd.DataFrame, retirement: Retirement) -> dict[str, Any]:
    """Return what is said of the votes on detections, or on objects."""
    truth = _truth(votes, of, known)
    found = consensus(votes, truth)
    others, gold = said_without(votes, found, truth), gold_tables(votes, truth)
    differs, compared = votes.label != others, others != UNLABELLED
    snr = known["snr"].reindex(votes.table["candidate_id"]).to_numpy(np.float64)
    people = []
    for place, name in enumerate(votes.people):
        mine = votes.person == place
        both = mine & compared
        people.append({
            "person": str(name),
            "votes": int(mine.sum()),
            "agrees": asdict(rate(float((~differs[both]).sum()), float(both.sum()))),
            "by_consensus": _by_class(votes, found.expected[place]),
            "by_gold": _by_class(votes, gold[place]),
            "snr_slope": asdict(snr_slope(differs[both], snr[both])),
        })  # fmt: skip
    states = retirement.states(votes.counts)
    return {
        "items": {state: int((states == state).sum()) for state in (RETIRED, OPEN, UNDECIDED)},
        "people": people,
        "pairs": [asdict(pair) for pair in pair_agreements(votes)],
        "fleiss_kappa": fleiss_kappa(votes.counts),
    }


def _truth(votes: Votes, of: Of, known: pd.DataFrame) -> NDArray[np.int64]:
    """Return the known class of each detection that was shown as hidden gold; -1 of the others, and of objects."""
    if of == OBJECT:  # labels are of detections, and an object may have the id of some other one's detection
        return np.full(len(votes.items), UNLABELLED)
    labels = known["label"].reindex(votes.items).fillna(UNLABELLED).to_numpy(np.int64)
    return np.where(votes.gold, labels, UNLABELLED)


def _by_class(votes: Votes, table: NDArray[np.floating]) -> dict[str, Any]:
    return {name: asdict(one) for name, one in zip(votes.class_names, class_rates(table), strict=True)}


def _plain(value: object) -> object:
    """Return nested values as those of JSON; what is not a number is None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value
