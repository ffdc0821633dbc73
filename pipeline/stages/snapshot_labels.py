"""Labels that people agreed on until a moment: of detections and of objects, each for itself."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.classes import CLASS_NAMES, UNLABELLED, label_names
from pipeline.datasets.relabelling import SOURCE
from pipeline.io.tables.label_file import read_labels
from pipeline.io.tables.label_snapshot import COLUMNS, IDS, write_snapshot
from pipeline.labels.references import DETECTION, OBJECT, Of
from pipeline.people.consensus import Consensus, consensus, labels_of
from pipeline.people.retirement import Retirement
from pipeline.people.votes import Votes, votes_of
from pipeline.recipes.people_labels import PeopleLabels, utc

log = logging.getLogger(__name__)
SCHEMA: Final = 1
"""Version of ``people.json`` and of the tables beside it."""


def snapshot_labels(
    directory: Path, verdicts: pd.DataFrame, rules: PeopleLabels, class_names: Sequence[str] = CLASS_NAMES
) -> dict[str, int]:
    """Write the labels that people agreed on into a folder, and return how many detections and objects have one.

    Parameters
    ----------
    directory : Path
        The folder, which exists.
    verdicts : DataFrame
        The table of verdicts (docs/formats.md#verdicts); later ones than ``rules.until`` do not count.
    rules : PeopleLabels
        Which verdicts become labels.
    class_names : sequence of str
        The survey's classes, at the index of their codes.

    Raises
    ------
    InputError
        If a verdict is no class of the survey, or the file of hidden gold is none.
    """
    counted = verdicts_until(verdicts, rules.until)
    gold = gold_of(rules.gold, class_names)
    tables, about = {}, {}
    for of in (DETECTION, OBJECT):
        votes = votes_of(counted, of, class_names)
        truth = truth_of(votes, gold if of == DETECTION else pd.Series(dtype="int64"))
        found = consensus(votes, truth)
        tables[of] = _labelled(votes, found, rules, of)
        about[of] = _facts(votes, found)
    last = int(counted["verdict_id"].max()) if len(counted) else 0
    write_snapshot(
        directory, tables, {"schema": SCHEMA, "until": utc(rules.until).isoformat(), "last_verdict_id": last, **about}
    )
    counts = {of: int((table["label"] != "").sum()) for of, table in tables.items()}
    log.info("labels of %d detections and %d objects by %d verdicts", *counts.values(), len(counted))
    return counts


def verdicts_until(verdicts: pd.DataFrame, until: str) -> pd.DataFrame:
    """Return the verdicts, and what undid some of them, that were given until a moment."""
    at = pd.to_datetime(verdicts["at_utc"], utc=True, format="ISO8601")
    return verdicts[at <= utc(until)]


def gold_of(file: str, class_names: Sequence[str]) -> pd.Series:
    """Return the classes that a label file states of hidden gold, codes by candidate id; none without a file."""
    if not file:
        return pd.Series(dtype="int64")
    table = read_labels(file, class_names=class_names)
    return table[table["label"] >= 0].set_index("candidate_id")["label"]


def truth_of(votes: Votes, gold: pd.Series) -> NDArray[np.int64]:
    """Return the class of each item that was shown as hidden gold, ``(items,)``; -1 of others, and if unknown."""
    known = gold.reindex(votes.items).fillna(UNLABELLED).to_numpy(np.int64)
    return np.where(votes.gold, known, UNLABELLED)


def _labelled(votes: Votes, found: Consensus, rules: PeopleLabels, of: Of) -> pd.DataFrame:
    """Return each item with what people agree on, sorted by id; hidden gold, whose class is known, is left out."""
    number, code = votes.counts.sum(1), labels_of(found, rules.certainty)
    ranked = np.sort(votes.counts, axis=1)
    settled = (number >= rules.least_votes) & (ranked[:, -1] > ranked[:, -2])  # a tie waits for one more vote
    code = np.where(settled, code, UNLABELLED)
    names = {**label_names(votes.class_names), UNLABELLED: ""}
    best = found.by_votes.argmax(1) if len(found.by_votes) else np.zeros(0, np.intp)
    rows = np.arange(len(best))
    table = pd.DataFrame({
        IDS[of]: votes.items.to_numpy(object),
        "label": np.array([names[int(value)] for value in code], object),
        "label_source": np.where(code != UNLABELLED, SOURCE, "").astype(object),
        "probability": found.by_votes[rows, best],
        "votes": number,
        "agreeing": votes.counts[rows, best],
        "state": Retirement(agreeing=rules.agreeing, most=rules.most).states(votes.counts),
        "verdict_id": votes.table.groupby("item")["verdict_id"].max().reindex(votes.items).to_numpy("int64"),
    })  # fmt: skip
    return table.loc[~votes.gold, [IDS[of], *COLUMNS]].reset_index(drop=True)


def _facts(votes: Votes, found: Consensus) -> Mapping[str, object]:
    """Return how each person judges by what all agree on, and the share of each class."""
    return {
        "class_names": list(votes.class_names),
        "prior": [round(float(share), 6) for share in found.prior],
        "settled": found.settled,
        "people": {
            str(name): {
                "votes": int((votes.person == place).sum()),
                "confusion": found.confusion[place].round(6).tolist(),
            }
            for place, name in enumerate(votes.people)
        },
    }
