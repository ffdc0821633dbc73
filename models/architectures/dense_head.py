"""Dense layers between what a network of images saw and its logits, listed in the order in which they stand."""

from collections.abc import Sequence
from typing import Any, Final

from models.framework import keras
from models.registry import Dropout
from pipeline.errors import SettingsError

ACTIVATIONS: Final = ("elu", "gelu", "leaky_relu", "relu", "selu", "sigmoid", "silu", "softplus", "tanh")
PREFIX: Final = "head_"
"""Begins the names of these layers; what stands before them is the backbone."""


def dense_head(hidden: Any, dropout: Dropout, entries: Sequence[int | str], dropout_rate: float) -> Any:
    """Return the tensor after dense layers and activations.

    Parameters
    ----------
    hidden : tensor, shape (n, units)
        What the network saw.
    dropout : callable
        Applied before each dense layer, and once without any.
    entries : sequence of int and str
        Units of a dense layer, or the name of an activation, as ``[256, relu, 64, relu]``; each stands where it is
        named. Two dense layers without an activation between them are one, which is allowed as it was in the galaxy
        project.
    dropout_rate : float
        Share of units dropped; 0 for no dropout.

    Raises
    ------
    SettingsError
        If an entry is neither.
    """
    layers = keras().layers
    if faults := head_faults(entries):
        raise SettingsError("; ".join(faults))
    if dropout_rate and not any(isinstance(entry, int) for entry in entries):
        hidden = dropout(hidden, dropout_rate)
    for place, entry in enumerate(entries):
        if isinstance(entry, str):
            hidden = layers.Activation(entry, name=f"{PREFIX}{place}_{entry}")(hidden)
        else:
            hidden = dropout(hidden, dropout_rate) if dropout_rate else hidden
            hidden = layers.Dense(entry, name=f"{PREFIX}{place}")(hidden)
    return hidden


def head_faults(entries: object) -> list[str]:
    """Return what is wrong with the setting ``head``.

    Examples
    --------
    >>> head_faults([128, "relu"]), head_faults([128, "rele"])
    ([], ["'settings.head' has 'rele'; allowed: units, at least 1, and elu, gelu, leaky_relu, relu, selu, sigmoid, \
silu, softplus, tanh"])
    """
    if isinstance(entries, str) or not isinstance(entries, Sequence):
        return [f"'settings.head' is {entries!r}; allowed: a list of units and activations, as [128, relu]"]
    wrong = [
        entry
        for entry in entries
        if entry not in ACTIVATIONS and (isinstance(entry, bool) or not isinstance(entry, int) or entry < 1)
    ]
    allowed = ", ".join(ACTIVATIONS)
    return [f"'settings.head' has {wrong[0]!r}; allowed: units, at least 1, and {allowed}"] if wrong else []
