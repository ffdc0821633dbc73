"""A data set out of cutout files: read their columns, choose rows, stream the pixels."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from pipeline.cutouts import nearest_pixel
from pipeline.datasets import Nearness, RowIds, choose_rows
from pipeline.errors import InputError
from pipeline.io import schema
from pipeline.io.cutout_file import CutoutHeader, open_cutouts
from pipeline.io.dataset_file import write_dataset
from pipeline.io.relabel_file import read_relabels
from pipeline.io.source_columns import SourceColumns
from pipeline.recipes import DatasetRecipe
from pipeline.relabelling import relabel
from pipeline.row_texts import JoinedTexts

log = logging.getLogger(__name__)
_COLUMNS = ("night", "ra_deg", "dec_deg", "label", "label_source")
_PIXELS = ("x_pixel", "y_pixel")
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
    """Write the data set of a recipe from cutout files; its provenance says how the parts were kept apart.

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
        candidate=columns.texts("candidate_id"),
        object=columns.texts("object_id"),
        group=columns.texts("group_id"),
        image=JoinedTexts(columns.texts("exposure_id"), columns.texts("detector")),
    )
    rows = _read_columns(sources)
    if recipe.relabel:
        rows = relabel(rows, ids.candidate, read_relabels(recipe.relabel), recipe.relabel)
    near = Nearness(
        linked_arcsec=linked_within_arcsec, size_pixel=header.size_pixel, pixel_scale_arcsec=header.pixel_scale_arcsec
    )
    choice = choose_rows(rows, ids, recipe, near, fold)
    del rows
    provenance = {**provenance, schema.SEPARATION: choice.separation.facts()}
    write_dataset(
        path, header, columns=columns, names=ids.names, choice=choice, fingerprint=fingerprint, provenance=provenance
    )
    log.info("%s", choice.separation.words())
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
    for name in _PIXELS:
        columns[name] = np.concatenate([_centre(source, name) for source in sources])
    columns["first_label"] = columns["label"].to_numpy(np.int8)
    columns["digest"] = np.concatenate([_digests(source) for source in sources])
    return pd.DataFrame(columns, copy=False)


def _centre(source: Path, name: str) -> NDArray[np.float32]:
    """Return the pixels on which the cutouts are centred, along one axis; whole numbers need half the memory."""
    with open_cutouts(source) as file:
        return nearest_pixel(file.candidates(columns=(name,))[name]).astype(np.float32)


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
