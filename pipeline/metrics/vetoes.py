"""Rules that take a row out of the class it is called, and what they change."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError
from pipeline.metrics.class_confusion import counts_of
from pipeline.metrics.curves import ratio


def apply_vetoes(
    predicted: ArrayLike, vetoed: Mapping[int, ArrayLike], *, n_classes: int, fallback: int = 0
) -> NDArray[np.int64]:
    """Return the called classes after each row that its class's rule vetoes is called the fallback class.

    Parameters
    ----------
    predicted : array_like of int, shape (n,)
        The class that each row is called; -1 is none, and stays so.
    vetoed : mapping of int to array_like of bool, shape (n,)
        For the index of a class, whether its rule forbids that a row is called so. Rules of other classes than the one
        that the row is called have no effect.
    n_classes : int
        How many classes there are.
    fallback : int
        The class that a vetoed row is called; it can have no rule itself.

    Raises
    ------
    InputError
        If a rule is of no class or of the fallback class, or has not one answer for each row.

    Examples
    --------
    >>> apply_vetoes([1, 1, 2], {1: [True, False, True]}, n_classes=3).tolist()
    [0, 1, 2]
    """
    before = np.asarray(predicted, dtype=np.int64)
    after = before.copy()
    if not 0 <= fallback < n_classes:
        raise InputError(f"fallback class {fallback}; allowed: 0 to {n_classes - 1}")
    for index, answers in vetoed.items():
        forbids = np.asarray(answers)
        if index == fallback or not 0 <= index < n_classes:
            raise InputError(
                f"a veto for class {index}; allowed: 0 to {n_classes - 1} without the fallback class {fallback}"
            )
        if forbids.shape != before.shape or forbids.dtype != np.bool_:
            raise InputError(
                f"the veto of class {index} has {forbids.dtype} {forbids.shape}; allowed: bool {before.shape}"
            )
        after[(before == index) & forbids] = fallback
    return after


def veto_effect(labels: ArrayLike, before: ArrayLike, after: ArrayLike, n_classes: int) -> pd.DataFrame:
    """Return precision, recall, F1 and false positive rate of each class before and after vetoes.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        Index of the class, 0 to k - 1.
    before, after : array_like of int, shape (n,)
        The class that each row is called before and after.
    n_classes : int
        How many classes there are.

    Returns
    -------
    DataFrame
        One row per class: ``class_index n_class n_vetoed``, and ``n_called precision recall f1 fpr`` with the endings
        ``_before`` and ``_after``. ``n_vetoed`` rows were called the class before and no longer are.
    """
    first, second = (_rates(labels, called, n_classes) for called in (before, after))
    was, now = np.asarray(before, dtype=np.int64), np.asarray(after, dtype=np.int64)
    lost = np.bincount(was[(was != now) & (was >= 0)], minlength=n_classes)
    table = pd.DataFrame(
        {
            "class_index": np.arange(n_classes),
            "n_class": np.bincount(np.asarray(labels, dtype=np.int64), minlength=n_classes),
            "n_vetoed": lost,
        }
    )
    return table.join(first.add_suffix("_before")).join(second.add_suffix("_after"))


def _rates(labels: ArrayLike, called: ArrayLike, n_classes: int) -> pd.DataFrame:
    label, guess = np.asarray(labels, dtype=np.int64), np.asarray(called, dtype=np.int64)
    truth = np.bincount(label, minlength=n_classes).astype(np.float64)
    counts = counts_of(label[guess >= 0], guess[guess >= 0], n_classes).astype(np.float64)
    right, guessed = np.diagonal(counts), counts.sum(axis=0)
    return pd.DataFrame(
        {
            "n_called": guessed.astype(np.int64),
            "precision": ratio(right, guessed),
            "recall": ratio(right, truth),
            "f1": np.where(truth > 0, ratio(2.0 * right, truth + guessed), np.nan),
            "fpr": ratio(guessed - right, truth.sum() - truth),
        }
    )
