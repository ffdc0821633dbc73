"""Backbones of ``keras.applications``, from their first weights: a file of weights is a recipe's ``fine_tuning``.

Each takes images between 0 and 1, as the normalisation ``bytes`` gives them, and does within the graph what its authors
did to pixels.

Tested by tests/models/architectures/test_galaxy_networks.py.
"""

from typing import Any

from models.architectures.dense_head import dense_head
from models.architectures.heads import SIGMOID
from models.architectures.resnet import standardised
from models.framework import keras
from models.registry import CLASSIFIERS, NETWORK, Dropout


@CLASSIFIERS.register("resnet50v2", family=NETWORK, head=SIGMOID, minimum_size_pixel=32, minimum_channels=1)
def resnet50v2(inputs: Any, dropout: Dropout, *, head: tuple[int | str, ...] = (), dropout_rate: float = 0.2) -> Any:
    """Residual network of 50 layers, version 2 (He et al. 2016, ECCV, 630): 23,564,800 weights before the head.

    Parameters
    ----------
    inputs : tensor, shape (n, y, x, channel)
        Images normalised to 0 to 1; it sees them from -1 to 1.
    dropout : callable
        Applied before each dense layer.
    head : tuple of int and str
        Units of dense layers and activations, in their order.
    dropout_rate : float
        Share of units dropped.
    """
    pixels = keras().layers.Rescaling(2.0, -1.0, name="minus_one_to_one")(inputs)
    build = keras().applications.ResNet50V2
    seen = build(include_top=False, weights=None, input_tensor=pixels, pooling="avg").output
    return dense_head(seen, dropout, head, dropout_rate)


@CLASSIFIERS.register("efficientnetv2b0", family=NETWORK, head=SIGMOID, minimum_size_pixel=32, minimum_channels=3)
def efficientnetv2b0(
    inputs: Any, dropout: Dropout, *, head: tuple[int | str, ...] = (), dropout_rate: float = 0.2
) -> Any:
    """EfficientNetV2-B0 (Tan and Le 2021, ICML, 10096): 5,919,312 weights before the head; of three colours.

    Parameters
    ----------
    inputs : tensor, shape (n, y, x, 3)
        Images normalised to 0 to 1; it sees them with ImageNet's mean subtracted, over its deviation.
    dropout : callable
        Applied before each dense layer.
    head : tuple of int and str
        Units of dense layers and activations, in their order.
    dropout_rate : float
        Share of units dropped.
    """
    build = keras().applications.EfficientNetV2B0
    seen = build(
        include_top=False, weights=None, input_tensor=standardised(inputs), pooling="avg", include_preprocessing=False
    ).output
    return dense_head(seen, dropout, head, dropout_rate)
