"""Which calibration a recipe with ``calibration: by_night`` gets: the one that is best on nights that did not fit it.

Tested by tests/models/packages/test_calibrating.py.
"""

import dataclasses
import logging
from typing import Final, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.packages.calibration_check import at_own_share
from models.recipes.calibration_keys import Method
from models.recipes.classifier import ClassifierRecipe
from models.recipes.stack import StackRecipe
from pipeline.metrics import METRICS, groups_of
from pipeline.scores.class_calibration import BY_NIGHT
from pipeline.scores.cross_fitting import blocks_of, cross_fitted

log = logging.getLogger(__name__)

R = TypeVar("R", ClassifierRecipe, StackRecipe)

CHOICE: Final[tuple[Method, ...]] = ("temperature", "platt", "beta", "isotonic")
"""From one number to many; of equal ones the first is taken."""


def with_method(recipe: R, logits: NDArray[np.float64], labels: NDArray[np.int64], candidates: pd.DataFrame) -> R:
    """Return a recipe that names the calibration which gives rows of other nights the least log loss.

    Parameters
    ----------
    recipe : ClassifierRecipe or StackRecipe
        One whose calibration is not ``by_night`` is returned as it is.
    logits : ndarray of float64, shape (n, 1)
        Of the rows that calibrate.
    labels : ndarray of int64, shape (n,)
        0 bogus, 1 real.
    candidates : DataFrame
        Their ``night``, ``group_id`` and ``object_id``, as far as there are such; with fewer than three nights,
        shares of the groups stand for nights.
    """
    if recipe.calibration != BY_NIGHT:
        return recipe
    nights = candidates["night"].astype(str).to_numpy() if "night" in candidates else np.full(len(labels), "")
    by, blocks = blocks_of(nights, groups_of(candidates))
    losses: dict[Method, float] = {}
    for method in CHOICE:
        fit = at_own_share(dataclasses.replace(recipe, calibration=method))
        scores = cross_fitted(fit, logits[:, 0], labels, blocks)
        if scores is None:
            log.warning("%d rows are too few to choose a calibration by blocks: platt", len(labels))
            return dataclasses.replace(recipe, calibration="platt")
        losses[method] = METRICS["log_loss"](labels, scores)
    chosen = min(CHOICE, key=losses.__getitem__)
    log.info("log loss by other %ss: %s", by, ", ".join(f"{name} {value:.4f}" for name, value in losses.items()))
    return dataclasses.replace(recipe, calibration=chosen)
