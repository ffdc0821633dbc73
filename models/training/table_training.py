"""Training a classifier of scikit-learn on the features of a table.

Tested by tests/models/training/test_table_training.py.
"""

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.graphs.table_graph import table_graph
from models.graphs.trees import SMALLEST_SHARE, logit_of
from models.inputs.contract import InputContract
from models.inputs.metadata import MetadataScaling
from models.inputs.table_scaling import TableScaling
from models.recipes.classifier import ClassifierRecipe
from models.recipes.schedules import AfterEpoch, go_on
from models.registry import CLASSIFIERS
from models.training import batches
from models.training.fitted import Progress
from models.training.rows import PartRows
from models.training.table_rows import table_scaling
from models.weights import graph_sha256
from pipeline.cutouts.missing import HUGE
from pipeline.datasets.dataset import DataSet
from pipeline.errors import SettingsError

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class FittedTable:
    """A trained classifier of features, ready to be measured and written.

    Attributes
    ----------
    estimator : object
        Fitted on ``(n, f)`` features as it sees them.
    classifier : str
        Its name.
    n_features, n_classes : int
        f and k of the data set.
    threads : int
        Cores that trained it.
    table : TableScaling or None
        Of the features; None hands raw ones on, missing ones as NaN.
    """

    estimator: Any
    classifier: str
    n_features: int
    n_classes: int
    threads: int
    table: TableScaling | None = None
    scaling: MetadataScaling | None = None

    def logits(
        self,
        pixels: NDArray[np.float32],
        metadata: NDArray[np.float32] | None = None,  # noqa: ARG002
    ) -> NDArray[np.float64]:
        """Return the logits of rows ``(n, 1, 1, f)``: ``(n, 1)`` for two classes, else ``(n, k)``."""
        seen = seen_features(pixels, self.table)
        if hasattr(self.estimator, "decision_function"):
            return np.asarray(self.estimator.decision_function(seen), np.float64).reshape(len(seen), -1)
        probabilities = self.estimator.predict_proba(seen)
        if self.n_classes == 2:
            return logit_of(probabilities)[:, None]
        return np.asarray(np.log(np.maximum(probabilities, SMALLEST_SHARE)))

    def export(self, directory: Path) -> dict[str, Any]:
        """Write ``model.onnx``, from raw features to logits; return what its description says of it."""
        graph = table_graph(self.estimator, self.classifier, self.table, self.n_features, self.n_classes)
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


def seen_features(pixels: NDArray[np.float32], table: TableScaling | None) -> NDArray[np.float32]:
    """Return features as a classifier sees them, ``(n, f)``, of rows ``(n, 1, 1, f)``; NaN where nothing fills them."""
    features = pixels[:, 0, 0]
    if table is not None:
        return table.encoded(features)
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(features) <= np.float32(HUGE), features, np.float32(np.nan))


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
) -> tuple[FittedTable, pd.DataFrame]:
    """Fit the recipe's estimator on all training rows, which are held in memory.

    A killed fit starts over. Parameters as in `models.training.network_training.fit`.

    Returns
    -------
    fitted : FittedTable
    history : DataFrame
        One row: ``epoch rows features seconds``.

    Raises
    ------
    SettingsError
        When the data set is none of a table.
    """
    if contract.size_pixel != 1:
        raise SettingsError(
            f"{recipe.classifier} is of features; the data set has cutouts of {contract.size_pixel} pixels a side; "
            "take 'boosting' or a network"
        )
    started = time.monotonic()
    table = table_scaling(dataset, contract, rows[0], recipe.table or CLASSIFIERS.metadata(recipe.classifier)["table"])
    blocks = list(batches.blocks(dataset, contract, rows[0]))
    features = np.concatenate([seen_features(block.pixels, table) for block in blocks])
    labels = np.concatenate([block.labels for block in blocks])
    weights = np.concatenate([block.weights for block in blocks])
    progress(0.3, f"fitting {recipe.classifier} on {len(labels)} rows of {features.shape[1]} features")
    estimator = CLASSIFIERS[recipe.classifier](seed, **recipe.settings)
    estimator.fit(features, labels, sample_weight=weights)
    progress(1.0, f"fitted {recipe.classifier} on {len(labels)} rows")
    seconds = round(time.monotonic() - started, 3)
    log.info("fitted %s on %d rows of %d features in %.1f s", recipe.classifier, *features.shape, seconds)
    fitted = FittedTable(
        estimator=estimator,
        classifier=recipe.classifier,
        n_features=len(contract.channels),
        n_classes=len(dataset.class_names),
        threads=recipe.threads,
        table=table,
    )
    history = pd.DataFrame([{"epoch": 1, "rows": len(labels), "features": features.shape[1], "seconds": seconds}])
    return fitted, history
