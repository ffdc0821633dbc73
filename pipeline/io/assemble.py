"""A data set out of cutout files: read their columns, choose rows, stream the pixels."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from pipeline.datasets import choose_rows
from pipeline.errors import InputError
from pipeline.io.cutout_file import CutoutHeader, open_cutouts
from pipeline.io.dataset_file import write_dataset
from pipeline.io.relabel_file import read_relabels
from pipeline.recipes import DatasetRecipe
from pipeline.relabelling import relabel

log = logging.getLogger(__name__)
_COLUMNS = ("candidate_id", "object_id", "group_id", "night", "ra_deg", "dec_deg", "label", "label_source")
_SHARED_WORDS = ("night",)


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
    choice = choose_rows(*_relabelled(*_read_columns(sources), recipe), recipe, linked_within_arcsec, fold)
    write_dataset(
        path,
        header,
        sources=sources,
        chosen=choice.chosen,
        dropped=choice.dropped,
        fingerprint=fingerprint,
        provenance=provenance,
    )
    counts = choice.chosen.groupby(["split", "label"]).size().to_dict()
    log.info("data set of %d rows, (part, label): %s; dropped %s", len(choice.chosen), counts,
             choice.dropped["reason"].value_counts().to_dict())  # fmt: skip


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


def _read_columns(sources: list[Path]) -> tuple[pd.DataFrame, NDArray[np.uint64]]:
    """Return the columns that decide, and each row's hash of its pixels; a column is whole before the next is read."""
    counts = [_length(source) for source in sources]
    columns: dict[str, Any] = {name: _column(sources, name) for name in _COLUMNS}
    columns["source"] = np.repeat(np.arange(len(sources), dtype=np.int32), counts)
    columns["row"] = np.concatenate([np.arange(count, dtype=np.int32) for count in counts])
    return pd.DataFrame(columns), np.concatenate([_digests(source) for source in sources])


def _relabelled(
    rows: pd.DataFrame, digests: NDArray[np.uint64], recipe: DatasetRecipe
) -> tuple[pd.DataFrame, NDArray[np.uint64]]:
    """Return the rows with the recipe's new labels; their groups, and so their parts, stay as they are."""
    if recipe.relabel:
        rows = relabel(rows, read_relabels(recipe.relabel), recipe.relabel)
    return rows, digests


def _length(source: Path) -> int:
    with open_cutouts(source) as file:
        return len(file)


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
