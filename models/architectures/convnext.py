"""ConvNeXt (Liu et al. 2022, CVPR, 11976), with the names of ``keras.applications``, whose weights it takes.

Keras' own cannot be written as ONNX: its convolutions of one channel a group run there as compiled functions. Here they
are depthwise convolutions, with the same numbers in another order of axes.

Tested by tests/models/architectures/test_convnext.py.
"""

from typing import Any, Final

from models.architectures.dense_head import dense_head
from models.architectures.heads import SIGMOID
from models.architectures.resnet import standardised
from models.framework import keras
from models.registry import CLASSIFIERS, NETWORK, Dropout

NAME: Final = "convnext_tiny"
EPSILON: Final = 1e-6
"""Of the layer normalisation."""
FIRST_SCALE: Final = 1e-6
"""Factor of what a block adds, before training."""


@CLASSIFIERS.register("convnexttiny", family=NETWORK, head=SIGMOID, minimum_size_pixel=32, minimum_channels=3)
def convnexttiny(
    inputs: Any,
    dropout: Dropout,
    *,
    width: int = 96,
    depths: tuple[int, ...] = (3, 3, 9, 3),
    head: tuple[int | str, ...] = (),
    dropout_rate: float = 0.2,
) -> Any:
    """Stages of blocks of a depthwise convolution and two dense layers: 27,820,128 weights before the head.

    Parameters
    ----------
    inputs : tensor, shape (n, y, x, 3)
        Images normalised to 0 to 1; it sees them with ImageNet's mean subtracted, over its deviation.
    dropout : callable
        Applied before each dense layer of the head.
    width : int
        Channels of the first stage; each further one, of half the side, has twice as many.
    depths : tuple of int
        Blocks of each stage.
    head : tuple of int and str
        Units of dense layers and activations, in their order.
    dropout_rate : float
        Share of units dropped.
    """
    layers = keras().layers
    hidden = layers.Conv2D(width, 4, strides=4, name=f"{NAME}_stem_conv")(standardised(inputs))
    hidden = _normalised(hidden, f"{NAME}_stem_layernorm")
    for stage, blocks in enumerate(depths):
        if stage > 0:
            hidden = _normalised(hidden, f"{NAME}_downsampling_layernorm_{stage - 1}")
            down = layers.Conv2D(width << stage, 2, strides=2, name=f"{NAME}_downsampling_conv_{stage - 1}")
            hidden = down(hidden)
        for block in range(blocks):
            hidden = _block(hidden, f"{NAME}_stage_{stage}_block_{block}")
    seen = _normalised(layers.GlobalAveragePooling2D()(hidden), "head_layernorm")
    return dense_head(seen, dropout, head, dropout_rate)


def _block(hidden: Any, name: str) -> Any:
    """Return a tensor with what a block adds to it."""
    layers = keras().layers
    channels = hidden.shape[-1]
    inner = layers.DepthwiseConv2D(7, padding="same", name=f"{name}_depthwise_conv")(hidden)
    inner = _normalised(inner, f"{name}_layernorm")
    inner = layers.Dense(4 * channels, name=f"{name}_pointwise_conv_1")(inner)
    inner = layers.Activation("gelu", name=f"{name}_gelu")(inner)
    inner = layers.Dense(channels, name=f"{name}_pointwise_conv_2")(inner)
    scale = keras().initializers.Constant(FIRST_SCALE)
    inner = layers.DepthwiseConv2D(
        1, use_bias=False, depthwise_initializer=scale, name=f"{name}_layer_scale"
    )(inner)  # fmt: skip
    return layers.Add(name=f"{name}_add")([hidden, inner])


def _normalised(hidden: Any, name: str) -> Any:
    """Return a tensor whose channels have mean 0 and deviation 1 at each place, times a factor, plus a shift."""
    return keras().layers.LayerNormalization(epsilon=EPSILON, name=name)(hidden)
