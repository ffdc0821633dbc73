"""A data set out of cutout files: read their columns, choose rows, stream the pixels."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.datasets import choose_rows
from pipeline.errors import InputError
from pipeline.io.cutout_file import CutoutHeader, open_cutouts
from pipeline.io.dataset_file import write_dataset
from pipeline.recipes import DatasetRecipe

log = logging.getLogger(__name__)
_COLUMNS = ("candidate_id", "object_id", "group_id", "night", "ra_deg", "dec_deg", "label", "label_source")


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
        If the files differ in survey, channels or size.
    DataSetError
        If a part lacks a class.
    """
    header = _common_header(sources)
    choice = choose_rows(*_read_columns(sources), recipe, linked_within_arcsec, fold)
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
    frames, digests = [], []
    for index, source in enumerate(sources):
        with open_cutouts(source) as file:
            rows = file.candidates(columns=_COLUMNS)
            place = {"source": np.full(len(rows), index, np.int32), "row": np.arange(len(rows), dtype=np.int32)}
            frames.append(rows.assign(**place))
            digests.append(file.pixel_digests())
    return pd.concat(frames, ignore_index=True), np.concatenate(digests)
