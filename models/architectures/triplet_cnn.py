"""A small convolutional network for triplets: quick on two cores, indifferent to the cutout's size.

Tested by tests/conformance/test_classifiers.py.
"""

from typing import Any

from models.architectures.heads import SIGMOID
from models.framework import keras
from models.registry import CLASSIFIERS, NETWORK, Dropout


@CLASSIFIERS.register("triplet_cnn", family=NETWORK, head=SIGMOID, minimum_size_pixel=15, minimum_channels=1)
def triplet_cnn(
    inputs: Any,
    dropout: Dropout,
    *,
    filters: tuple[int, ...] = (16, 32, 64),
    dense: int = 64,
    dropout_rate: float = 0.3,
) -> Any:
    """Halve the image with each stage of two convolutions, then look at its centre and at its whole.

    A candidate stands in the middle of its cutout, so what the last stage saw there goes to the dense layer
    beside the mean and the maximum over the whole image. Batch normalisation stands after each convolution and
    is folded into it at inference.

    Parameters
    ----------
    inputs : tensor, shape (n, y, x, channel)
        Normalised cutouts.
    dropout : callable
        Applied before and after the dense layer.
    filters : tuple of int
        Filters of each stage.
    dense : int
        Units of the dense layer.
    dropout_rate : float
        Share of units dropped.
    """
    layers = keras().layers
    hidden = inputs
    for stage, count in enumerate(filters):
        hidden = _convolution(hidden, count, size=5 if stage == 0 else 3, stride=2)
        hidden = _convolution(hidden, count, size=3, stride=1)
    seen = [
        layers.Flatten()(_centre(hidden)),
        layers.GlobalAveragePooling2D()(hidden),
        layers.GlobalMaxPooling2D()(hidden),
    ]
    hidden = dropout(layers.Concatenate()(seen), dropout_rate)
    return dropout(layers.Dense(dense, activation="relu")(hidden), dropout_rate)


def _convolution(hidden: Any, filters: int, *, size: int, stride: int) -> Any:
    """Return convolution, batch normalisation and rectifier."""
    layers = keras().layers
    hidden = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False)(hidden)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(hidden))


def _centre(hidden: Any) -> Any:
    """Return the middle 2 x 2 (even side) or 1 x 1 (odd side) of the image, cut to at most 2 a side."""
    top, left = ((side - (2 - side % 2)) // 2 for side in hidden.shape[1:3])
    rest = [side - (2 - side % 2) for side in hidden.shape[1:3]]
    cropping = ((top, rest[0] - top), (left, rest[1] - left))
    return keras().layers.Cropping2D(cropping)(hidden)
