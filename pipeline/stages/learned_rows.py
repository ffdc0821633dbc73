"""Which scored rows a model learned from, as its package says, or else the data set that holds the rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from pipeline.classes import LEARNED_PARTS, LEFT_OUT, PARTS, TEST
from pipeline.errors import InputError
from pipeline.io.packages.training_ids import TrainingIds, read_training_ids

DATASET_PART: Final = "dataset_part"
"""Column with the part of a row in the data sets that hold it, coded as in ``split``; -1 if it is in none."""

_UNKNOWN: Final = -2
"""Code of a row of which neither a package nor a data set says whether it was learned from."""


def learned_parts(
    scores: Mapping[str, pd.DataFrame], named: Sequence[Path] = (), found: Sequence[Path] = ()
) -> dict[str, pd.Series]:
    """Return, by model, the part (coded as in ``split``) that each scored row had in the training of that model.

    Parameters
    ----------
    scores : mapping of str to DataFrame
        As `pipeline.stages.scored_rows.scores_with_candidates` returns them. If a row does not state its ``model``,
        every package in ``named`` counts as the one that scored it.
    named : sequence of Path
        Packages that the user names as those that made the scores.
    found : sequence of Path
        Packages that may have made them; each counts only for rows that state its name.

    Returns
    -------
    dict of str to Series
        0 or 1 if the model learned from the row in training or validation, -1 if it did not, -2 if that is not known.
        The package decides; if it does not say, the data set does.

    Raises
    ------
    InputError
        If a named package made none of the scores.
    MissingInputError, InputError, IncompatiblePackageError
        If a file of a package is missing, has been changed or has been added.
    """
    asserted = [read_training_ids(folder) for folder in named]
    others = [read_training_ids(folder) for folder in found]
    _require_used(named, [name for name, _ in asserted], scores)
    return {model: _parts(table, asserted, others) for model, table in scores.items()}


def left_out_rows(table: pd.DataFrame, parts: pd.Series) -> dict[str, pd.Series]:
    """Return, by part, which rows are left out because the model learned from them.

    Rows that the scores themselves state to be training or validation rows are kept: a report shows them as such.
    """
    stated = _stated(table)
    shown = stated.isin([PARTS[name] for name in LEARNED_PARTS])
    return {name: (parts == PARTS[name]) & ~shown for name in LEARNED_PARTS}


def unknown_rows(table: pd.DataFrame, parts: pd.Series) -> pd.Series:
    """Return the rows of which neither packages, data sets nor the scores say whether the model learned from them."""
    return (parts == _UNKNOWN) & (_stated(table) < 0)


def _stated(table: pd.DataFrame) -> pd.Series:
    """Return the part that the scores state for each row; -1 if they state none."""
    return table["split"].fillna(LEFT_OUT) if "split" in table else pd.Series(LEFT_OUT, index=table.index)


def _models(table: pd.DataFrame) -> pd.Series:
    """Return the name of the package that scored each row; empty if none is stated."""
    return table["model"].fillna("").astype(str) if "model" in table else pd.Series("", index=table.index)


def _parts(
    table: pd.DataFrame,
    named: Sequence[tuple[str, TrainingIds | None]],
    found: Sequence[tuple[str, TrainingIds | None]],
) -> pd.Series:
    model = _models(table)
    parts = pd.Series(np.int8(_UNKNOWN), index=table.index)
    scored = [(ids, model.isin(["", name])) for name, ids in named] + [(ids, model == name) for name, ids in found]
    for ids, rows in scored:
        if ids is not None and rows.any():
            parts[rows] = _earlier(parts[rows], ids.part_of(table.loc[rows, "candidate_id"]))
    silent = (model == "") & any(ids is None for _, ids in named)
    parts[silent & (parts == LEFT_OUT)] = _UNKNOWN
    if DATASET_PART in table:
        of_dataset = table[DATASET_PART].where(table[DATASET_PART] < TEST, LEFT_OUT)
        parts = parts.where((parts != _UNKNOWN) | (_stated(table) >= 0), of_dataset)
    return parts.astype(np.int8)


def _earlier(one: pd.Series, other: pd.Series) -> pd.Series:
    """Return the earlier of two parts in which a row was learned; else the larger code, so that known beats unknown."""
    both = np.where((one >= 0) & (other >= 0), np.minimum(one, other), np.maximum(one, other))
    return pd.Series(both.astype(np.int8), index=one.index)


def _require_used(folders: Sequence[Path], names: Sequence[str], scores: Mapping[str, pd.DataFrame]) -> None:
    """Refuse a named package that made none of the scores: what it learned from says nothing about them."""
    models = {name for table in scores.values() for name in _models(table)}
    for folder, name in zip(folders, names, strict=True):
        if "" not in models and name not in models:
            raise InputError(
                f"{folder} is the package {name}, which made none of the scores; they were made by "
                f"{', '.join(sorted(models))}: name the package that made them with --packages"
            )
