"""The last layer of a network: from what it saw to logits, by a sigmoid's one column or a softmax' column a class.

Both heads give the same logits, one column for two classes and as many as there are classes otherwise, so that loss,
calibration and scores need not know which it was; they differ in their weights, by which older networks are known.

Tested by tests/models/architectures/test_heads.py.
"""

from collections.abc import Callable
from typing import Any, Final

from models.framework import keras

SIGMOID: Final = "sigmoid"
SOFTMAX: Final = "softmax"


def sigmoid(hidden: Any, n_classes: int, *, use_bias: bool = True) -> Any:
    """Return logits by one unit for two classes, and by one unit per class otherwise.

    Parameters
    ----------
    hidden : tensor, shape (n, units)
        What the network saw.
    n_classes : int
        Classes to tell apart.
    use_bias : bool
        Whether each logit has a constant.

    Returns
    -------
    logits : tensor, shape (n, 1) or (n, n_classes)
    """
    return keras().layers.Dense(1 if n_classes == 2 else n_classes, use_bias=use_bias, name="logits")(hidden)


def softmax(hidden: Any, n_classes: int, *, use_bias: bool = True) -> Any:
    """Return logits by one unit per class; of two classes the difference ``z1 - z0``.

    The softmax of two columns is the sigmoid of their difference,

        exp(z1) / (exp(z0) + exp(z1)) = 1 / (1 + exp(-(z1 - z0))),

    and its cross-entropy has the same value and the same gradient with respect to both columns.

    Parameters
    ----------
    hidden : tensor, shape (n, units)
        What the network saw.
    n_classes : int
        Classes to tell apart.
    use_bias : bool
        Whether each logit has a constant.

    Returns
    -------
    logits : tensor, shape (n, 1) or (n, n_classes)
    """
    columns = keras().layers.Dense(n_classes, use_bias=use_bias, name="logits")(hidden)
    return columns[:, 1:] - columns[:, :1] if n_classes == 2 else columns


HEADS: Final[dict[str, Callable[..., Any]]] = {SIGMOID: sigmoid, SOFTMAX: softmax}
"""The heads by name, as the metadata ``head`` of a network says it."""
