"""Dense layers one after another, for rows of a table: 4MOST's target selection and whatever else has features.

Tested by tests/models/architectures/test_mlp.py.
"""

from typing import Any, Final

from models.architectures.heads import SIGMOID
from models.framework import keras
from models.registry import CLASSIFIERS, NETWORK, Dropout

ACTIVATIONS: Final = ("tanh", "relu", "selu", "prelu")
"""What may stand between the layers; ``prelu`` learns a slope below 0 for each unit."""

INITIALIZERS: Final = ("lecun_normal", "glorot_uniform", "he_normal")


@CLASSIFIERS.register(
    "mlp",
    family=NETWORK,
    head=SIGMOID,
    minimum_size_pixel=1,
    minimum_channels=1,
    choices={"activation": ACTIVATIONS, "initializer": INITIALIZERS},
)
def mlp(
    inputs: Any,
    dropout: Dropout,
    *,
    units: tuple[int, ...] = (128, 128),
    activation: str = "tanh",
    dropout_rate: float = 0.25,
    batch_normalisation: bool = False,
    l1_penalty: float = 0.0,
    l2_penalty: float = 0.0,
    use_bias: bool = True,
    initializer: str = "lecun_normal",
) -> Any:
    """Dense layers with dropout behind each; 19,200 weights of 17 features, 128 and 128 units, 5 classes, without bias.

    Parameters
    ----------
    inputs : tensor, shape (n, 1, 1, feature) or (n, y, x, channel)
        Scaled features, or the pixels of a cutout, each a feature.
    dropout : callable
        Applied behind each layer.
    units : tuple of int
        Units of each layer, the first next to the features.
    activation : str
        One of `ACTIVATIONS`.
    dropout_rate : float
        Behind each layer; 0 for none.
    batch_normalisation : bool
        Whether each layer's sums are normalised before the activation.
    l1_penalty, l2_penalty : float
        What a weight's size, and its square, add to the loss.
    use_bias : bool
        Whether the layers have constants, that of the logits among them.
    initializer : str
        Of the first weights, one of `INITIALIZERS`.
    """
    layers, regularizers = keras().layers, keras().regularizers
    penalised = regularizers.L1L2(l1_penalty, l2_penalty) if l1_penalty or l2_penalty else None
    hidden = layers.Flatten()(inputs)
    for count in units:
        dense = layers.Dense(count, use_bias=use_bias, kernel_initializer=initializer, kernel_regularizer=penalised)
        hidden = dense(hidden)
        hidden = layers.BatchNormalization()(hidden) if batch_normalisation else hidden
        hidden = layers.PReLU()(hidden) if activation == "prelu" else layers.Activation(activation)(hidden)
        hidden = dropout(hidden, dropout_rate) if dropout_rate else hidden
    return hidden
