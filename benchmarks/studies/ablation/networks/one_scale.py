"""The network ``triplet_cnn`` without its central crop: it sees mean and maximum over the whole cutout alone.

Tested by tests/benchmarks/studies/ablation/test_networks.py.
"""

from typing import Any

from benchmarks.studies.ablation.networks.layers import model, pooled, trunk
from models.framework import keras


def create_model(num_classes: int, image_dim: int, channels: int) -> Any:
    """Return the network."""
    inputs = keras().Input((image_dim, image_dim, channels))
    return model(inputs, pooled(trunk(inputs)), num_classes)
