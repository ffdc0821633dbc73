"""Training a classifier of scikit-learn on the features of a table.

Tested by tests/models/training/test_table_training.py.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.graphs.keras_graph import Graph
from models.graphs.table_graph import table_graph
from models.inputs.contract import InputContract
from models.inputs.table_scaling import TableScaling
from models.recipes.classifier import ClassifierRecipe
from models.recipes.schedules import AfterEpoch, go_on
from models.registry import CLASSIFIERS
from models.training import batches
from models.training.estimators import FittedEstimator, fitted
from models.training.fitted import Progress
from models.training.rows import PartRows
from models.training.table_rows import table_scaling
from models.training.trimming import groups_of
from pipeline.cutouts.missing import HUGE
from pipeline.datasets.dataset import DataSet
from pipeline.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class FittedTable(FittedEstimator):
    """A trained classifier of the features of a table.

    Attributes
    ----------
    classifier : str
        Its name.
    """

    classifier: str

    def seen(
        self,
        pixels: NDArray[np.float32],
        metadata: NDArray[np.float32] | None = None,  # noqa: ARG002
    ) -> NDArray[np.float32]:
        """Return the features ``(n, f)`` of rows ``(n, 1, 1, f)``; NaN where nothing fills a missing one."""
        return seen_features(pixels, self.table)

    def graph(self) -> Graph:
        """Return the graph from raw features to logits."""
        return table_graph(self.estimator, self.classifier, self.table, self.n_features)

    def logits(self, pixels: NDArray[np.float32], metadata: NDArray[np.float32] | None = None) -> NDArray[np.float64]:
        """Return the logits of rows ``(n, 1, 1, f)``, which are distances where the classifier has some."""
        if not hasattr(self.estimator, "decision_function"):
            return super().logits(pixels, metadata)
        seen = self.seen(pixels, metadata)
        return np.asarray(self.estimator.decision_function(seen), np.float64).reshape(len(seen), -1)


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
        As from `models.training.estimators.fitted`.

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
    groups = groups_of(dataset.candidates(rows[0].part))[rows[0].used]
    estimator, history = fitted(recipe, (features, labels, weights), seed, progress, started, groups)
    found = FittedTable(
        estimator=estimator,
        classifier=recipe.classifier,
        n_features=len(contract.channels),
        threads=recipe.threads,
        table=table,
    )
    return found, history
