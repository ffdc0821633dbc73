"""Scores joined with the columns of their candidates, and how the data sets that hold these keep their parts apart.

Tested by tests/pipeline/stages/test_binary_report_data.py.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.classes import LEFT_OUT
from pipeline.datasets.leakage import Separation
from pipeline.errors import InputError
from pipeline.ids.unmatched import warn_unmatched
from pipeline.io.results import schema
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.scores_file import read_scores
from pipeline.stages.learned_rows import DATASET_PART

log = logging.getLogger(__name__)


def scores_with_candidates(scores: Path, rows: Sequence[Path]) -> pd.DataFrame:
    """Return the rows of a scores file with the columns of their candidates, joined by ``candidate_id``.

    Parameters
    ----------
    scores : Path
        Parquet or CSV. A CSV with a column ``label`` needs no ``rows``.
    rows : sequence of Path
        Cutout files or data sets that hold the candidates; if several hold a candidate, the first counts.

    Returns
    -------
    DataFrame
        If ``rows`` includes data sets, there is a further column ``dataset_part``: the part of the candidate, coded as
        in ``split``, the lowest over all data sets; -1 if it is in none.

    Raises
    ------
    InputError
        If a scored candidate is in none of them, or if there are no ``rows`` and the scores have no labels.
    """
    table = read_scores(scores)
    if not rows:
        if "label" not in table:
            raise InputError(f"{scores} has no labels: name the cutout file or data set with --rows")
        return table
    tables = [_candidates(path) for path in rows]
    known = pd.concat(tables, ignore_index=True).drop_duplicates("candidate_id")
    absent = ~table["candidate_id"].isin(known["candidate_id"])
    if absent.any():
        raise InputError(
            f"{scores}: candidate_id {table['candidate_id'][absent].iloc[0]!r} and {int(absent.sum()) - 1} more "
            f"are in none of {', '.join(path.name for path in rows)}"
        )
    for path, candidates in zip(rows, tables, strict=True):
        if len(candidates) and not candidates["candidate_id"].isin(table["candidate_id"]).any():
            warn_unmatched(log, str(path), len(candidates), f"a candidate of {scores.name}")
    keep = [name for name in known if name == "candidate_id" or name not in table]
    joined = table.merge(known[keep], on="candidate_id", how="left", validate="many_to_one")
    parts = _dataset_parts(rows)
    if parts is None:
        return joined
    return joined.assign(**{DATASET_PART: joined["candidate_id"].map(parts).fillna(LEFT_OUT).astype(np.int8)})


def separations_of(rows: Sequence[Path]) -> list[Separation | None]:
    """Return how each data set among some files kept its parts from sharing pixels; None if it does not say."""
    found: list[Separation | None] = []
    for path in rows:
        with open_cutouts(path) as file:
            if file.is_dataset:
                facts = file.provenance.get(schema.SEPARATION)
                found.append(Separation.from_facts(facts) if facts else None)
    return found


def _dataset_parts(rows: Sequence[Path]) -> pd.Series | None:
    """Return the lowest part of each candidate over the data sets among ``rows``; None if there are no data sets."""
    found = []
    for path in rows:
        with open_cutouts(path) as file:
            if file.is_dataset:
                ids = file.candidates(columns=("candidate_id",))["candidate_id"]
                found.append(pd.Series(file.split()[0], index=ids.to_numpy()))
    return pd.concat(found).groupby(level=0).min() if found else None


def _candidates(path: Path) -> pd.DataFrame:
    with open_cutouts(path) as file:
        return file.candidates()
