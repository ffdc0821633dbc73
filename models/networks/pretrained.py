"""Weights of a local file put into a network, and layers that a training leaves as they are.

Tested by tests/models/networks/test_pretrained.py.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.architectures.dense_head import PREFIX
from models.networks.network import layers_with_weights
from models.recipes.fine_tuning import SOURCES, FineTuning
from models.weights import read_arrays
from pipeline.errors import InputError, MissingInputError, SettingsError
from pipeline.io.legacy.keras_weights import read_keras_weights
from pipeline.io.legacy.safetensors import read_safetensors

log = logging.getLogger(__name__)

LOGITS: Final = "logits"
Arrays = Sequence[NDArray[Any]]

_TORCH: Final = ("weight", "bias", "running_mean", "running_var")
"""Arrays of a layer in torch, in the order in which Keras has them."""


def prepare(model: Any, start: FineTuning) -> None:
    """Put the weights of a recipe's file into a new network and freeze what it says.

    Parameters
    ----------
    model : keras.Model
        Without symmetries.
    start : FineTuning
        Which file, and up to which layer.

    Raises
    ------
    MissingInputError
        If there is no such file; the error says where weights come from.
    InputError
        If the file lacks a layer of the network before its head, or holds one of another shape.
    SettingsError
        If no layer has the stated name, or nothing would be left to train.
    """
    if start.path is not None:
        _put(model, start.path)
    if start.frozen_to:
        freeze(model, start.frozen_to)


def is_head(name: str) -> bool:
    """Tell whether a layer stands behind the backbone, by its name."""
    return name == LOGITS or name.startswith(PREFIX)


def freeze(model: Any, name: str) -> int:
    """Leave all layers up to the last of a name as they are; return how many of them have weights.

    A frozen batch normalisation uses its own mean and variance in training, too, and does not change them.

    Raises
    ------
    SettingsError
        If no layer is called or begins so, or nothing would be left to train.
    """
    named = [place for place, layer in enumerate(model.layers) if _begins(layer.name, name)]
    if not named:
        known = dict.fromkeys(layer.name for layer in layers_with_weights(model))
        raise SettingsError(f"frozen_to is {name!r}; {model.name} has the layers {', '.join(known)}")
    frozen = [layer for layer in model.layers[: named[-1] + 1] if getattr(layer, "weights", None)]
    for layer in frozen:
        layer.trainable = False
    if not model.trainable_variables:
        raise SettingsError(f"frozen_to is {name!r}, which leaves nothing to train; allowed: a layer before {LOGITS!r}")
    log.info("froze %d of %d layers with weights", len(frozen), len(layers_with_weights(model)))
    return len(frozen)


def rate_factors(model: Any, factor: float) -> list[float]:
    """Return the factor of the learning rate of each trained variable, in the order of the model."""
    heads = {id(v) for layer in layers_with_weights(model) if is_head(layer.name) for v in layer.trainable_variables}
    return [1.0 if id(variable) in heads else factor for variable in model.trainable_variables]


def _begins(layer: str, name: str) -> bool:
    return layer == name or layer.startswith(f"{name}_")


def _put(model: Any, path: Path) -> None:
    """Put the arrays of a file into the layers of the backbone, and of the head where they fit."""
    if not path.is_file():
        raise MissingInputError(f"fine_tuning: no file {path}; nothing is downloaded: put it there ({SOURCES})")
    layers = layers_with_weights(model)
    found = _by_layer(path, layers)
    taken = 0
    for layer in layers:
        needed = [tuple(variable.shape) for variable in layer.weights]
        arrays = _in_shape(found.get(layer.name), needed)
        shapes = None if arrays is None else [array.shape for array in arrays]
        if arrays is not None and shapes == needed:
            layer.set_weights(list(arrays))
            taken += 1
        elif not is_head(layer.name):
            held = "holds no such layer" if shapes is None else f"holds {shapes}"
            raise InputError(
                f"{path}: {model.name} needs {needed} in layer {layer.name!r}; the file {held} ({SOURCES})"
            )
    log.info("took the weights of %d of %d layers from %s", taken, len(layers), path)


def _in_shape(arrays: Arrays | None, needed: Sequence[tuple[int, ...]]) -> Arrays | None:
    """Return arrays in the needed shapes where they differ from these in axes of length 1 alone.

    A convolution with one channel a group, ``(y, x, 1, channel)``, is a depthwise one, ``(y, x, channel, 1)``.
    """
    if arrays is None or len(arrays) != len(needed):
        return arrays
    return [
        array.reshape(shape) if _long_axes(array.shape) == _long_axes(shape) else array
        for array, shape in zip(arrays, needed, strict=True)
    ]


def _long_axes(shape: Sequence[int]) -> list[int]:
    return [length for length in shape if length != 1]


def _by_layer(path: Path, layers: Sequence[Any]) -> Mapping[str, Arrays]:
    """Return the arrays of a file by the name of the layer that they are for."""
    ending = path.suffix.lower()
    if ending == ".npz":
        return _in_order(read_arrays(path), layers)
    if ending == ".safetensors":
        return _of_torch(read_safetensors(path))
    return {layer.name: layer.arrays for layer in read_keras_weights(path)}


def _in_order(arrays: Arrays, layers: Sequence[Any]) -> dict[str, Arrays]:
    """Return arrays that have no names, in the order of the layers, as far as they go."""
    named, first = {}, 0
    for layer in layers:
        count = len(layer.weights)
        if first + count <= len(arrays):
            named[layer.name] = arrays[first : first + count]
        first += count
    return named


def _of_torch(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Arrays]:
    """Return torch's arrays, ``layer1.0.conv1.weight``, by layer as Keras has them, ``layer1_0_conv1``.

    Kernels of convolutions turn from (out, in, y, x) to (y, x, in, out), those of dense layers from (out, in).
    """
    parts: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in arrays.items():
        layer, _, part = name.rpartition(".")
        if part in _TORCH:
            parts.setdefault(layer.replace(".", "_"), {})[part] = _turned(array)
    return {layer: [held[part] for part in _TORCH if part in held] for layer, held in parts.items()}


def _turned(array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim == 4:
        return np.ascontiguousarray(array.transpose(2, 3, 1, 0))
    return np.ascontiguousarray(array.T)
