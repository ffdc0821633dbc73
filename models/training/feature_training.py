"""Training a scikit-learn classifier on the physical features of the cutouts.

Tested by tests/models/training/test_train.py.
"""

import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.graphs.trees import SMALLEST_SHARE, from_sklearn, logit_of
from models.inputs.contract import InputContract
from models.inputs.metadata import MetadataScaling, features_of
from models.recipes.classifier import ClassifierRecipe
from models.recipes.schedules import AfterEpoch, go_on
from models.registry import CLASSIFIERS
from models.training import batches
from models.training.fitted import Progress
from models.training.rows import PartRows, scaling_of
from models.weights import graph_sha256
from pipeline.datasets.dataset import DataSet
from pipeline.errors import IncompatiblePackageError

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class FittedFeatures:
    """A trained estimator of physical features, ready to be measured and written.

    Attributes
    ----------
    estimator : scikit-learn classifier
        Fitted on ``(n, f)``.
    channels : tuple of str
        Channels that the features are measured on.
    n_features : int
        Columns.
    threads : int
        Cores that trained it.
    scaling : MetadataScaling or None
        Of the metadata that stands behind the features, if any does.
    table : None
        It takes no table.
    """

    estimator: Any
    channels: tuple[str, ...]
    n_features: int
    threads: int
    scaling: MetadataScaling | None = None
    table: None = None

    def logits(self, pixels: NDArray[np.float32], metadata: NDArray[np.float32] | None = None) -> NDArray[np.float64]:
        """Return the logits of selected raw pixels: ``(n, 1)`` for two classes, else log-probabilities.

        Raw metadata, ``(n, k)``, stands beside them if it takes any.
        """
        probabilities = self.estimator.predict_proba(self.inputs(pixels, metadata))
        if probabilities.shape[1] == 2:
            return logit_of(probabilities)[:, None]
        return np.asarray(np.log(np.maximum(probabilities, SMALLEST_SHARE)))

    def export(self, directory: Path) -> dict[str, Any]:
        """Write ``model.onnx``, from features to logits; return what its description says of it."""
        graph = from_sklearn(self.estimator, self.n_features)
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

    def inputs(self, pixels: NDArray[np.float32], metadata: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Return what ``model.onnx`` takes, ``(n, f)``: the features of some pixels, and the metadata behind them."""
        return features_of(pixels, self.channels, metadata, self.scaling)


def fit(
    dataset: DataSet,
    contract: InputContract,
    recipe: ClassifierRecipe,
    rows: tuple[PartRows, PartRows],
    *,
    seed: int,
    workdir: Path,  # noqa: ARG001
    progress: Progress,
    after_epoch: AfterEpoch = go_on,  # noqa: ARG001
) -> tuple[FittedFeatures, pd.DataFrame]:
    """Measure the training rows block by block and fit the recipe's estimator.

    A killed fit starts over; it takes seconds to minutes. There are no epochs after which ``after_epoch`` could be
    called. Parameters as in `models.training.network_training.fit`.

    Returns
    -------
    fitted : FittedFeatures
    history : DataFrame
        One row: ``epoch rows features seconds``.
    """
    smallest = CLASSIFIERS.metadata(recipe.classifier)["minimum_size_pixel"]
    if contract.size_pixel < smallest:
        raise IncompatiblePackageError(
            f"{recipe.classifier} needs cutouts of at least {smallest} pixels a side; given {contract.size_pixel}"
        )
    started = time.monotonic()
    scaling = scaling_of(recipe, rows[0], dataset.class_names)
    features, labels, weights = _measured(dataset, contract, rows[0], progress, scaling)
    os.environ.setdefault("LOKY_MAX_CPU_COUNT", str(recipe.threads))
    progress(0.6, f"fitting {recipe.classifier} on {len(labels)} rows of {features.shape[1]} features")
    estimator = CLASSIFIERS[recipe.classifier](seed, **recipe.settings)
    estimator.fit(features, labels, sample_weight=weights)
    progress(1.0, f"fitted {recipe.classifier} on {len(labels)} rows")
    seconds = round(time.monotonic() - started, 3)
    log.info("fitted %s on %d rows of %d features in %.1f s", recipe.classifier, *features.shape, seconds)
    history = pd.DataFrame([{"epoch": 1, "rows": len(labels), "features": features.shape[1], "seconds": seconds}])
    fitted = FittedFeatures(
        estimator=estimator,
        channels=contract.channels,
        n_features=features.shape[1],
        threads=recipe.threads,
        scaling=scaling,
    )
    return fitted, history


def _measured(
    dataset: DataSet, contract: InputContract, rows: PartRows, progress: Progress, scaling: MetadataScaling | None
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
    """Return features, labels and weights of the usable rows of a part."""
    features, labels, weights = [], [], []
    for block in batches.blocks(dataset, contract, rows):
        features.append(features_of(block.pixels, contract.channels, block.metadata, scaling))
        labels.append(block.labels)
        weights.append(block.weights)
        done = sum(len(part) for part in labels)
        progress(0.6 * done / max(len(rows.labels), 1), f"measured {done} cutouts")
    return np.concatenate(features), np.concatenate(labels), np.concatenate(weights)
