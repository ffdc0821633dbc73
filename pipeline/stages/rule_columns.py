"""The columns of scored rows that expressions of a survey look at: vetoes, overrides, axes of diagrams."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.io.results.cutout_file import open_cutouts
from pipeline.scores.deciding_rules import DecidingRules

BATCH = 16_384
"""Rows of features that are read at once."""


def rule_columns(rows: pd.DataFrame, rules: DecidingRules, files: Sequence[Path]) -> dict[str, NDArray[np.generic]]:
    """Return the columns that rules name, each ``(n,)``.

    Parameters
    ----------
    rows : DataFrame
        The scored rows with the columns of their candidates.
    rules : DecidingRules
        Vetoes and overrides.
    files : sequence of Path
        Cutout files or data sets of the rows; the features of a table are columns as well.

    Raises
    ------
    SettingsError
        If a rule names a column that neither the rows nor the features have.
    """
    columns = named_columns(rows, rules.columns, files)
    rules.require(known_columns(rows, columns))
    return columns


def named_columns(rows: pd.DataFrame, names: frozenset[str], files: Sequence[Path]) -> dict[str, NDArray[np.generic]]:
    """Return those of some columns that there are, each ``(n,)``.

    Parameters
    ----------
    rows : DataFrame
        The scored rows with the columns of their candidates.
    names : frozenset of str
        Which columns.
    files : sequence of Path
        Cutout files or data sets of the rows; the features of a table are columns as well, and come before columns
        of their name.
    """
    features = _features(rows["candidate_id"], files, names)
    return {**{name: rows[name].to_numpy() for name in names - features.keys() if name in rows}, **features}


def known_columns(rows: pd.DataFrame, found: Collection[str]) -> list[str]:
    """Return the names of what expressions may look at: numeric columns of the rows, and those that were found."""
    return [*(str(name) for name in rows if pd.api.types.is_numeric_dtype(rows[name])), *found]


def _features(ids: pd.Series, files: Sequence[Path], wanted: frozenset[str]) -> dict[str, NDArray[np.float32]]:
    """Return features of tables as columns of the rows; NaN for rows that no file holds."""
    found: dict[str, NDArray[np.float32]] = {}
    for path in files if wanted else ():
        with open_cutouts(path) as file:
            channels = list(file.header.channels)
            names = sorted(wanted.intersection(channels)) if file.header.is_table else []
            if not names:
                continue
            place = pd.Series(np.arange(len(file)), index=file.candidates(columns=("candidate_id",))["candidate_id"])
            at = ids.map(place[~place.index.duplicated()]).to_numpy(dtype=np.float64)
            for part, pixels in file.batches(BATCH):
                here = (at >= part.start) & (at < part.stop)
                for name in names:
                    values = found.setdefault(name, np.full(len(ids), np.nan, dtype=np.float32))
                    values[here] = pixels[(at[here] - part.start).astype(np.int64), 0, 0, channels.index(name)]
    return found
