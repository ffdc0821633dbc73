"""The scaling of a table's features within the graph of a network.

Tested by tests/models/inputs/test_table_scaling.py.
"""

import math
from typing import Any

import numpy as np

from models.framework import keras
from models.inputs.table_scaling import TableScaling
from pipeline.cutouts.missing import HUGE


def encoded(raw: Any, scaling: TableScaling) -> Any:
    """Return what `TableScaling.encoded` returns, as operations of a graph.

    Parameters
    ----------
    raw : tensor, shape (n, 1, 1, f)
        Features as the data set has them, NaN = missing.
    scaling : TableScaling
        Constants, which become part of the graph.

    Returns
    -------
    encoded : tensor, shape (n, 1, 1, f) or (n, 1, 1, 2 f)
    """
    ops = keras().ops
    marked = ops.where(ops.less_equal(ops.abs(raw), HUGE), raw, math.nan)  # the only way to ONNX: normalisation_layers
    missing = ops.isnan(marked)
    filled = ops.where(missing, np.asarray(scaling.fill, np.float32), _scaled(marked, scaling))
    return ops.concatenate([filled, ops.cast(missing, "float32")], axis=-1) if scaling.indicator else filled


def _scaled(marked: Any, scaling: TableScaling) -> Any:
    ops = keras().ops
    if not scaling.knots:
        deviation = (marked - np.asarray(scaling.centre, np.float32)) * scaling.inverse
        return ops.clip(deviation, -scaling.steepest, scaling.steepest)
    first, start, inverse, rise = scaling.segments()
    along = ops.expand_dims(marked, -1) - start
    return ops.sum(ops.clip(along * inverse, 0.0, 1.0) * rise, axis=-1) + first
