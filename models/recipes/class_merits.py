"""How well the classes of some rows are told apart: precision, recall and F1 of each class, and their means.

They are what a training shows after each epoch; the classes are those of the data set, whether any row has them or not.

Tested by tests/models/recipes/test_class_merits.py.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.registry import Registry

MACRO_F1: Final = "macro_f1"


@dataclass(frozen=True, kw_only=True)
class ClassMerits:
    """Precision, recall and F1 of each class, each ``(k,)``; 0 where nothing was predicted or nothing is there.

    Attributes
    ----------
    precision, recall, f1 : ndarray of float64, shape (k,)
        By class index.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]


CLASS_MERITS: Registry[Callable[[ClassMerits], float]] = Registry("merit of classes")
"""One number of the merits of all classes, larger being better."""


@CLASS_MERITS.register(MACRO_F1)
def macro_f1(merits: ClassMerits) -> float:
    """Mean F1 of all classes."""
    return float(merits.f1.mean())


@CLASS_MERITS.register("macro_f1_without_first")
def macro_f1_without_first(merits: ClassMerits) -> float:
    """Mean F1 of all classes but the negative one, index 0."""
    return float(merits.f1[1:].mean())


@CLASS_MERITS.register("macro_precision")
def macro_precision(merits: ClassMerits) -> float:
    """Mean precision of all classes."""
    return float(merits.precision.mean())


@CLASS_MERITS.register("macro_recall")
def macro_recall(merits: ClassMerits) -> float:
    """Mean recall of all classes."""
    return float(merits.recall.mean())


def class_merits(labels: NDArray[np.integer], predicted: NDArray[np.integer], n_classes: int) -> ClassMerits:
    """Return precision, recall and F1 of each class.

    Parameters
    ----------
    labels, predicted : ndarray of int, shape (n,)
        Class indices, 0 ... k - 1.
    n_classes : int
        k, whichever of them are there.

    Examples
    --------
    >>> import numpy as np
    >>> class_merits(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), 3).recall.tolist()
    [0.5, 1.0, 0.0]
    """
    pairs = np.bincount(np.asarray(labels) * n_classes + np.asarray(predicted), minlength=n_classes**2)
    counts = pairs.reshape(n_classes, n_classes)
    hits, there, said = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    return ClassMerits(
        precision=hits / np.maximum(said, 1),
        recall=hits / np.maximum(there, 1),
        f1=2 * hits / np.maximum(there + said, 1),
    )


def history_columns(merits: ClassMerits, class_names: Sequence[str]) -> dict[str, float]:
    """Return the merits of an epoch by column: ``precision_<class>``, ``recall_<class>``, ``f1_<class>`` of each class.

    Parameters
    ----------
    merits : ClassMerits
        Of k classes.
    class_names : sequence of str
        Their names, index 0 first; see `safe_names`.
    """
    names = safe_names(class_names)
    return {
        f"{merit}_{name}": float(value)
        for merit in ("precision", "recall", "f1")
        for name, value in zip(names, getattr(merits, merit), strict=True)
    }


def safe_names(class_names: Sequence[str]) -> tuple[str, ...]:
    """Return names of classes as parts of a column's name: letters, digits and underscores, each name once.

    Parameters
    ----------
    class_names : sequence of str
        Any texts; names that would become equal get their index behind them.

    Examples
    --------
    >>> safe_names(["Round smooth", "Edge-on, no bulge", "a+b", "a-b"])
    ('Round_smooth', 'Edge_on_no_bulge', 'a_b_2', 'a_b_3')
    """
    plain = [re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_") or "class" for name in class_names]
    return tuple(name if plain.count(name) == 1 else f"{name}_{index}" for index, name in enumerate(plain))
