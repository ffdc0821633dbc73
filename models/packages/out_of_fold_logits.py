"""Logits of training and validation rows, each by a training that did not learn from it: ``calibration_folds``.

Tested by tests/models/packages/test_out_of_fold_logits.py.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from pipeline.classes import LEARNED_PARTS
from pipeline.datasets.dataset import DataSet
from pipeline.datasets.refolded import refolded_fingerprint
from pipeline.errors import InputError
from pipeline.io.results.parquet_table import read_table
from pipeline.recipes.learned_fold import LearnedFold

LOGITS: Final = "logits.parquet"


def out_of_fold_logits(folders: Sequence[Path], dataset: DataSet) -> pd.DataFrame:
    """Return ``candidate_id label label_source held`` and the raw logits of the rows that judge any fold.

    Parameters
    ----------
    folders : sequence of Path
        The packages of all learned folds, in their order; what a fold judged, its training did not see.
    dataset : DataSet
        The whole, which they divide.

    Raises
    ------
    InputError
        If a package is of another data set or fold, or two judged the same row.
    """
    tables = []
    for number, folder in enumerate(folders, start=1):
        fold = LearnedFold(number=number, count=len(folders))
        learned = json.loads((folder / "package.json").read_bytes())["dataset_fingerprint"]
        if learned != refolded_fingerprint(dataset.fingerprint, fold):
            raise InputError(
                f"{folder} learned from data set {str(learned)[:12]!r}, not from the fold {fold} of "
                f"{dataset.fingerprint[:12]!r}; make it again"
            )
        tables.append(read_table(folder / LOGITS))
    rows = pd.concat(tables, ignore_index=True)
    twice = rows["candidate_id"].duplicated()
    if twice.any():
        raise InputError(f"candidate {rows['candidate_id'][twice].iloc[0]!r} was judged by two folds; make them again")
    return rows.assign(held=False)


def candidates_of(rows: pd.DataFrame, dataset: DataSet) -> pd.DataFrame:
    """Return the candidates of the training and the validation part that some rows are, in their order."""
    both = pd.concat([dataset.candidates(part) for part in LEARNED_PARTS], ignore_index=True)
    return both.drop_duplicates("candidate_id").set_index("candidate_id").loc[rows["candidate_id"]].reset_index()
