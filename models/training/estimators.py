"""What training is for every estimator of scikit-learn, whatever rows become its features.

Tested by tests/models/training/test_table_training.py.
"""

import logging
import os
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.graphs.keras_graph import Graph
from models.graphs.trees import SMALLEST_SHARE, logit_of
from models.inputs.metadata import MetadataScaling
from models.inputs.table_scaling import TableScaling
from models.recipes.classifier import ClassifierRecipe
from models.registry import CLASSIFIERS
from models.training.fitted import Progress
from models.training.trimming import Rows, trimmed
from models.weights import graph_sha256

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class FittedEstimator(ABC):
    """A trained estimator, ready to be measured and written.

    Attributes
    ----------
    estimator : scikit-learn classifier
        Fitted on ``(n, f)`` features as it sees them, and class indices 0 ... k - 1.
    n_features : int
        Columns of the graph's input.
    threads : int
        Cores that trained it, at most.
    scaling : MetadataScaling or None
        Of the metadata that stands behind the features, if any does.
    table : TableScaling or None
        Of the features of a table; None hands raw ones on, or is of cutouts.
    """

    estimator: Any
    n_features: int
    threads: int
    scaling: MetadataScaling | None = None
    table: TableScaling | None = None

    @abstractmethod
    def seen(self, pixels: NDArray[np.float32], metadata: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Return the features of selected raw pixels, and of raw metadata ``(n, k)`` if it takes any."""

    @abstractmethod
    def graph(self) -> Graph:
        """Return the ONNX graph to logits."""

    def logits(self, pixels: NDArray[np.float32], metadata: NDArray[np.float32] | None = None) -> NDArray[np.float64]:
        """Return the logits of selected raw pixels: ``(n, 1)`` for two classes, else log-probabilities."""
        probabilities = self.estimator.predict_proba(self.seen(pixels, metadata))
        if probabilities.shape[1] == 2:
            return logit_of(probabilities)[:, None]
        return np.asarray(np.log(np.maximum(probabilities, SMALLEST_SHARE)))

    def export(self, directory: Path) -> dict[str, Any]:
        """Write ``model.onnx``; return what its description says of it."""
        graph = self.graph()
        (directory / "model.onnx").write_bytes(graph.SerializeToString())
        return {"posterior": [], "parameters": None, "weights_sha256": graph_sha256(graph)}

    def reference(
        self,
        directory: Path,  # noqa: ARG002
        pixels: NDArray[np.float32],
        metadata: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Return the logits by scikit-learn."""
        return self.logits(pixels, metadata).astype(np.float32)


def fitted(
    recipe: ClassifierRecipe,
    rows: Rows,
    seed: int,
    progress: Progress,
    started: float,
    groups: NDArray[Any],
) -> tuple[Any, pd.DataFrame]:
    """Fit a recipe's estimator on as many cores as the recipe says, at most; under co-teaching without doubtful rows.

    Parameters
    ----------
    recipe : ClassifierRecipe
        Of an estimator.
    rows : tuple of ndarray, shapes (n, f), (n,), (n,)
        Features, labels and weights.
    seed : int
        Of all that is random.
    progress : callable
        Called with the share done (0 ... 1) and a message.
    started : float
        When the training began, by ``time.monotonic``.
    groups : ndarray, shape (n,)
        Group of each row; co-teaching judges a row by models of other groups.

    Returns
    -------
    estimator : object
    history : DataFrame
        One row: ``epoch rows features seconds``; ``rows`` are those that it learned from.
    """
    from threadpoolctl import threadpool_limits

    os.environ.setdefault("LOKY_MAX_CPU_COUNT", str(recipe.threads))
    with threadpool_limits(limits=recipe.threads):
        if recipe.co_teaching is not None:
            rows = trimmed(rows, groups, recipe.co_teaching, partial(_fitted_on, recipe, seed), seed=seed)
        estimator = _fitted_on(recipe, seed, rows)
    features, labels, _ = rows
    learned = getattr(estimator, "learned_rows", len(labels))
    progress(1.0, f"fitted {recipe.classifier} on {learned} rows")
    seconds = round(time.monotonic() - started, 3)
    log.info(
        "fitted %s on %d of %d rows of %d features in %.1f s", recipe.classifier, learned, *features.shape, seconds
    )
    history = pd.DataFrame([{"epoch": 1, "rows": learned, "features": features.shape[1], "seconds": seconds}])
    return estimator, history


def _fitted_on(recipe: ClassifierRecipe, seed: int, rows: Rows) -> Any:
    """Return a recipe's estimator, fitted on some rows."""
    features, labels, weights = rows
    estimator = CLASSIFIERS[recipe.classifier](seed, **recipe.settings)
    spread = CLASSIFIERS.metadata(recipe.classifier).get("spreads_trees", False)
    if spread:
        estimator.set_params(n_jobs=recipe.threads)
    estimator.fit(features, labels, sample_weight=weights)
    if spread:
        estimator.set_params(n_jobs=None)  # predictions of several threads are summed in any order
    return estimator
