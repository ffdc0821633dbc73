"""A data set out of cutout files: read their columns, choose rows, stream the pixels."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from pipeline.datasets import RowIds, choose_rows
from pipeline.errors import InputError
from pipeline.io.cutout_file import CutoutHeader, open_cutouts
from pipeline.io.dataset_file import write_dataset
from pipeline.io.relabel_file import read_relabels
from pipeline.io.source_columns import SourceColumns
from pipeline.recipes import DatasetRecipe
from pipeline.relabelling import relabel

log = logging.getLogger(__name__)
_COLUMNS = ("night", "ra_deg", "dec_deg", "label", "label_source")
_SHARED_WORDS = ("night", "label_source")


def assemble(
    path: Path,
    *,
    sources: list[Path],
    recipe: DatasetRecipe,
    linked_within_arcsec: float,
    fold: int,
    fingerprint: str,
    provenance: Mapping[str, Any],
) -> None:
    """Write the data set of a recipe from cutout files.

    Raises
    ------
    InputError
        If the files differ in survey, channels or size, or a new label is of no row.
    DataSetError
        If a part lacks a class.
    """
    header = _common_header(sources)
    columns = SourceColumns(sources)
    ids = RowIds(
        candidate=columns.texts("candidate_id"), object=columns.texts("object_id"), group=columns.texts("group_id")
    )
    rows = _read_columns(sources)
    if recipe.relabel:
        rows = relabel(rows, ids.candidate, read_relabels(recipe.relabel), recipe.relabel)
    choice = choose_rows(rows, ids, recipe, linked_within_arcsec, fold)
    del rows
    write_dataset(
        path, header, columns=columns, names=ids.names, choice=choice, fingerprint=fingerprint, provenance=provenance
    )
    counts = choice.chosen.groupby(["split", "label"]).size().to_dict()
    log.info("data set of %d rows, (part, label): %s; dropped %s", len(choice.chosen), counts,
             choice.dropped["reason"].value_counts().loc[lambda number: number > 0].to_dict())  # fmt: skip


def _common_header(sources: list[Path]) -> CutoutHeader:
    if not sources:
        raise InputError("no cutout file was given")
    headers = []
    for source in sources:
        with open_cutouts(source) as file:
            headers.append(file.header)
        if headers[-1] != headers[0]:
            raise InputError(f"{source} does not fit {sources[0]}: {headers[-1]} against {headers[0]}")
    return headers[0]


def _read_columns(sources: list[Path]) -> pd.DataFrame:
    """Return the columns that decide, and each row's hash of its pixels; a column is whole before the next is read."""
    columns: dict[str, Any] = {name: _column(sources, name) for name in _COLUMNS}
    columns["digest"] = np.concatenate([_digests(source) for source in sources])
    return pd.DataFrame(columns, copy=False)


def _digests(source: Path) -> NDArray[np.uint64]:
    with open_cutouts(source) as file:
        return file.pixel_digests()


def _column(sources: list[Path], name: str) -> pd.Series | pd.Categorical:
    """Return one column of all files; words that many rows share are kept once."""
    parts = []
    for source in sources:
        with open_cutouts(source) as file:
            part = file.candidates(columns=(name,))[name]
        parts.append(part.astype("category") if name in _SHARED_WORDS else part)
    return union_categoricals(parts) if name in _SHARED_WORDS else pd.concat(parts, ignore_index=True)
