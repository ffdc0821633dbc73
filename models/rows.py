"""Which rows of a data set teach, which judge, and how much each weighs."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.recipes import ClassifierRecipe
from pipeline.datasets.choice import DataSet
from pipeline.errors import DataSetError

log = logging.getLogger(__name__)


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
        Weight in the loss; 0 leaves a row out.
    counts : mapping
        Rows used by class name, by ``label_source`` and by ``kind``.
    """

    part: str
    labels: NDArray[np.int64]
    weights: NDArray[np.float32]
    counts: Mapping[str, object]

    @property
    def used(self) -> NDArray[np.bool_]:
        """Return which rows take part, ``(n,)``."""
        return self.weights > 0


def select_rows(dataset: DataSet, recipe: ClassifierRecipe) -> tuple[PartRows, PartRows]:
    """Return the rows of the training and of the validation part.

    Raises
    ------
    DataSetError
        When a class has no usable row in one of them.
    """
    train, validation = dataset.candidates("train"), dataset.candidates("validation")
    source_weight = _source_weights(train, recipe.label_source_weight)
    trusted = ~validation["label_source"].isin(recipe.untrusted).to_numpy() & (validation["label"].to_numpy() >= 0)
    names = tuple(dataset.class_names)
    by_class = _class_weights(train["label"].to_numpy(), source_weight, recipe.class_weight, len(names))
    return (
        _part_rows("train", train, source_weight, by_class, names),
        _part_rows("validation", validation, trusted.astype(np.float64), by_class, names, recipe.untrusted),
    )


def _source_weights(candidates: pd.DataFrame, weights: Mapping[str, float]) -> NDArray[np.float64]:
    """Return the weight of each row by its label's source, 0 for unlabelled ones."""
    by_source = candidates["label_source"].map(lambda source: weights.get(source, 1.0)).to_numpy(dtype=np.float64)
    return np.asarray(by_source * (candidates["label"].to_numpy() >= 0))


def _class_weights(
    labels: NDArray[np.integer], weights: NDArray[np.float64], rule: str, n_classes: int
) -> NDArray[np.float64]:
    """Return one weight a class; ``balanced`` gives each class the same sum, the mean weight staying 1."""
    if rule == "none":
        return np.ones(n_classes)
    used = weights > 0
    sums = np.bincount(labels[used].astype(np.int64), weights=weights[used], minlength=n_classes)
    return np.asarray(sums.sum() / (n_classes * np.maximum(sums, 1e-12)))


def _part_rows(
    part: str,
    candidates: pd.DataFrame,
    row_weights: NDArray[np.float64],
    by_class: NDArray[np.float64],
    class_names: tuple[str, ...],
    untrusted: tuple[str, ...] = (),
) -> PartRows:
    labels = candidates["label"].to_numpy().astype(np.int64)
    used = row_weights > 0
    present = np.bincount(labels[used], minlength=len(class_names))
    absent = [name for name, count in zip(class_names, present, strict=False) if count == 0]
    if absent:
        listed = ", ".join(f"{count} {name}" for name, count in zip(class_names, present, strict=False))
        raise DataSetError(
            f"the {part} part has no usable row of class {', '.join(absent)}; it has {listed}"
            + _left_out(candidates[~used], class_names, untrusted)
        )
    weights = np.where(used, row_weights * by_class[np.maximum(labels, 0)], 0.0).astype(np.float32)
    log.info("%s: %d of %d rows are used", part, int(used.sum()), len(labels))
    counts = {
        "class": {name: int(count) for name, count in zip(class_names, present, strict=False)},
        "label_source": _value_counts(candidates["label_source"][used]),
        "kind": _value_counts(candidates["kind"][used]),
    }
    return PartRows(part=part, labels=labels, weights=weights, counts=counts)


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
