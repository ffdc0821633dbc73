"""The six-layer networks of gotorb (Killestein et al. 2021, MNRAS 503, 4838): plain, Bayesian, and of few weights.

Tested by tests/conformance/test_classifiers.py.
"""

from typing import Any, Final

from models.architectures.heads import SIGMOID
from models.framework import keras
from models.registry import CLASSIFIERS, NETWORK, Dropout

SMALLEST_PIXEL: Final = 22
"""Below this side nothing is left after two pairs of convolutions and their maxima over 2 and 4 pixels."""


@CLASSIFIERS.register("vgg6", family=NETWORK, head=SIGMOID, minimum_size_pixel=SMALLEST_PIXEL, minimum_channels=1)
def vgg6(
    inputs: Any,
    dropout: Dropout,
    *,
    filters: tuple[int, ...] = (16, 32),
    dense: int = 256,
    l2_penalty: float = 1e-4,
    dropout_rates: tuple[float, ...] = (0.25, 0.25, 0.5),
) -> Any:
    """Two pairs of 3 x 3 convolutions and one dense layer, with L2 penalties: 222,113 weights at 55 x 55 x 4.

    Parameters
    ----------
    inputs : tensor, shape (n, y, x, channel)
        Normalised cutouts.
    dropout : callable
        Drops whole maps after each pair, and single units after the dense layer.
    filters : tuple of int
        Filters of the first and of the second pair.
    dense : int
        Units of the dense layer.
    l2_penalty : float
        Weight in the loss of the squares of all convolution kernels, and of the mean square sum of the dense layer's
        outputs.
    dropout_rates : tuple of float
        After the first pair, the second pair, the dense layer.
    """
    layers, penalty = keras().layers, keras().regularizers.L2(l2_penalty)
    hidden = inputs
    for count, pool, rate in zip(filters, (2, 4), dropout_rates[:2], strict=True):
        for _ in range(2):
            hidden = layers.Conv2D(count, 3, activation="relu", kernel_regularizer=penalty)(hidden)
        hidden = dropout(layers.MaxPooling2D(pool)(hidden), rate, spatial=True)
    hidden = layers.Dense(dense, activation="relu", activity_regularizer=penalty)(layers.Flatten()(hidden))
    return dropout(hidden, dropout_rates[2])


@CLASSIFIERS.register(
    "bayesian_vgg6", family=NETWORK, head=SIGMOID, minimum_size_pixel=SMALLEST_PIXEL, minimum_channels=1
)
def bayesian_vgg6(
    inputs: Any,
    dropout: Dropout,
    *,
    filters: tuple[int, ...] = (16, 32),
    dense: int = 256,
    dropout_rate: float = 0.01,
) -> Any:
    """The plan of ``vgg6`` with little dropout nearly everywhere, for posteriors: 222,113 weights at 55 x 55 x 4.

    Parameters
    ----------
    inputs : tensor, shape (n, y, x, channel)
        Normalised cutouts.
    dropout : callable
        Drops whole maps after the first three convolutions, and single units before and after the dense layer.
    filters : tuple of int
        Filters of the first and of the second pair.
    dense : int
        Units of the dense layer.
    dropout_rate : float
        Share of maps or units dropped.
    """
    return _dropped_everywhere(inputs, dropout, keras().layers.Conv2D, filters, dense, dropout_rate)


@CLASSIFIERS.register("sepconvnet", family=NETWORK, head=SIGMOID, minimum_size_pixel=SMALLEST_PIXEL, minimum_channels=1)
def sepconvnet(
    inputs: Any,
    dropout: Dropout,
    *,
    filters: tuple[int, ...] = (16, 32),
    dense: int = 256,
    dropout_rate: float = 0.01,
) -> Any:
    """The plan of ``bayesian_vgg6`` with depthwise separable convolutions: 207,877 weights at 55 x 55 x 4.

    Parameters
    ----------
    inputs : tensor, shape (n, y, x, channel)
        Normalised cutouts.
    dropout : callable
        As in ``bayesian_vgg6``.
    filters : tuple of int
        Filters of the first and of the second pair.
    dense : int
        Units of the dense layer.
    dropout_rate : float
        Share of maps or units dropped.
    """
    return _dropped_everywhere(inputs, dropout, keras().layers.SeparableConv2D, filters, dense, dropout_rate)


def _dropped_everywhere(
    inputs: Any, dropout: Dropout, convolution: Any, filters: tuple[int, ...], dense: int, rate: float
) -> Any:
    """Return two pairs of convolutions and a dense layer with dropout after all but the last convolution."""
    layers = keras().layers
    start = _he_uniform(convolution)
    first, second = filters
    hidden = dropout(convolution(first, 3, activation="relu", **start)(inputs), rate, spatial=True)
    hidden = dropout(convolution(first, 3, **start)(hidden), rate, spatial=True)
    hidden = layers.ReLU()(layers.MaxPooling2D(2)(hidden))
    hidden = dropout(convolution(second, 3, activation="relu", **start)(hidden), rate, spatial=True)
    hidden = layers.ReLU()(layers.MaxPooling2D(4)(convolution(second, 3, **start)(hidden)))
    hidden = dropout(layers.Flatten()(hidden), rate)
    hidden = layers.Dense(dense, activation="relu", kernel_initializer="he_uniform")(hidden)
    return dropout(hidden, rate)


def _he_uniform(convolution: Any) -> dict[str, str]:
    """Return the arguments by which a kind of convolution starts from the uniform distribution of He et al. (2015)."""
    if convolution is keras().layers.Conv2D:
        return {"kernel_initializer": "he_uniform"}
    return {"depthwise_initializer": "he_uniform", "pointwise_initializer": "he_uniform"}
