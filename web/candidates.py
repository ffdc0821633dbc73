"""The candidates that the page shows: their columns, read once, and the file of their pixels.

Tested by tests/web/test_candidates.py.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.io.results.cutout_file import CutoutFile, ImageFile
from pipeline.io.results.cutout_header import CutoutHeader
from pipeline.io.results.scores_file import read_scores

_OF_SCORES: Final = ("score", "score_std", "entropy", "bald", "label_predicted", "flags", "model", "reason", "verdict")
_READ: Final = (
    "candidate_id", "object_id", "night", "time_mjd", "magnitude", "magnitude_error", "band", "snr", "fwhm_pixel",
    "flux_sign", "kind", "label", "label_source", "flags", "edge_fraction", "nan_fraction", "host_offset_arcsec",
)  # fmt: skip
"""Columns that are read of all candidates when the page is opened; the others are read of one at a time."""


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """The candidates of a night, a data set or a report.

    Attributes
    ----------
    title : str
        What they are, for the head of the page.
    survey : str
        Name of the survey.
    rows : DataFrame
        One row each, in the order of the file, with columns of the candidates and their scores; a column that is
        missing was not measured. The index is 0 to n - 1, and ``place`` is the row in the file.
    header : CutoutHeader
        Of the file, without planes of variance.
    cutouts : Path
        The cutout file or data set.
    package : str
        The model that scored them; empty if there are no scores.
    orders : mapping of str to ndarray of int64
        Further queues: the numbers of their rows, the first to look at first.
    """

    title: str
    survey: str
    rows: pd.DataFrame
    header: CutoutHeader
    cutouts: Path
    package: str
    orders: Mapping[str, NDArray[np.int64]]

    @cached_property
    def tag(self) -> str:
        """What says which candidates the numbers of rows are of: another file or choice of rows gives another one."""
        status = self.cutouts.stat()
        found = hashlib.sha256(f"{self.cutouts} {status.st_size} {status.st_mtime_ns}".encode())
        found.update(pd.util.hash_array(self.rows["candidate_id"].to_numpy(object)).tobytes())
        return found.hexdigest()[:12]

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each candidate id."""
        return dict(zip(self.rows["candidate_id"].to_list(), range(len(self.rows)), strict=True))

    @cached_property
    def numbers(self) -> dict[str, NDArray[Any]]:
        """The columns of numbers, for sorting and conditions; not the label, which would decide what people say."""
        kinds = {name: self.rows[name] for name in self.rows if name not in ("place", "label")}
        return {name: column.to_numpy() for name, column in kinds.items() if pd.api.types.is_numeric_dtype(column)}

    @property
    def has_scores(self) -> bool:
        """Whether any row has a score."""
        return bool(np.isfinite(self.rows["score"]).any())

    def all_of(self, row: int) -> dict[str, Any]:
        """Return every column of one candidate, those of its scores as well."""
        place = int(self.rows["place"].iloc[row])
        with CutoutFile(self.cutouts) as file:
            found = _record(file.candidates(slice(place, place + 1)), 0)
        return found | _record(self.rows.drop(columns="place"), row)


def _record(table: pd.DataFrame, row: int) -> dict[str, Any]:
    """Return a row by column; each number has the type of its column."""
    return {str(name): column.iloc[row] for name, column in table.items()}


def read_candidates(
    cutouts: Path,
    scores: Path | None = None,
    *,
    title: str = "",
    night: str = "",
    only: NDArray[np.int64] | None = None,
    lists: Mapping[str, list[str]] | None = None,
) -> Candidates:
    """Return the candidates of a cutout file or data set with their scores; no pixel is read.

    Parameters
    ----------
    cutouts : Path
        The file.
    scores : Path, optional
        Their scores; candidates without one stay, with the score NaN.
    title : str
        What they are; by default the file's name.
    night : str
        Only the candidates of this night; empty for all.
    only : ndarray of int64, optional
        Only these rows of the file.
    lists : mapping of str to list of str, optional
        Further queues, as the ids of their candidates; ids of others are left out.

    Raises
    ------
    InputError
        If the file is of a table, which has no pictures, or holds a candidate twice.
    """
    with ImageFile(cutouts) as file:
        header = file.header
        if header.is_table:
            raise InputError(f"{cutouts} holds rows of a table; allowed on the eyeball page: cutouts or images")
        rows = file.candidates(columns=(*_READ, *header.metadata)).assign(place=np.arange(len(file)))
    twice = rows["candidate_id"][rows["candidate_id"].duplicated()]
    if len(twice):
        raise InputError(f"{cutouts}: candidate {twice.iloc[0]!r} appears twice; allowed: once")
    if only is not None:
        rows = rows.iloc[only]
    if night:
        rows = rows[rows["night"] == night]
    rows = _scored(rows.reset_index(drop=True), scores)
    models = sorted({*rows["model"].dropna().astype(str)} - {""}) if "model" in rows else []
    found = Candidates(
        title=title or cutouts.name, survey=header.survey, rows=rows, header=header, cutouts=cutouts,
        package=", ".join(models), orders={},
    )  # fmt: skip
    return with_lists(found, lists or {})


def with_lists(candidates: Candidates, lists: Mapping[str, list[str]]) -> Candidates:
    """Return candidates with queues of the ids that lists name, each in the order of its list."""
    if not lists:
        return candidates
    row_of = candidates.row_of
    orders = {name: np.array([row_of[i] for i in ids if i in row_of], np.int64) for name, ids in lists.items()}
    return Candidates(**{**vars_of(candidates), "orders": {**candidates.orders, **orders}})


def vars_of(candidates: Candidates) -> dict[str, Any]:
    """Return the attributes of candidates by name."""
    return {name: getattr(candidates, name) for name in Candidates.__dataclass_fields__}


def _scored(rows: pd.DataFrame, scores: Path | None) -> pd.DataFrame:
    """Return rows with the columns of their scores; without a file the score is NaN."""
    if scores is None:
        return rows.assign(score=np.nan)
    found = read_scores(scores)
    own = [name for name in found if name in _OF_SCORES or str(name).startswith("p_")]
    found = found.drop_duplicates("candidate_id")[["candidate_id", *own]]
    kept = rows.drop(columns=[name for name in own if name in rows])
    joined = kept.merge(found, on="candidate_id", how="left", validate="one_to_one")
    if "flags" in own:
        joined["flags"] = joined["flags"].fillna(rows["flags"]).astype(np.int32)
    return joined
