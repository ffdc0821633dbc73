"""The network PSAT-D of the ATLAS and Pan-STARRS real-bogus service, as psat-ml trains it.

Tested by tests/conformance/test_classifiers.py.
"""

from typing import Any

from models.architectures.heads import SOFTMAX
from models.framework import keras
from models.registry import CLASSIFIERS, NETWORK, Dropout


@CLASSIFIERS.register("psat_d", family=NETWORK, head=SOFTMAX, minimum_size_pixel=8, minimum_channels=1)
def psat_d(
    inputs: Any,
    dropout: Dropout,
    *,
    filters: tuple[int, ...] = (16, 32, 64),
    dense: int = 500,
    dropout_rates: tuple[float, ...] = (0.3, 0.4),
) -> Any:
    """Three 2 x 2 convolutions, each halved by a maximum, and one dense layer: 139,918 weights at 20 x 20 x 1.

    Parameters
    ----------
    inputs : tensor, shape (n, y, x, channel)
        Normalised cutouts.
    dropout : callable
        Applied before and after the dense layer.
    filters : tuple of int
        Filters of each convolution.
    dense : int
        Units of the dense layer.
    dropout_rates : tuple of float
        Before and after the dense layer.
    """
    layers = keras().layers
    hidden = inputs
    for count in filters:
        hidden = layers.Conv2D(count, 2, padding="same", activation="relu")(hidden)
        hidden = layers.MaxPooling2D(2)(hidden)
    hidden = layers.Flatten()(dropout(hidden, dropout_rates[0]))
    return dropout(layers.Dense(dense, activation="relu")(hidden), dropout_rates[1])
