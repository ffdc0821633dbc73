"""The columns of scored rows that vetoes and overrides of a survey look at."""

from collections.abc import Sequence
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
    columns: dict[str, NDArray[np.generic]] = {name: rows[name].to_numpy() for name in rules.columns if name in rows}
    columns |= _features(rows["candidate_id"], files, rules.columns - columns.keys())
    rules.require([*(name for name in rows if pd.api.types.is_numeric_dtype(rows[name])), *columns])
    return columns


def _features(ids: pd.Series, files: Sequence[Path], wanted: frozenset[str]) -> dict[str, NDArray[np.float64]]:
    """Return features of tables as columns of the rows; NaN for rows that no file holds."""
    found: dict[str, NDArray[np.float64]] = {}
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
                    values = found.setdefault(name, np.full(len(ids), np.nan))
                    values[here] = pixels[(at[here] - part.start).astype(np.int64), 0, 0, channels.index(name)]
    return found
