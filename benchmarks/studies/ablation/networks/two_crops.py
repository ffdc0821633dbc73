"""The network ``triplet_cnn`` with a second, finer trunk on the middle of the cutout, in place of its central crop.

Tested by tests/benchmarks/studies/ablation/test_networks.py.
"""

from typing import Any, Final

from benchmarks.studies.ablation.networks.layers import central, convolution, model, pooled, trunk
from models.framework import keras

MIDDLE: Final = 15
"""Pixels a side of the crop; its first convolution keeps them all."""


def create_model(num_classes: int, image_dim: int, channels: int) -> Any:
    """Return the network."""
    inputs = keras().Input((image_dim, image_dim, channels))
    fine = convolution(central(inputs, MIDDLE), 16)
    fine = convolution(fine, 32, stride=2)
    fine = convolution(fine, 32, stride=2)
    seen = [keras().layers.Flatten()(fine), *pooled(trunk(inputs))]
    return model(inputs, seen, num_classes)
