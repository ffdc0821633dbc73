"""The network of ZTF's deep-learning real/bogus score, as published (Duev et al. 2019, MNRAS 489, 3582).

Tested by tests/conformance/test_classifiers.py.
"""

from typing import Any

from models.architectures.heads import SIGMOID
from models.framework import keras
from models.registry import CLASSIFIERS, NETWORK, Dropout


@CLASSIFIERS.register("braai", family=NETWORK, head=SIGMOID, minimum_size_pixel=22, minimum_channels=1)
def braai(
    inputs: Any,
    dropout: Dropout,
    *,
    filters: tuple[int, ...] = (16, 32),
    dense: int = 256,
    dropout_rates: tuple[float, ...] = (0.25, 0.25, 0.5),
) -> Any:
    """Stack two pairs of 3 x 3 convolutions and one dense layer: 312,081 weights at 63 x 63 x 3.

    Parameters
    ----------
    inputs : tensor, shape (n, y, x, channel)
        Normalised cutouts.
    dropout : callable
        Applied after each pair and after the dense layer.
    filters : tuple of int
        Filters of the first and of the second pair.
    dense : int
        Units of the dense layer.
    dropout_rates : tuple of float
        After the first pair, the second pair, the dense layer.
    """
    layers = keras().layers
    hidden = inputs
    for count, pool, rate in zip(filters, (2, 4), dropout_rates[:2], strict=True):
        hidden = layers.Conv2D(count, 3, activation="relu")(hidden)
        hidden = layers.Conv2D(count, 3, activation="relu")(hidden)
        hidden = dropout(layers.MaxPooling2D(pool)(hidden), rate)
    hidden = layers.Dense(dense, activation="relu")(layers.Flatten()(hidden))
    return dropout(hidden, dropout_rates[2])
