"""Grad-CAM: which pixels of a cutout a network's last convolution calls it by (Selvaraju et al. 2017).

With A_c(y, x) the c-th map that the last convolution gives, and z the logit of the class that is explained,

    alpha_c = mean over y, x of dz / dA_c(y, x),    map(y, x) = max(0, sum over c of alpha_c A_c(y, x)),

so that a map is bright where what the layer saw speaks for the class, and zero where it speaks against it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.backends import TENSORFLOW, backend
from models.framework import keras, tensorflow
from models.networks.network import every_layer
from pipeline.errors import SettingsError

ROWS_AT_ONCE: Final = 32


def last_convolution(model: Any) -> Any | None:
    """Return the last layer of a model that convolves maps of two axes, within models in it too; None without one.

    Parameters
    ----------
    model : keras.Model
        Its layers are in the order in which they are called.
    """
    layers = keras().layers
    kinds = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)
    found = [layer for layer in every_layer(model) if isinstance(layer, kinds)]
    return found[-1] if found else None


def heat_maps(model: Any, inputs: Sequence[NDArray[np.float32]], classes: NDArray[np.integer]) -> NDArray[np.float32]:
    """Return the Grad-CAM map of each row for a class, at the resolution of the last convolution.

    Of a network whose logit is a mean over turned copies of a cutout, it is the map of the copy that is not turned.

    Parameters
    ----------
    model : keras.Model
        To logits ``(n, 1)``, of the second of two classes, or ``(n, k)``.
    inputs : sequence of ndarray of float32
        What it takes, each with n rows.
    classes : ndarray of int, shape (n,)
        The class that each row's map speaks for.

    Returns
    -------
    maps : ndarray of float32, shape (n, y, x)
        At least 0; not scaled.

    Raises
    ------
    SettingsError
        If the network has no convolution, or KERAS_BACKEND is not TensorFlow.
    """
    if backend() != TENSORFLOW:
        raise SettingsError(f"KERAS_BACKEND is {backend()}; allowed for heat maps: {TENSORFLOW}")
    layer = last_convolution(model)
    if layer is None:
        raise SettingsError(f"{model.name} has no convolution to make heat maps of")
    found = [
        _of_batch(model, layer, [part[rows] for part in inputs], classes[rows])
        for start in range(0, len(classes), ROWS_AT_ONCE)
        for rows in [slice(start, start + ROWS_AT_ONCE)]
    ]
    return np.concatenate(found) if found else np.empty((0, 1, 1), np.float32)


def _of_batch(
    model: Any, layer: Any, inputs: list[NDArray[np.float32]], classes: NDArray[np.integer]
) -> NDArray[np.float32]:
    tf = tensorflow()
    with tf.GradientTape() as tape, _watched(layer, tape.watch) as given:
        logits = model(inputs if len(inputs) > 1 else inputs[0], training=False)
        spoken_for = tf.reduce_sum(_logit_of(logits, classes))
    maps = given[0]
    slopes = np.asarray(tape.gradient(spoken_for, maps))
    weights = slopes.mean(axis=(1, 2), keepdims=True)
    return np.maximum((weights * np.asarray(maps)).sum(axis=3), 0.0).astype(np.float32)


def _logit_of(logits: Any, classes: NDArray[np.integer]) -> Any:
    """Return the logit of one class of each row: of the first of two the other's, with its sign turned."""
    tf = tensorflow()
    if logits.shape[1] == 1:
        return logits[:, 0] * np.where(classes == 1, 1.0, -1.0).astype(np.float32)
    return tf.gather(logits, classes.astype(np.int32), batch_dims=1)


@contextmanager
def _watched(layer: Any, watch: Callable[[Any], None]) -> Iterator[list[Any]]:
    """Collect what a layer gives each time it is called, and let a tape watch it."""
    given, call = [], layer.call

    def watched(*arguments: Any, **options: Any) -> Any:
        output = call(*arguments, **options)
        watch(output)
        given.append(output)
        return output

    layer.__dict__["call"] = watched
    try:
        yield given
    finally:
        del layer.__dict__["call"]
