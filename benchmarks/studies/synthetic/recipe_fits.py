"""Classifiers of physical features fitted in memory as the tasks fit them: rows weighed and scores calibrated alike."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.graphs.trees import logit_of
from models.recipes.classifier import ClassifierRecipe
from models.registry import CLASSIFIERS
from models.training.in_memory import MemoryDataSet
from models.training.rows import select_rows
from pipeline.classes import PARTS
from pipeline.scores.calibration import fit_platt_prior


def in_parts(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of each part of a fold."""
    return {name: rows[rows["split"] == code].reset_index(drop=True) for name, code in PARTS.items()}


def fitted_scores(
    recipe: ClassifierRecipe,
    parts: dict[str, pd.DataFrame],
    features: NDArray[np.float32],
    seed: int,
    judged: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Return the calibrated scores of some features, (n, f), by a recipe's classifier fitted on the training part.

    Parameters
    ----------
    recipe : ClassifierRecipe
    parts : mapping
        Part name to ``row label label_source``; ``row`` counts in ``features``.
    features : ndarray of float32, (m, f)
    seed : int
    judged : ndarray of float32, (n, f)
    """
    estimator = fitted(CLASSIFIERS[recipe.classifier](seed, **recipe.settings), recipe, parts, features)
    held = parts["validation"]
    platt = fit_platt_prior(logit_of(estimator.predict_proba(features[held["row"]])), held["label"])
    return platt.apply(logit_of(estimator.predict_proba(judged)))


def fitted(estimator: Any, recipe: ClassifierRecipe, parts: dict[str, pd.DataFrame], features: NDArray[np.float32]):
    """Return the classifier fitted on the training part, rows weighed as in training."""
    empty = np.zeros((0, 1, 1, 3), dtype=np.float32)
    dataset = MemoryDataSet(parts={name: (rows.assign(kind=""), empty) for name, rows in parts.items()})
    train, _ = select_rows(dataset, recipe)
    used = parts["train"]["row"].to_numpy()[train.used]
    return estimator.fit(features[used], train.labels[train.used], sample_weight=train.weights[train.used])
