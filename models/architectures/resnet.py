"""A residual network of 18 layers (He et al. 2016, CVPR, 770), with the names and the weights of torchvision's.

Tested by tests/models/architectures/test_galaxy_networks.py.
"""

from typing import Any, Final

from models.architectures.dense_head import dense_head
from models.architectures.heads import SIGMOID
from models.framework import keras
from models.registry import CLASSIFIERS, NETWORK, Dropout
from pipeline.errors import SettingsError

EPSILON: Final = 1e-5
MOMENTUM: Final = 0.9
"""Of the batch normalisation, as torchvision's: its own momentum is 1 less this."""
BLOCKS: Final = 2
"""Of each stage."""
IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_STD: Final = (0.229, 0.224, 0.225)
"""Of red, green and blue between 0 and 1, over the images on which public weights were trained."""


@CLASSIFIERS.register("resnet18", family=NETWORK, head=SIGMOID, minimum_size_pixel=16, minimum_channels=1)
def resnet18(
    inputs: Any,
    dropout: Dropout,
    *,
    width: int = 64,
    stem: int = 7,
    imagenet: bool = False,
    head: tuple[int | str, ...] = (),
    dropout_rate: float = 0.2,
) -> Any:
    """Eight residual blocks of two convolutions in four stages: 11,176,512 trained weights before the head.

    Parameters
    ----------
    inputs : tensor, shape (n, y, x, channel)
        Images normalised to 0 to 1.
    dropout : callable
        Applied before each dense layer.
    width : int
        Filters of the first stage; each further one has twice as many.
    stem : int
        Side of the first convolution: 7 with stride 2 and pooling, as published, or 3 without either, for images of
        some 32 pixels.
    imagenet : bool
        Whether the mean of ImageNet is subtracted and its deviation divided by, for weights trained so.
    head : tuple of int and str
        Units of dense layers and activations, in their order.
    dropout_rate : float
        Share of units dropped.

    Raises
    ------
    SettingsError
        If ``stem`` is none of the two, or ImageNet's colours are asked for with other than three channels.
    """
    layers = keras().layers
    if stem not in (3, 7):
        raise SettingsError(f"'settings.stem' is {stem}; allowed: 3, 7")
    hidden = standardised(inputs) if imagenet else inputs
    hidden = _convolution(hidden, width, stem, 2 if stem == 7 else 1, "conv1", "bn1", relu=True)
    if stem == 7:
        padded = layers.ZeroPadding2D(1)(hidden)  # zeros are the least after a rectifier
        hidden = layers.MaxPooling2D(3, strides=2)(padded)
    for stage in range(4):
        for block in range(BLOCKS):
            stride = 2 if stage > 0 and block == 0 else 1
            hidden = _block(hidden, width << stage, stride, f"layer{stage + 1}_{block}")
    return dense_head(layers.GlobalAveragePooling2D(name="avgpool")(hidden), dropout, head, dropout_rate)


def standardised(pixels: Any) -> Any:
    """Return pixels between 0 and 1 with the mean of ImageNet's colours subtracted, over their deviation.

    Parameters
    ----------
    pixels : tensor, shape (n, y, x, 3)
        Red, green and blue.
    """
    if pixels.shape[-1] != len(IMAGENET_MEAN):
        raise SettingsError(f"ImageNet's colours are asked for with {pixels.shape[-1]} channels; allowed: three")
    offsets = [-mean / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)]
    return keras().layers.Rescaling([1.0 / std for std in IMAGENET_STD], offsets, name="imagenet")(pixels)


def _block(hidden: Any, filters: int, stride: int, name: str) -> Any:
    """Return two convolutions beside a way around them."""
    layers = keras().layers
    around = hidden
    if stride != 1 or hidden.shape[-1] != filters:
        around = _convolution(hidden, filters, 1, stride, f"{name}_downsample_0", f"{name}_downsample_1", relu=False)
    inner = _convolution(hidden, filters, 3, stride, f"{name}_conv1", f"{name}_bn1", relu=True)
    inner = _convolution(inner, filters, 3, 1, f"{name}_conv2", f"{name}_bn2", relu=False)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([inner, around]))


def _convolution(hidden: Any, filters: int, size: int, stride: int, name: str, norm: str, *, relu: bool) -> Any:
    """Return convolution and batch normalisation; zeros on all sides alike, as torchvision pads."""
    layers = keras().layers
    if size > 1:
        hidden = layers.ZeroPadding2D(size // 2)(hidden)
    he = keras().initializers.VarianceScaling(2.0, mode="fan_out")
    hidden = layers.Conv2D(filters, size, strides=stride, use_bias=False, kernel_initializer=he, name=name)(hidden)
    hidden = layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=norm)(hidden)
    return layers.ReLU(name=f"{norm}_relu")(hidden) if relu else hidden
