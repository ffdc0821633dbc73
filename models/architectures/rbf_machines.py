"""Support vector machines with Gaussian kernels, one class against the rest, as one classifier of k classes.

Tested by tests/models/training/test_table_training.py.
"""

import logging
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)


class RbfMachines:
    """One machine a class, or a single one for two classes; their distances are logits, which calibration scales.

    Parameters
    ----------
    seed : int
        Of the choice of rows where there are more than ``rows``.
    cost : float
        Of a row on the wrong side, above 0.
    gamma : float
        Inverse square width of the kernel, in units of 1 over the number of features.
    rows : int
        Training rows at most.

    Attributes
    ----------
    machines : list of sklearn.svm.SVC
        After `fit`: of classes 0 ... k - 1, or of class 1 alone where there are two.
    learned_rows : int
        Rows that they learned from.
    """

    def __init__(self, *, seed: int, cost: float, gamma: float, rows: int) -> None:
        self.seed, self.cost, self.gamma, self.rows = seed, cost, gamma, rows
        self.machines: list[Any] = []
        self.learned_rows = 0

    def fit(self, features: NDArray[np.float32], labels: NDArray[np.int64], sample_weight: NDArray[np.float32]) -> Self:
        """Fit on features ``(n, f)``, class indices ``(n,)`` and weights ``(n,)``; return itself."""
        from sklearn.svm import SVC

        chosen = self._chosen(labels)
        self.learned_rows = len(chosen)
        features, labels, sample_weight = features[chosen], labels[chosen], sample_weight[chosen]
        n_classes = int(labels.max()) + 1
        self.machines = [
            SVC(C=self.cost, gamma=self.gamma / features.shape[1], cache_size=500).fit(
                features, labels == index, sample_weight=sample_weight
            )
            for index in (range(n_classes) if n_classes > 2 else [1])
        ]
        return self

    def decision_function(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the distance of each row from the border of each class, ``(n, k)``; ``(n, 1)`` of two classes."""
        return np.stack([machine.decision_function(features) for machine in self.machines], axis=1)

    def _chosen(self, labels: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return which rows are learned from, of each class its share, at least one."""
        if len(labels) <= self.rows:
            return np.arange(len(labels))
        rng = np.random.default_rng(self.seed)
        order = rng.permutation(len(labels))
        parts = [order[labels[order] == index] for index in np.unique(labels)]
        chosen = np.concatenate([part[: max(1, len(part) * self.rows // len(labels))] for part in parts])
        log.info("support vector machines learn from %d of %d rows", len(chosen), len(labels))
        return np.sort(chosen)
