"""A data set from cutout files: read their columns, choose rows, stream the pixels."""

import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from pipeline.classes import GIVEN_PART, PART_NAMES
from pipeline.cutouts.extract import nearest_pixel
from pipeline.datasets.choice import Choice, choose_rows
from pipeline.datasets.divided_rows import FIRST_SOURCE, Nearness, RowIds
from pipeline.datasets.relabelling import judged, relabel
from pipeline.datasets.weighting import weighted
from pipeline.errors import InputError
from pipeline.ids.text_blocks import JoinedTexts
from pipeline.io.results import schema
from pipeline.io.results.dataset_file import write_dataset
from pipeline.io.results.source_columns import DIGEST, SourceColumns
from pipeline.io.tables.label_snapshot import Snapshot, read_snapshot
from pipeline.io.tables.relabel_file import read_relabels
from pipeline.io.tables.weight_file import read_weights
from pipeline.recipes.dataset import DatasetRecipe

log = logging.getLogger(__name__)
_PIXELS = ("x_pixel", "y_pixel")


def build_dataset(
    path: Path,
    *,
    sources: list[Path],
    recipe: DatasetRecipe,
    linked_within_arcsec: float,
    fold: int,
    fingerprint: str,
    provenance: Mapping[str, object],
    people: Path | None = None,
    of_objects: Collection[str] = (),
) -> None:
    """Write the data set of a recipe from cutout files; its provenance says how the parts were kept apart.

    The cutout files are opened one at a time, each of them twice: for its columns and for its pixels.

    Parameters
    ----------
    path : Path
        HDF5 file to write.
    sources : list of Path
        The cutout files: nights, simulations of them, and those that the recipe adds.
    recipe : DatasetRecipe
        Which rows are chosen, and how they are divided into parts.
    linked_within_arcsec : float
        Rows at most this far apart on the sky, in arcsec, belong to one group.
    fold : int
        The fold that is held out; 0 if the recipe has no folds.
    fingerprint : str
        The identity of the data set, which is written into the file.
    provenance : mapping
        How the data set came about, which is written into the file.
    people : Path, optional
        A folder that `SnapshotLabels` made, whose labels are preferred to those of the files.
    of_objects : collection of str
        Label sources that give labels to objects; see `pipeline.datasets.relabelling.judged`.

    Raises
    ------
    InputError
        If the files differ in survey, channels or size, or if no row has the id of a new label.
    DataSetError
        If a part lacks a class.
    """
    with SourceColumns(sources, path.parent) as columns:
        class_names = columns.header.class_names
        said = None if people is None else read_snapshot(people, class_names)
        rows = _labelled(columns, recipe, said, of_objects)
        choice = _choice(columns, rows, recipe, linked_within_arcsec, fold)
        write_dataset(
            path,
            columns=columns,
            names=_ids(columns).names,
            chosen=choice.chosen,
            dropped=choice.dropped,
            fingerprint=fingerprint,
            provenance={**provenance, schema.SEPARATION: choice.separation.facts()},
        )
    log.info("%s", choice.separation.words())
    log.info("data set of %d rows, %s; dropped %s", len(choice.chosen), shares(choice.chosen, class_names),
             choice.dropped["reason"].value_counts().loc[lambda number: number > 0].to_dict())  # fmt: skip


def shares(chosen: pd.DataFrame, class_names: Sequence[str]) -> str:
    """Return in one line how many rows of each class each part has, and which share of the part they are.

    Parameters
    ----------
    chosen : DataFrame
        ``split label`` of the rows of a data set.
    class_names : sequence of str
        The classes, at the index of their codes.

    Examples
    --------
    >>> shares(pd.DataFrame({"split": [0, 0, 1], "label": [0, 1, 1]}), ["star", "galaxy"])
    'train 2: star 1 (50.0 %), galaxy 1 (50.0 %); validation 1: star 0 (0.0 %), galaxy 1 (100.0 %)'
    """
    told = []
    for part, rows in chosen.groupby("split")["label"]:
        counts = np.bincount(rows, minlength=len(class_names))
        each = zip(class_names, counts, 100.0 * counts / len(rows), strict=True)
        listed = ", ".join(f"{name} {count} ({share:.1f} %)" for name, count, share in each)
        told.append(f"{PART_NAMES[int(part)]} {len(rows)}: {listed}")
    return "; ".join(told)


def _labelled(
    columns: SourceColumns, recipe: DatasetRecipe, said: Snapshot | None, of_objects: Collection[str]
) -> pd.DataFrame:
    """Return the columns that decide which rows are chosen, with the labels of people and of the recipe's file."""
    ids, rows = _ids(columns), _read_columns(columns)
    if said is not None:
        rows[FIRST_SOURCE] = rows["label_source"]
        rows = judged(rows, ids.candidate, ids.object, said.detections, said.objects, of_objects)
    if recipe.relabel:
        labels = read_relabels(recipe.relabel, columns.header.class_names)
        rows = relabel(rows, ids.candidate, labels, recipe.relabel)
    return rows


def _choice(
    columns: SourceColumns, rows: pd.DataFrame, recipe: DatasetRecipe, linked_within_arcsec: float, fold: int
) -> Choice:
    """Return the rows that a recipe chooses."""
    ids, class_names = _ids(columns), columns.header.class_names
    if recipe.split.by == "part":
        if GIVEN_PART not in columns.header.metadata:
            raise InputError(
                f"the data set is split by part, and {columns.sources[0].name} has no column {GIVEN_PART!r}; a "
                "survey of a table keeps it by `metadata: [part]`, from its column or from `parts` of its input"
            )
        rows[GIVEN_PART] = columns.whole(GIVEN_PART)
    if recipe.weights is not None:
        header = columns.header
        own = (columns.whole(schema.WEIGHT) if header.weighted else np.ones(len(rows))).astype(np.float32)
        rows["first_weight"] = own
        rows[schema.WEIGHT] = weighted(own, ids.candidate, read_weights(recipe.weights), recipe.weights.file)
    near = Nearness(
        linked_arcsec=linked_within_arcsec,
        size_pixel=columns.header.size_pixel,
        pixel_scale_arcsec=columns.header.pixel_scale_arcsec,
        has_pixels=not columns.header.is_table,
    )
    return choose_rows(rows, ids, recipe, near, fold, class_names)


def _ids(columns: SourceColumns) -> RowIds:
    return RowIds(
        candidate=columns.texts("candidate_id"),
        object=columns.texts("object_id"),
        group=columns.texts("group_id"),
        image=JoinedTexts(columns.texts("exposure_id"), columns.texts("detector")),
    )


def _read_columns(columns: SourceColumns) -> pd.DataFrame:
    """Return the columns that decide which rows are chosen, and the hash of each row's pixels.

    Each column is read to its end before the next, so that only one of them is in memory twice.
    """
    found: dict[str, object] = {"night": _shared_words(columns, "night")}
    found |= {name: columns.whole(name) for name in ("ra_deg", "dec_deg", "label")}
    found["label_source"] = _shared_words(columns, "label_source")
    for name in _PIXELS:
        found[name] = _centres(columns, name)
    found["first_label"] = np.asarray(found["label"]).astype(np.int8)
    found[DIGEST] = columns.whole(DIGEST)
    return pd.DataFrame(found, copy=False)


def _centres(columns: SourceColumns, name: str) -> NDArray[np.float32]:
    """Return the pixels on which the cutouts are centred, along one axis; whole numbers need half the memory."""
    parts = [nearest_pixel(columns.read(name, rows)).astype(np.float32) for rows in columns.spans()]
    return np.concatenate(parts or [np.zeros(0, np.float32)])


def _shared_words(columns: SourceColumns, name: str) -> pd.Categorical:
    """Return one column of words that many rows share, each kept once."""
    parts = [columns.read(name, rows).astype("category") for rows in columns.spans()]
    return union_categoricals(parts or [pd.Series([], dtype="str").astype("category")])
