"""Rows of many classes with their probabilities, for one weighting of the rows or for thousands at once.

Tested by tests/pipeline/metrics/test_class_metrics.py.
"""

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.metrics.class_rows import checked_classes, predicted_class
from pipeline.metrics.curves import Curves, ratio


class ClassSample:
    """Labelled rows with probabilities, and the weight of every row in r weightings at once.

    Parameters
    ----------
    labels : array_like, shape (n,)
        Index of the class, 0 to k - 1.
    probabilities : array_like, shape (n, k)
        The probability of each class.
    weights : ndarray of float64, shape (r, n), optional
        One weighting per row; by default one row of ones.
    predicted : array_like of int, shape (n,), optional
        The class that each row is called; by default the most probable one.

    Raises
    ------
    InputError
        As raised by `checked_classes`.
    """

    def __init__(
        self,
        labels: ArrayLike,
        probabilities: ArrayLike,
        weights: NDArray[np.float64] | None = None,
        predicted: ArrayLike | None = None,
    ) -> None:
        self.labels, self.probabilities = checked_classes(labels, probabilities)
        self.weights = np.ones((1, len(self.labels))) if weights is None else np.asarray(weights, dtype=np.float64)
        called = predicted_class(self.probabilities) if predicted is None else predicted
        self.predicted: NDArray[np.int64] = np.asarray(called, dtype=np.int64)

    @property
    def n_classes(self) -> int:
        """Number of classes, k."""
        return int(self.probabilities.shape[1])

    @cached_property
    def confusion(self) -> NDArray[np.float64]:
        """Weight by true class and called class, ``(r, k, k)``."""
        k = self.n_classes
        cells = self.labels * k + self.predicted
        sums = [np.bincount(cells, weights=row, minlength=k * k) for row in self.weights]
        return np.array(sums, dtype=np.float64).reshape(len(self.weights), k, k)

    @cached_property
    def n(self) -> NDArray[np.float64]:
        """Weight of all rows, ``(r,)``."""
        return self.weights.sum(axis=1)

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """Which classes have rows at all, ``(k,)``."""
        return np.bincount(self.labels, minlength=self.n_classes) > 0

    def mean(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weighted mean, ``(r,)``, of one value per row, ``(n,)``."""
        return ratio(self.weights @ values, self.n)

    def one_against_rest(self, index: int) -> Curves:
        """Return the rows of a class as real and those of all others as bogus, scored by the class's probability."""
        return Curves((self.labels == index).astype(np.int64), self.probabilities[:, index], self.weights)
