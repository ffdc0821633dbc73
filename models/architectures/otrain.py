"""The network of O'TRAIN, the successor of gmadet's classifier (Makhlouf et al. 2022, A&A 664, A81).

Tested by tests/conformance/test_classifiers.py.
"""

from typing import Any

from models.architectures.heads import SOFTMAX
from models.framework import keras
from models.registry import CLASSIFIERS, NETWORK, Dropout


@CLASSIFIERS.register("otrain", family=NETWORK, head=SOFTMAX, minimum_size_pixel=8, minimum_channels=1)
def otrain(
    inputs: Any,
    dropout: Dropout,
    *,
    filters: tuple[int, ...] = (16, 32, 64, 128, 256),
    dense: tuple[int, ...] = (512, 256),
    dropout_rate: float = 0.3,
) -> Any:
    """Five 3 x 3 convolutions, halved three times, and two dense layers: 2,621,826 weights at 32 x 32 x 1.

    Parameters
    ----------
    inputs : tensor, shape (n, y, x, channel)
        Cutouts as they are; O'TRAIN does not normalise.
    dropout : callable
        Applied after the first two halvings and after the first dense layer.
    filters : tuple of int
        Filters of the five convolutions.
    dense : tuple of int
        Units of the two dense layers.
    dropout_rate : float
        Share of units dropped.
    """
    layers = keras().layers
    first, second, third, fourth, fifth = (
        layers.Conv2D(count, 3, padding="same", activation="relu") for count in filters
    )
    hidden = dropout(layers.AveragePooling2D(2)(second(first(inputs))), dropout_rate)
    hidden = dropout(layers.MaxPooling2D(2)(third(hidden)), dropout_rate)
    hidden = layers.Flatten()(layers.MaxPooling2D(2)(fifth(fourth(hidden))))
    hidden = dropout(layers.Dense(dense[0], activation="relu")(hidden), dropout_rate)
    return layers.Dense(dense[1], activation="relu")(hidden)
