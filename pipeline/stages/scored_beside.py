"""What packages beside the classifiers of a report say of the judged rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.classes import LEARNED_PARTS, LEFT_OUT, PARTS
from pipeline.errors import InputError
from pipeline.io.packages.training_ids import read_training_ids
from pipeline.io.results.scores_file import read_scores
from pipeline.stages.packages_beside import PackageBeside


@dataclass(frozen=True, kw_only=True)
class ScoredBeside:
    """What a package says of the judged rows.

    Attributes
    ----------
    rows : DataFrame
        The judged rows with its scores, NaN where it gave none or learned from the row, and its verdicts if it gives
        any.
    learned : mapping of str to int
        How many of them it learned from, by part.
    says_what_it_learned : bool
        Whether it states what it learned from; an imported one does not.
    """

    rows: pd.DataFrame
    learned: Mapping[str, int]
    says_what_it_learned: bool


def scored_beside(judged: pd.DataFrame, package: PackageBeside) -> ScoredBeside:
    """Return the judged rows with the scores of another package, without those that it learned from.

    Parameters
    ----------
    judged : DataFrame
        With ``candidate_id``; verdicts of another classifier are not among its columns.
    package : PackageBeside
        The package with its scores; rows that are not among them have the score NaN.

    Raises
    ------
    InputError
        If it scored none of the judged rows.
    """
    table = read_scores(package.scores).drop_duplicates("candidate_id").set_index("candidate_id")
    ids = judged["candidate_id"]
    if len(judged) and not ids.isin(table.index).any():
        raise InputError(f"{package.scores} has none of the {len(judged)} judged rows")
    _, learned = read_training_ids(package.folder)
    part = np.full(len(judged), LEFT_OUT) if learned is None else learned.part_of(ids).to_numpy()
    score = table["score"].reindex(ids).to_numpy(float)
    verdicts = {name: table[name].reindex(ids).fillna("").to_numpy() for name in ("verdict",) if name in table}
    return ScoredBeside(
        rows=judged.assign(score=np.where(part == LEFT_OUT, score, np.nan), **verdicts),
        learned={name: int((part == PARTS[name]).sum()) for name in LEARNED_PARTS},
        says_what_it_learned=learned is not None and len(learned) > 0,
    )
