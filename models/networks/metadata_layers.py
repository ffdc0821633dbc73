"""Metadata within the graph of a network: raw columns to scaled ones, and a layer between them and the head.

Tested by tests/models/inputs/test_metadata.py.
"""

import math
from typing import Any

import numpy as np

from models.framework import keras
from models.inputs.metadata import STEEPEST, MetadataScaling
from pipeline.cutouts.missing import HUGE


def encoded(raw: Any, scaling: MetadataScaling) -> Any:
    """Return what `MetadataScaling.encoded` returns, as operations of a graph.

    Parameters
    ----------
    raw : tensor, shape (n, k)
        Columns of the candidates as their files have them, NaN = missing.
    scaling : MetadataScaling
        Constants, which become part of the graph.

    Returns
    -------
    encoded : tensor, shape (n, 2 k)
    """
    ops = keras().ops
    centre, width = (np.asarray(constants, np.float32) for constants in (scaling.centre, scaling.width))
    marked = ops.where(ops.less_equal(ops.abs(raw), HUGE), raw, math.nan)  # the only way to ONNX: normalisation_layers
    deviation = ops.where(ops.isnan(marked), 0.0, marked - centre) / width
    steep = ops.minimum(ops.abs(deviation), STEEPEST)
    scaled = ops.sign(deviation) * ops.log(steep + ops.sqrt(steep * steep + 1.0))
    return ops.concatenate([scaled, ops.cast(ops.isnan(marked), "float32")], axis=1)


def joined(hidden: Any, columns: Any, units: int) -> Any:
    """Return what a network saw in pixels ``(n, u)`` beside what a layer of units sees in encoded columns."""
    layers = keras().layers
    looked_at = layers.Dense(units, activation="relu", name="metadata_dense")(columns)
    return layers.Concatenate(name="with_metadata")([hidden, looked_at])
