"""Training a scikit-learn classifier on the physical features of the cutouts.

Tested by tests/models/training/test_train.py.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.architectures.rules import RuleCuts
from models.graphs.cuts_graph import cuts_graph
from models.graphs.keras_graph import Graph
from models.graphs.table_graph import boosting_graph
from models.graphs.trees import from_sklearn
from models.inputs.contract import InputContract
from models.inputs.image_sampling import MEASURED_ROWS, measured_fwhm
from models.inputs.metadata import MetadataScaling, features_of
from models.recipes.classifier import ClassifierRecipe
from models.recipes.schedules import AfterEpoch, go_on
from models.registry import CLASSIFIERS
from models.training import batches
from models.training.estimators import FittedEstimator, fitted
from models.training.fitted import Progress
from models.training.rows import PartRows, scaling_of
from models.training.trimming import groups_of
from pipeline.datasets.dataset import DataSet
from pipeline.errors import IncompatiblePackageError


@dataclass(frozen=True, kw_only=True)
class FittedFeatures(FittedEstimator):
    """A trained estimator of physical features.

    Attributes
    ----------
    channels : tuple of str
        Channels that the features are measured on.
    fwhm_pixel : float
        Typical FWHM of the training images' PSF, in pixels; NaN where it could not be measured.
    """

    channels: tuple[str, ...]
    fwhm_pixel: float

    def seen(self, pixels: NDArray[np.float32], metadata: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Return the features of selected raw pixels, ``(n, f)``, and the metadata behind them."""
        return features_of(pixels, self.channels, metadata, self.scaling, self.fwhm_pixel)

    def graph(self) -> Graph:
        """Return the graph from features to logits."""
        if isinstance(self.estimator, RuleCuts):
            return cuts_graph(self.estimator.cuts, self.n_features)
        if self._is_of_histograms:
            return boosting_graph(self.estimator, self.n_features)
        return from_sklearn(self.estimator, self.n_features)

    def logits(self, pixels: NDArray[np.float32], metadata: NDArray[np.float32] | None = None) -> NDArray[np.float64]:
        """Return the logits of selected raw pixels; those of cuts are no logarithms of probabilities."""
        if isinstance(self.estimator, RuleCuts):
            return self.estimator.logits(self.seen(pixels, metadata))[:, None]
        if self._is_of_histograms:
            seen = self.seen(pixels, metadata)
            return np.asarray(self.estimator.decision_function(seen), np.float64).reshape(len(seen), -1)
        return super().logits(pixels, metadata)

    def export(self, directory: Path) -> dict[str, Any]:
        """Write ``model.onnx``; return what its description says of it."""
        return {**super().export(directory), "fwhm_pixel": self.fwhm_pixel}

    @property
    def _is_of_histograms(self) -> bool:
        """Tell whether its trees sum up to logits, which no probability has to be turned into."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return isinstance(self.estimator, HistGradientBoostingClassifier)


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
        As from `models.training.estimators.fitted`.
    """
    smallest = CLASSIFIERS.metadata(recipe.classifier)["minimum_size_pixel"]
    if contract.size_pixel < smallest:
        raise IncompatiblePackageError(
            f"{recipe.classifier} needs cutouts of at least {smallest} pixels a side; given {contract.size_pixel}"
        )
    started = time.monotonic()
    scaling = scaling_of(recipe, rows[0], dataset.class_names)
    fwhm_pixel = _fwhm_of(dataset, contract, rows[0])
    learns = not CLASSIFIERS.metadata(recipe.classifier).get("learns_nothing", False)
    measured = _measured(dataset, contract, rows[0], progress, scaling, fwhm_pixel) if learns else _nothing(contract)
    n_features = measured[0].shape[1]
    progress(0.6, f"fitting {recipe.classifier} on {len(measured[0])} rows of {n_features} features")
    groups = groups_of(dataset.candidates(rows[0].part))[rows[0].used]
    estimator, history = fitted(recipe, measured, seed, progress, started, groups)
    found = FittedFeatures(
        estimator=estimator,
        channels=contract.channels,
        fwhm_pixel=fwhm_pixel,
        n_features=n_features,
        threads=recipe.threads,
        scaling=scaling,
    )
    return found, history


def _fwhm_of(dataset: DataSet, contract: InputContract, rows: PartRows) -> float:
    """Return the typical FWHM of the PSF in the first training rows of each class, NaN where it is not known."""
    left = np.full(len(dataset.class_names), MEASURED_ROWS)

    def first() -> Iterator[NDArray[np.float32]]:
        for block in batches.blocks(dataset, contract, rows):
            for label in range(len(left)):
                chosen = np.flatnonzero(block.labels == label)[: left[label]]
                left[label] -= len(chosen)
                yield block.pixels[chosen]

    return measured_fwhm(first(), contract.channels, most=int(left.sum()))


def _measured(
    dataset: DataSet,
    contract: InputContract,
    rows: PartRows,
    progress: Progress,
    scaling: MetadataScaling | None,
    fwhm_pixel: float,
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
    """Return features, labels and weights of the usable rows of a part."""
    features, labels, weights = [], [], []
    for block in batches.blocks(dataset, contract, rows):
        features.append(features_of(block.pixels, contract.channels, block.metadata, scaling, fwhm_pixel))
        labels.append(block.labels)
        weights.append(block.weights)
        done = sum(len(part) for part in labels)
        progress(0.6 * done / max(len(rows.labels), 1), f"measured {done} cutouts")
    return np.concatenate(features), np.concatenate(labels), np.concatenate(weights)


def _nothing(contract: InputContract) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
    """Return features, labels and weights of no rows, for what learns nothing."""
    from pipeline.features import feature_names  # it takes a while to load, which networks need not

    width = len(feature_names(contract.channels))
    return np.zeros((0, width), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32)
