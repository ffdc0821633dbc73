"""Vetoes of a survey: conditions on the columns of a row that forbid to call it a class."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.expressions.expression import Expression, parse_condition
from pipeline.io.results.cutout_file import open_cutouts

BATCH = 16_384
"""Rows of features that are read at once."""


def vetoed_rows(
    rows: pd.DataFrame, vetoes: Mapping[str, str], files: Sequence[Path], class_names: Sequence[str]
) -> dict[int, NDArray[np.bool_]]:
    """Return, by class, which rows its veto forbids to be called so, each ``(n,)``.

    Parameters
    ----------
    rows : DataFrame
        The scored rows with the columns of their candidates.
    vetoes : mapping of str to str
        A condition for the name of each class that has one.
    files : sequence of Path
        Cutout files or data sets of the rows; the features of a table are columns as well.
    class_names : sequence of str
        Names of the classes, by their numbers.

    Raises
    ------
    SettingsError
        If a condition is none, or names a column that neither the rows nor the features have.
    """
    conditions = {name: parse_condition(text, f"vetoes: {name}") for name, text in vetoes.items()}
    wanted = {name for one in conditions.values() for name in one.names}
    columns = {name: rows[name].to_numpy() for name in wanted if name in rows}
    columns |= _features(rows["candidate_id"], files, wanted - columns.keys())
    known = [*(name for name in rows if pd.api.types.is_numeric_dtype(rows[name])), *columns]
    return {
        list(class_names).index(name): _holds(one, columns, known, f"vetoes: {name}")
        for name, one in conditions.items()
    }


def _holds(
    one: Expression, columns: Mapping[str, NDArray[np.generic]], known: Sequence[str], where: str
) -> NDArray[np.bool_]:
    one.require(known, where)
    return one.holds(columns)


def _features(ids: pd.Series, files: Sequence[Path], wanted: set[str]) -> dict[str, NDArray[np.float64]]:
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
