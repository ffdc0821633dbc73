"""What training makes small: the loss of each row from its label and its logits.

Tested by tests/models/recipes/test_losses.py.
"""

from collections.abc import Callable
from typing import Any, Final

from models.framework import keras
from pipeline.registry import Registry

LOSSES: Registry[Callable[[Any, Any], Any]] = Registry("loss")
"""From targets and log-probabilities, both ``(n, k)`` with one column per class, to the loss of each row, ``(n,)``."""

FOCUS: Final = 2.0
"""The exponent gamma of ``focal``, as its authors recommend."""


@LOSSES.register("cross_entropy")
def cross_entropy(targets: Any, log_probabilities: Any) -> Any:
    """Take the cross-entropy, -sum of t ln p over the classes."""
    return -keras().ops.sum(targets * log_probabilities, axis=-1)


@LOSSES.register("focal")
def focal(targets: Any, log_probabilities: Any) -> Any:
    """Take the focal loss, -sum of t (1 - p)^2 ln p, for which rows that are right count less (Lin et al. 2017)."""
    ops = keras().ops
    unsure = (1.0 - ops.exp(log_probabilities)) ** FOCUS
    return -ops.sum(targets * unsure * log_probabilities, axis=-1)


def row_losses(name: str, labels: Any, logits: Any, *, label_smoothing: float = 0.0) -> Any:
    """Return the loss of each row.

    Parameters
    ----------
    name : str
        A name in ``LOSSES``.
    labels : tensor, shape (n,), (n, 1) or (n, k)
        Class index of each row, or the share of each of k classes, at least two.
    logits : tensor, shape (n, 1) or (n, k)
        One column for two classes, else one per class.
    label_smoothing : float
        Share of each target that is spread evenly over all classes.

    Returns
    -------
    losses : tensor of float32, shape (n,)
    """
    ops = keras().ops
    logits = ops.cast(logits, "float32")
    if logits.shape[-1] == 1:
        log_probabilities = ops.log_sigmoid(ops.concatenate([-logits, logits], axis=-1))
    else:
        log_probabilities = ops.log_softmax(logits, axis=-1)
    n_classes = log_probabilities.shape[-1]
    if len(labels.shape) == 2 and labels.shape[-1] == n_classes:
        targets = ops.cast(labels, "float32")
    else:
        targets = ops.one_hot(ops.reshape(labels, (-1,)), n_classes, dtype="float32")
    targets = targets * (1.0 - label_smoothing) + label_smoothing / n_classes
    return LOSSES[name](targets, log_probabilities)
