"""Which class is called what: counts of many classes, all of them or those above a threshold of confidence."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.metrics.class_rows import checked_classes, predicted_class
from pipeline.metrics.curves import ratio


@dataclass(frozen=True, kw_only=True)
class ClassConfusion:
    """The classes of rows against the classes that they are called.

    Attributes
    ----------
    counts : ndarray of int64, (k, k)
        Rows by true class (first axis) and called class (second axis).
    dropped : ndarray of int64, (k,)
        Rows of each true class that were called nothing, because no probability reached the threshold.
    threshold : float
        The least probability of the called class.
    """

    counts: NDArray[np.int64]
    dropped: NDArray[np.int64]
    threshold: float

    @property
    def shares(self) -> NDArray[np.float64]:
        """Counts over the called rows of the true class, ``(k, k)``; each row adds up to 1, or is NaN without rows."""
        called = self.counts.sum(axis=1, keepdims=True).astype(np.float64)
        return ratio(self.counts.astype(np.float64), np.broadcast_to(called, self.counts.shape))

    @property
    def kept(self) -> float:
        """Share of all rows that are called something; NaN without rows."""
        called = int(self.counts.sum())
        total = called + int(self.dropped.sum())
        return called / total if total else float("nan")


def class_confusion(labels: ArrayLike, probabilities: ArrayLike, *, threshold: float = 0.0) -> ClassConfusion:
    """Return the confusion of the most probable class, of the rows where it is probable enough.

    Parameters
    ----------
    labels : array_like, shape (n,)
        Index of the class, 0 to k - 1.
    probabilities : array_like, shape (n, k)
        The probability of each class.
    threshold : float
        Rows whose largest probability is below it are called nothing.

    Raises
    ------
    InputError
        As raised by `checked_classes`.
    """
    label, chances = checked_classes(labels, probabilities)
    n_classes = chances.shape[1]
    kept = chances.max(axis=1) >= threshold
    return ClassConfusion(
        counts=counts_of(label[kept], predicted_class(chances[kept]), n_classes),
        dropped=np.bincount(label[~kept], minlength=n_classes).astype(np.int64),
        threshold=threshold,
    )


def counts_of(labels: ArrayLike, predicted: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Return how many rows of each class are called each class, ``(k, k)``.

    Parameters
    ----------
    labels, predicted : array_like of int, shape (n,)
        True and called class of each row, 0 to k - 1.
    n_classes : int
        How many classes there are.

    Examples
    --------
    >>> counts_of([0, 1, 1], [0, 1, 0], 2).tolist()
    [[1, 0], [1, 1]]
    """
    cells = np.asarray(labels, dtype=np.int64) * n_classes + np.asarray(predicted, dtype=np.int64)
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes).astype(np.int64)
