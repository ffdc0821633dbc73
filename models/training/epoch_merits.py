"""What the validation rows say of an epoch: loss, accuracy, metrics of the recipe, and how each class fares.

Tested by tests/models/training/test_epoch_merits.py.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models.framework import to_numpy
from models.recipes import losses
from models.recipes.class_merits import CLASS_MERITS, MACRO_F1, ClassMerits, class_merits, history_columns
from models.recipes.classifier import ClassifierRecipe
from models.recipes.user_module import Score, UserModule
from pipeline.errors import UnknownNameError
from pipeline.metrics import METRICS

TOP: Final = 3
"""Classes among which the right one has to be for the second accuracy of an epoch."""


def top_accuracy(labels: NDArray[np.int64], logits: NDArray[np.float32], count: int) -> float:
    """Return the share of rows for which fewer than ``count`` classes have a larger logit than their own.

    Examples
    --------
    >>> logits = np.array([[3, 2, 1, 0], [3, 2, 1, 0]], dtype=np.float32)
    >>> top_accuracy(np.array([2, 3]), logits, 3)
    0.5
    """
    own = np.take_along_axis(logits, labels[:, np.newaxis], axis=1)
    return float(((logits > own).sum(axis=1) < count).mean())


def epoch_merits(
    recipe: ClassifierRecipe,
    module: UserModule | None,
    class_names: Sequence[str],
    logits: NDArray[np.float32],
    labels: NDArray[np.int64],
    weights: NDArray[np.float32],
) -> dict[str, float]:
    """Return the figures of merit of an epoch by name.

    Parameters
    ----------
    recipe : ClassifierRecipe
        Its loss and its metrics.
    module : UserModule or None
        The user's file, whose metrics come before those of the same name.
    class_names : sequence of str
        Classes of the data set, index 0 first.
    logits : ndarray of float32, shape (n, columns)
        One column for two classes, else one a class.
    labels : ndarray of int64, shape (n,)
        Class indices.
    weights : ndarray of float32, shape (n,)
        Of the rows in the loss; everything else counts each row alike.

    Returns
    -------
    dict
        ``loss``, ``accuracy``, each of ``recipe.metrics``; with more than three classes ``top3_accuracy``, the share of
        rows whose class is among the three most probable; with more than two classes, or where the recipe monitors
        it, ``macro_f1``, and with more than two ``precision_<class>``, ``recall_<class>``, ``f1_<class>``.

    Raises
    ------
    UnknownNameError
        When a metric is neither of the module nor ours.
    """
    each = losses.row_losses(recipe.loss, labels, logits, label_smoothing=recipe.label_smoothing)
    predicted = np.asarray(logits[:, 0] >= 0 if logits.shape[1] == 1 else logits.argmax(axis=1), dtype=np.int64)
    merits = class_merits(labels, predicted, len(class_names))
    found = {
        "loss": float(np.average(np.asarray(to_numpy(each), dtype=np.float64), weights=weights)),
        "accuracy": float((predicted == labels).mean()),
    }
    if len(class_names) > TOP:
        found[f"top{TOP}_accuracy"] = top_accuracy(labels, logits, TOP)
    scores = expit(logits[:, 0].astype(np.float64))
    found |= {name: _metric(name, module, labels, scores, merits) for name in recipe.metrics}
    if len(class_names) > 2 or recipe.monitor == f"validation_{MACRO_F1}":
        found[MACRO_F1] = CLASS_MERITS[MACRO_F1](merits)
    return found | (history_columns(merits, class_names) if len(class_names) > 2 else {})


def _metric(
    name: str, module: UserModule | None, labels: NDArray[np.int64], scores: NDArray[np.float64], merits: ClassMerits
) -> float:
    own: dict[str, Score] = {} if module is None else dict(module.metrics)
    if name in own:
        return float(own[name](labels, scores))
    if name in CLASS_MERITS:
        return float(CLASS_MERITS[name](merits))
    if name not in METRICS:
        raise UnknownNameError("metric", name, [*own, *CLASS_MERITS, *METRICS])
    return float(METRICS[name](labels, scores))
