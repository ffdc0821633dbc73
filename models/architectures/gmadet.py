"""The network of gmadet, the GRANDMA collaboration's pipeline, with batch normalisation and the exponential unit.

Tested by tests/conformance/test_classifiers.py.
"""

from typing import Any

from models.architectures.heads import SOFTMAX
from models.framework import keras
from models.registry import CLASSIFIERS, NETWORK, Dropout


@CLASSIFIERS.register("gmadet", family=NETWORK, head=SOFTMAX, minimum_size_pixel=16, minimum_channels=1)
def gmadet(
    inputs: Any,
    dropout: Dropout,
    *,
    filters: tuple[int, ...] = (64, 128, 256, 256),
    dense: tuple[int, ...] = (512, 32),
    dropout_rate: float = 0.3,
) -> Any:
    """Four 3 x 3 convolutions, each halved, and two dense layers: 1,506,018 weights at 32 x 32 x 1.

    Parameters
    ----------
    inputs : tensor, shape (n, y, x, channel)
        Cutouts as they are; gmadet does not normalise.
    dropout : callable
        Applied after each convolution and after each dense layer.
    filters : tuple of int
        Filters of each convolution; the first is halved by a mean, the others by a maximum.
    dense : tuple of int
        Units of each dense layer.
    dropout_rate : float
        Share of units dropped.
    """
    layers = keras().layers
    hidden = inputs
    for stage, count in enumerate(filters):
        hidden = layers.Conv2D(count, 3, padding="same", activation="elu")(hidden)
        hidden = layers.BatchNormalization()(hidden)
        hidden = (layers.MaxPooling2D if stage else layers.AveragePooling2D)(2)(hidden)
        hidden = dropout(hidden, dropout_rate)
    hidden = layers.Flatten()(hidden)
    for units in dense:
        hidden = layers.BatchNormalization()(layers.Dense(units, activation="elu")(hidden))
        hidden = dropout(hidden, dropout_rate)
    return hidden
