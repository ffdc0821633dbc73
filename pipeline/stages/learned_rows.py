"""Which scored rows a model learned from: by the package that scored them, else by the data set among the rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from pipeline.classes import LEARNED_PARTS, LEFT_OUT, PARTS, TEST
from pipeline.errors import InputError
from pipeline.io.packages.training_ids import TrainingIds, read_training_ids

DATASET_PART: Final = "dataset_part"
"""Column of a row's part in the data sets among the rows, as in ``split``; -1 where it is in none."""

_UNKNOWN: Final = -2
"""Part of a row of which neither a package nor a data set tells."""


def learned_parts(
    scores: Mapping[str, pd.DataFrame], named: Sequence[Path] = (), found: Sequence[Path] = ()
) -> dict[str, pd.Series]:
    """Return by model of which part, as in ``split``, each scored row is to the package that scored it.

    Parameters
    ----------
    scores : mapping of str to DataFrame
        As `pipeline.stages.scored_rows.scores_with_candidates` returns them. Where ``model`` is not stated, every named
        package is taken to have scored the row.
    named : sequence of Path
        Packages that a user says have made the scores.
    found : sequence of Path
        Packages that may have made them: believed by name alone.

    Returns
    -------
    dict of str to Series
        0 and 1 where the model learned from the row in training or validation, -1 where it did not, -2 where nobody
        can tell. What a package says holds; where none does, what the data set says.

    Raises
    ------
    InputError
        If a named package made none of the scores.
    MissingInputError, InputError, IncompatiblePackageError
        If a file of a package is missing, was changed or added.
    """
    asserted = [read_training_ids(folder) for folder in named]
    others = [read_training_ids(folder) for folder in found]
    _require_used(named, [name for name, _ in asserted], scores)
    return {model: _parts(table, asserted, others) for model, table in scores.items()}


def left_out_rows(table: pd.DataFrame, parts: pd.Series) -> dict[str, pd.Series]:
    """Return, by part, which rows are left out because the model learned from them.

    Rows that the scores themselves state to be of training or validation stay: a report shows them as such.
    """
    stated = _stated(table)
    shown = stated.isin([PARTS[name] for name in LEARNED_PARTS])
    return {name: (parts == PARTS[name]) & ~shown for name in LEARNED_PARTS}


def unknown_rows(table: pd.DataFrame, parts: pd.Series) -> pd.Series:
    """Return of which rows nobody can tell whether the model learned from them, the scores' own part included."""
    return (parts == _UNKNOWN) & (_stated(table) < 0)


def _stated(table: pd.DataFrame) -> pd.Series:
    """Return the part that the scores state for each row, -1 where they state none."""
    return table["split"].fillna(LEFT_OUT) if "split" in table else pd.Series(LEFT_OUT, index=table.index)


def _models(table: pd.DataFrame) -> pd.Series:
    """Return the name of the package that scored each row, empty where none is stated."""
    return table["model"].fillna("").astype(str) if "model" in table else pd.Series("", index=table.index)


def _parts(
    table: pd.DataFrame,
    named: Sequence[tuple[str, TrainingIds | None]],
    found: Sequence[tuple[str, TrainingIds | None]],
) -> pd.Series:
    model = _models(table)
    parts = pd.Series(np.int8(_UNKNOWN), index=table.index)
    scored = [(ids, model.isin(["", name])) for name, ids in named] + [(ids, model == name) for name, ids in found]
    for ids, mine in scored:
        if ids is not None and mine.any():
            parts[mine] = _earlier(parts[mine], ids.part_of(table.loc[mine, "candidate_id"]))
    silent = (model == "") & any(ids is None for _, ids in named)
    parts[silent & (parts == LEFT_OUT)] = _UNKNOWN
    if DATASET_PART in table:
        told = table[DATASET_PART].where(table[DATASET_PART] < TEST, LEFT_OUT)
        parts = parts.where((parts != _UNKNOWN) | (_stated(table) >= 0), told)
    return parts.astype(np.int8)


def _earlier(one: pd.Series, other: pd.Series) -> pd.Series:
    """Return the earlier part of two that a row was learned in, else the larger: what is known over what is not."""
    both = np.where((one >= 0) & (other >= 0), np.minimum(one, other), np.maximum(one, other))
    return pd.Series(both.astype(np.int8), index=one.index)


def _require_used(folders: Sequence[Path], names: Sequence[str], scores: Mapping[str, pd.DataFrame]) -> None:
    """Refuse a named package that made none of the scores: what it learned from says nothing of them."""
    models = {name for table in scores.values() for name in _models(table)}
    for folder, name in zip(folders, names, strict=True):
        if "" not in models and name not in models:
            raise InputError(
                f"{folder} is the package {name}, which made none of the scores: these are by "
                f"{', '.join(sorted(models))}; name the package that made them with --packages"
            )
