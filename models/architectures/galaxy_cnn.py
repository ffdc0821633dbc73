"""A small convolutional network for images of galaxies: some minutes on two cores, from its first weights.

Tested by tests/models/architectures/test_galaxy_networks.py.
"""

from typing import Any

from models.architectures.dense_head import dense_head
from models.architectures.heads import SIGMOID
from models.framework import keras
from models.registry import CLASSIFIERS, NETWORK, Dropout


@CLASSIFIERS.register("galaxy_cnn", family=NETWORK, head=SIGMOID, minimum_size_pixel=16, minimum_channels=1)
def galaxy_cnn(
    inputs: Any,
    dropout: Dropout,
    *,
    filters: tuple[int, ...] = (16, 32, 64, 96),
    head: tuple[int | str, ...] = (64, "relu"),
    dropout_rate: float = 0.3,
) -> Any:
    """Halve the image with each stage of two convolutions, then take mean and maximum of each map.

    Parameters
    ----------
    inputs : tensor, shape (n, y, x, channel)
        Normalised images.
    dropout : callable
        Applied before each dense layer.
    filters : tuple of int
        Filters of each stage.
    head : tuple of int and str
        Units of dense layers and activations, in their order.
    dropout_rate : float
        Share of units dropped.
    """
    layers = keras().layers
    hidden = inputs
    for stage, count in enumerate(filters):
        for part in range(2):
            name = f"stage{stage}_{part}"
            hidden = layers.Conv2D(count, 3, padding="same", use_bias=False, name=f"{name}_conv")(hidden)
            hidden = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(hidden)
            hidden = layers.ReLU(name=f"{name}_relu")(hidden)
        hidden = layers.MaxPooling2D(2, name=f"stage{stage}_pool")(hidden)
    seen = [layers.GlobalAveragePooling2D()(hidden), layers.GlobalMaxPooling2D()(hidden)]
    return dense_head(layers.Concatenate()(seen), dropout, head, dropout_rate)
