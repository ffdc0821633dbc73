"""The limit beyond which a package of features flags a candidate, fitted on the rows that taught it.

Tested by tests/models/packages/test_outlier_limits.py.
"""

import logging
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.packages.trained_files import TrainedFiles
from models.recipes.classifier import ClassifierRecipe
from models.training import batches
from models.training.rows import PartRows, scorable_rows, select_rows
from pipeline.datasets.dataset import DataSet
from pipeline.errors import InputError
from pipeline.scores.outliers import OutlierMeasure, held_alarms, limit_of, outlier_words

log = logging.getLogger(__name__)

MOST_ROWS: Final = 20_000
"""Training rows that the measure is fitted on; more change it little."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OutlierLimits:
    """What a package keeps of the flag.

    Attributes
    ----------
    stated : mapping
        Its key ``outliers``: ``false_alarms``, ``limit``, ``features``, ``rows`` and ``held``; or ``why_none``.
    table : ndarray of float64, (2 + c + f, f), or None
        The measure; None where there is none.
    """

    stated: dict[str, Any]
    table: NDArray[np.float64] | None


def fit_outliers(trained: TrainedFiles, dataset: DataSet, recipe: ClassifierRecipe) -> OutlierLimits | None:
    """Return the limits of a trained classifier on features; None where its recipe asks for none.

    Parameters
    ----------
    trained : TrainedFiles
        The classifier.
    dataset : DataSet
        What it was trained on: the training rows fit the measure, and the validation rows that judge say how often it
        is a false alarm.
    recipe : ClassifierRecipe
        With the key ``outliers``.
    """
    if recipe.outliers is None:
        return None
    asked = asdict(recipe.outliers)
    teach, judge = select_rows(dataset, recipe, scorable_rows(dataset, trained.contract))
    try:
        features, labels = _features(trained, dataset, teach)
        measure = OutlierMeasure.fit(features, labels)
    except InputError as fault:
        log.warning("no flag of outliers: %s", fault)
        return OutlierLimits(stated={**asked, "why_none": str(fault)}, table=None)
    limit = limit_of(measure.distances(features), recipe.outliers.false_alarms)
    held = measure.distances(_features(trained, dataset, judge)[0])
    candidates = dataset.candidates(judge.part)[judge.used][: len(held)]
    nights = candidates["night"].to_numpy(str) if "night" in candidates else np.full(len(held), "")
    about = {"limit": limit, "features": features.shape[1], "rows": len(features)}
    stated = {**asked, **about, "held": held_alarms(held, limit, nights)}
    log.info("outliers: %s", outlier_words(stated))
    return OutlierLimits(stated=stated, table=measure.table)


def _features(trained: TrainedFiles, dataset: DataSet, rows: PartRows) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return what the first rows of a part are to the model, and their labels."""
    found, labels, count = [], [], 0
    for block in batches.blocks(dataset, trained.contract, rows):
        if not len(block.pixels):
            continue
        found.append(trained.inputs(block.pixels, block.metadata).first)
        labels.append(block.labels)
        count += len(block.labels)
        if count >= MOST_ROWS:
            break
    return np.concatenate(found)[:MOST_ROWS], np.concatenate(labels)[:MOST_ROWS]
