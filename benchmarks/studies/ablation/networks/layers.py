"""Layers that the networks of the ablations share with ``triplet_cnn``.

Tested by tests/benchmarks/studies/ablation/test_networks.py.
"""

from typing import Any, Final

from models.framework import keras

FILTERS: Final = (16, 32, 64)
DENSE: Final = 64
DROPPED: Final = 0.3


def convolution(hidden: Any, filters: int, *, size: int = 3, stride: int = 1) -> Any:
    """Return convolution, batch normalisation and rectifier."""
    layers = keras().layers
    hidden = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False)(hidden)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(hidden))


def trunk(hidden: Any) -> Any:
    """Return the last stage of ``triplet_cnn``: three stages of two convolutions, each of which halves the image."""
    for stage, count in enumerate(FILTERS):
        hidden = convolution(hidden, count, size=5 if stage == 0 else 3, stride=2)
        hidden = convolution(hidden, count)
    return hidden


def pooled(hidden: Any) -> list[Any]:
    """Return mean and maximum over the whole image."""
    layers = keras().layers
    return [layers.GlobalAveragePooling2D()(hidden), layers.GlobalMaxPooling2D()(hidden)]


def central(hidden: Any, side: int) -> Any:
    """Return the middle of an image, of so many pixels a side."""
    rest = hidden.shape[1] - side
    crop = (rest // 2, rest - rest // 2)
    return keras().layers.Cropping2D((crop, crop))(hidden)


def model(inputs: Any, seen: list[Any], classes: int) -> Any:
    """Return the network with the head of ``triplet_cnn``, its logits squeezed into probabilities."""
    layers = keras().layers
    hidden = layers.Dropout(DROPPED)(layers.Concatenate()(seen))
    hidden = layers.Dropout(DROPPED)(layers.Dense(DENSE, activation="relu")(hidden))
    return keras().Model(inputs, layers.Dense(classes, activation="softmax")(hidden))
