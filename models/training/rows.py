"""Which rows of a data set teach, which judge, and how much each weighs."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.inputs.contract import InputContract
from models.inputs.metadata import MetadataScaling, fit_scaling, values_of, warn_where_unevenly_missing
from models.recipes.classifier import ClassifierRecipe
from pipeline.classes import LEARNED_PARTS
from pipeline.datasets.dataset import DataSet
from pipeline.errors import DataSetError
from pipeline.io.results.schema import WEIGHT

log = logging.getLogger(__name__)

BLOCK_ROWS: Final = 512
"""Rows read together: 24 MB of 63 x 63 x 3."""

TABLE_BLOCK_ROWS: Final = 65_536
"""Rows of a table read together: 5 MB of 20 features; rows are shuffled within them."""


@dataclass(frozen=True, kw_only=True)
class PartRows:
    """Labels and weights of all rows of one part, in the order of the part.

    Attributes
    ----------
    part : str
        ``train`` or ``validation``.
    labels : ndarray of int64, shape (n,)
        Class index, or -1.
    weights : ndarray of float32, shape (n,)
        Weight in the loss; 0 leaves a row out, as one whose pixels are missing altogether.
    counts : mapping
        Rows used by class name, by ``label_source`` and by ``kind``.
    metadata : ndarray of float32, shape (n, k), or None
        Raw columns that the recipe's ``metadata`` names, NaN = missing; None without such.
    """

    part: str
    labels: NDArray[np.int64]
    weights: NDArray[np.float32]
    counts: Mapping[str, object]
    metadata: NDArray[np.float32] | None = None

    @property
    def used(self) -> NDArray[np.bool_]:
        """Return which rows take part, ``(n,)``."""
        return self.weights > 0

    def first_metadata(self, count: int) -> NDArray[np.float32] | None:
        """Return the metadata of the first rows that take part, at most ``count``; None without such."""
        return None if self.metadata is None else self.metadata[self.used][:count]


def block_rows(dataset: DataSet) -> int:
    """Return how many rows of a data set are read together: more of a table, whose rows are small."""
    return BLOCK_ROWS if dataset.size_pixel > 1 else TABLE_BLOCK_ROWS


def scorable_rows(
    dataset: DataSet, contract: InputContract, parts: Sequence[str] = LEARNED_PARTS
) -> dict[str, NDArray[np.bool_]]:
    """Return which rows of some parts, of training and validation by default, have pixels to score, each ``(n,)``."""
    found = {}
    for part in parts:
        found[part] = np.zeros(len(dataset.candidates(part)), dtype=bool)
        for where, cutouts in dataset.batches(part, block_rows(dataset)):
            found[part][where] = contract.scorable(contract.select(cutouts, dataset.channels))
        if not found[part].all():
            log.info("%s: %d rows have no pixels in a required channel", part, int((~found[part]).sum()))
    return found


def select_rows(
    dataset: DataSet, recipe: ClassifierRecipe, scorable: Mapping[str, NDArray[np.bool_]] = MappingProxyType({})
) -> tuple[PartRows, PartRows]:
    """Return the rows of the training and of the validation part that are used.

    Parameters
    ----------
    dataset : DataSet
        Of which candidates alone are read.
    recipe : ClassifierRecipe
        Weights, and which label sources may not judge.
    scorable : mapping of str to ndarray of bool
        By part, which rows have pixels (`scorable_rows`); others take no part. All rows where a part is left out.

    Raises
    ------
    DataSetError
        When a class has no usable row in one of them.
    SettingsError
        When the data set lacks a column of the recipe's metadata.
    """
    train, validation = dataset.candidates("train"), dataset.candidates("validation")
    to_learn = scorable.get("train", np.ones(len(train), dtype=bool))
    to_judge = scorable.get("validation", np.ones(len(validation), dtype=bool))
    source_weight = _source_weights(train, recipe.label_source_weight) * _own_weights(train) * to_learn
    trusted = ~validation["label_source"].isin(recipe.untrusted).to_numpy() & (validation["label"].to_numpy() >= 0)
    names = tuple(dataset.class_names)
    by_class = _class_weights(train["label"].to_numpy(), source_weight, recipe.class_weight, len(names))
    parts = (
        _part_rows("train", train, to_learn, source_weight, by_class, names),
        _part_rows("validation", validation, to_judge, 1.0 * trusted, by_class, names, recipe.untrusted),
    )
    if recipe.metadata is None:
        return parts
    columns = recipe.metadata.columns
    return (
        replace(parts[0], metadata=values_of(train, columns)),
        replace(parts[1], metadata=values_of(validation, columns)),
    )


def scaling_of(recipe: ClassifierRecipe, rows: PartRows, class_names: Sequence[str]) -> MetadataScaling | None:
    """Return the scaling of the metadata, fitted on the training rows that are used; None for pixels alone.

    Raises
    ------
    DataSetError
        When a column has one value or none in these rows.
    """
    if recipe.metadata is None or rows.metadata is None:
        return None
    values, labels = rows.metadata[rows.used], rows.labels[rows.used]
    warn_where_unevenly_missing(values, labels, recipe.metadata.columns, class_names)
    return fit_scaling(values, recipe.metadata.columns)


def judging_rows(dataset: DataSet, recipe: ClassifierRecipe, contract: InputContract) -> PartRows:
    """Return the rows of the validation part that may judge: with pixels, and labelled by a trusted source.

    Raises
    ------
    DataSetError
        When a class has no such row.
    """
    return select_rows(dataset, recipe, scorable_rows(dataset, contract, ["validation"]))[1]


def _source_weights(candidates: pd.DataFrame, weights: Mapping[str, float]) -> NDArray[np.float64]:
    """Return the weight of each row by its label's source, 0 for unlabelled ones."""
    by_source = candidates["label_source"].map(lambda source: weights.get(source, 1.0)).to_numpy(dtype=np.float64)
    return np.asarray(by_source * (candidates["label"].to_numpy() >= 0))


def _own_weights(candidates: pd.DataFrame) -> NDArray[np.float64]:
    """Return the weight that the survey gives each row, 1 where it gives none.

    Raises
    ------
    DataSetError
        If a weight is missing, infinite or below 0.
    """
    if WEIGHT not in candidates:
        return np.ones(len(candidates))
    weights = candidates[WEIGHT].to_numpy(dtype=np.float64)
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong):
        first = candidates.iloc[wrong[0]]
        raise DataSetError(
            f"{len(wrong)} training rows have no weight that can be, the first {first['candidate_id']!r} with "
            f"{first[WEIGHT]:g}; allowed: finite, at least 0"
        )
    return weights


def _class_weights(
    labels: NDArray[np.integer], weights: NDArray[np.float64], rule: str, n_classes: int
) -> NDArray[np.float64]:
    """Return one weight per class.

    ``balanced`` gives each class the same sum, the mean weight staying 1. ``gotorb`` divides the inverse counts by
    their norm and the result by its largest, as gotorb does: the rarest class weighs 1 and another its share of it.
    """
    if rule == "none":
        return np.ones(n_classes)
    used = weights > 0
    sums = np.bincount(labels[used].astype(np.int64), weights=weights[used], minlength=n_classes)
    if rule == "gotorb":
        return np.asarray(np.maximum(sums, 1e-12).min() / np.maximum(sums, 1e-12))
    return np.asarray(sums.sum() / (n_classes * np.maximum(sums, 1e-12)))


def _part_rows(
    part: str,
    candidates: pd.DataFrame,
    scorable: NDArray[np.bool_],
    row_weights: NDArray[np.float64],
    by_class: NDArray[np.float64],
    class_names: tuple[str, ...],
    untrusted: tuple[str, ...] = (),
) -> PartRows:
    labels = candidates["label"].to_numpy().astype(np.int64)
    used = (row_weights > 0) & scorable
    present = np.bincount(labels[used], minlength=len(class_names))
    absent = [name for name, count in zip(class_names, present, strict=False) if count == 0]
    if absent:
        listed = ", ".join(f"{count} {name}" for name, count in zip(class_names, present, strict=False))
        raise DataSetError(
            f"the {part} part has no usable row of class {', '.join(absent)}; it has {listed}"
            + _without_pixels(candidates[~scorable])
            + _left_out(candidates[~used & scorable], class_names, untrusted)
        )
    weights = np.where(used, row_weights * by_class[np.maximum(labels, 0)], 0.0).astype(np.float32)
    log.info("%s: %d of %d rows are used", part, int(used.sum()), len(labels))
    counts = {
        "class": {name: int(count) for name, count in zip(class_names, present, strict=False)},
        "label_source": _value_counts(candidates["label_source"][used]),
        "kind": _value_counts(candidates["kind"][used]),
    }
    return PartRows(part=part, labels=labels, weights=weights, counts=counts)


def _without_pixels(rows: pd.DataFrame) -> str:
    """Return how many labelled rows have no pixels, if there are any."""
    count = int((rows["label"] >= 0).sum())
    return f"; {count} labelled rows have no pixels in a required channel" if count else ""


def _left_out(rows: pd.DataFrame, class_names: tuple[str, ...], untrusted: tuple[str, ...]) -> str:
    """Return of which label sources labelled rows of a part were not used, and which setting says so."""
    labelled = rows[rows["label"] >= 0]
    if not len(labelled):
        return ""
    groups = labelled.groupby(["label", "label_source"], observed=True).size()
    shown = ", ".join(f"{count} {class_names[label]} of {source!r}" for (label, source), count in groups.items())
    if not untrusted:
        return f"; not used: {shown}, by `label_source_weight` of the classifier recipe"
    return (
        f"; not used: {shown}, which never judge by `untrusted` of the classifier recipe. Label some rows otherwise, "
        "or, where there is nothing else, take a recipe that trusts them, such as drawn_boosting for drawn bogus"
    )


def _value_counts(column: pd.Series) -> dict[str, int]:
    return {str(value): int(count) for value, count in column.value_counts().sort_index().items()}
