"""A network of convolutions over the group of the four quarter turns, which no turn of the cutout changes.

Each filter looks at the image in its four orientations, and later ones at the four orientations of what the earlier
ones saw, turned alike (Cohen and Welling 2016, arXiv:1602.07576); behind the last, mean and maximum over the
orientations are taken. Exact for an odd side of the cutout that the first stage makes a multiple of four, as 31.

Tested by tests/benchmarks/studies/ablation/test_networks.py.
"""

from typing import Any, Final

from benchmarks.studies.ablation.networks.layers import central, model
from models.framework import keras

FILTERS: Final = (4, 8, 16)
"""Of each stage, each in four orientations: as wide as ``triplet_cnn``, of whose weights it has a quarter."""

TURNS: Final = 4


def create_model(num_classes: int, image_dim: int, channels: int) -> Any:
    """Return the network."""
    layers = keras().layers
    inputs = keras().Input((image_dim, image_dim, channels))
    hidden = inputs
    for stage, count in enumerate(FILTERS):
        first = stage == 0
        hidden = _turning(hidden, count, size=5 if first else 3, stride=2 if first else 1, lifts=first)
        hidden = hidden if first else layers.AveragePooling2D(2)(hidden)
        hidden = _turning(hidden, count)
    seen = []
    for part in (central(hidden, 2 - hidden.shape[1] % 2), hidden):
        sides = layers.Reshape((*part.shape[1:3], TURNS, FILTERS[-1]))(part)
        seen += [layers.GlobalAveragePooling3D()(sides), layers.GlobalMaxPooling3D()(sides)]
    return model(inputs, seen, num_classes)


def _turning(hidden: Any, filters: int, *, size: int = 3, stride: int = 1, lifts: bool = False) -> Any:
    """Return turning convolution, one batch normalisation for all orientations, and rectifier."""
    layers = keras().layers
    hidden = _convolution()(filters=filters, size=size, stride=stride, lifts=lifts)(hidden)
    shape = hidden.shape[1:]
    hidden = layers.Reshape((*shape[:2], TURNS, filters))(hidden)
    return layers.Reshape(shape)(layers.ReLU()(layers.BatchNormalization(momentum=0.9)(hidden)))


def _convolution() -> Any:
    """Return the layer's class, once Keras is loaded."""

    class TurningConvolution(keras().layers.Layer):  # type: ignore[misc]
        """Convolve with each filter in its four orientations; channels are ordered by orientation, then by filter."""

        def __init__(self, *, filters: int, size: int, stride: int, lifts: bool, **more: Any) -> None:
            super().__init__(**more)
            self.filters, self.size, self.stride, self.lifts = filters, size, stride, lifts

        def build(self, shape: Any) -> None:
            self.kernel = self.add_weight(
                shape=(self.size, self.size, shape[-1], self.filters), initializer="he_normal", name="kernel"
            )

        def call(self, inputs: Any) -> Any:
            ops = keras().ops
            kernels = [_turned(self.kernel, turn, self.lifts) for turn in range(TURNS)]
            return ops.conv(inputs, ops.concatenate(kernels, axis=-1), strides=self.stride, padding="same")

        def compute_output_shape(self, shape: Any) -> Any:
            side = -(-shape[1] // self.stride)
            return (shape[0], side, side, TURNS * self.filters)

    return TurningConvolution


def _turned(kernel: Any, turn: int, lifts: bool) -> Any:
    """Return a kernel ``(y, x, channel, filter)`` after some quarter turns; of orientations, these move on as well."""
    ops = keras().ops
    turned = ops.rot90(kernel, k=turn, axes=(0, 1)) if turn else kernel
    if lifts or not turn:
        return turned
    parts = ops.split(turned, TURNS, axis=2)
    return ops.concatenate([parts[(place - turn) % TURNS] for place in range(TURNS)], axis=2)
