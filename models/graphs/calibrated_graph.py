"""A graph of logits with nodes behind it that make calibrated probabilities of them.

Tested by tests/models/graphs/test_calibrated_graph.py.
"""

from typing import Final

import numpy as np

from models.graphs.keras_graph import LOGITS, Graph
from models.graphs.nodes import append, constant
from models.graphs.sessions import CALIBRATED
from pipeline.scores.calibration import Platt
from pipeline.scores.class_calibration import Calibration, ClassScaling

PROBABILITIES: Final = "probabilities"


def with_calibration(graph: Graph, calibration: Calibration) -> Graph:
    """Return a copy of a graph that gives probabilities and, as a second output, the logits they are of.

    Parameters
    ----------
    graph : onnx.ModelProto
        Its one output is ``logits``, of shape ``(n, columns)``: one column for two classes, else one a class.
    calibration : Platt or ClassScaling
        Of two classes a `Platt`, applied to the logit. With more classes the probabilities are the softmax of the
        logits, scaled and shifted by a `ClassScaling`, or as they are.

    Returns
    -------
    graph : onnx.ModelProto
        With the outputs ``probabilities`` ``(n, k)`` and ``calibrated_logits`` ``(n, columns)``.
    """
    from onnx import ModelProto

    whole = ModelProto()
    whole.CopyFrom(graph)
    columns = int(whole.graph.output[0].type.tensor_type.shape.dim[-1].dim_value)
    if isinstance(calibration, ClassScaling):
        _add_scaled(whole, calibration)
    elif columns == 1:
        _add_score(whole, calibration)
    else:
        append(whole, [("Identity", [LOGITS], CALIBRATED, {}), ("Softmax", [LOGITS], PROBABILITIES, {"axis": -1})])
    _set_outputs(whole, columns)
    return whole


def _add_scaled(graph: Graph, scaling: ClassScaling) -> None:
    """Append the calibrated logits of more than two classes, and their softmax."""
    scale, shift = (
        constant(graph, f"calibration/{name}", np.array([values], dtype=np.float32))
        for name, values in {"scale": scaling.scale, "shift": scaling.shift}.items()
    )
    append(
        graph,
        [
            ("Mul", [LOGITS, scale], "calibration/scaled", {}),
            ("Add", ["calibration/scaled", shift], CALIBRATED, {}),
            ("Softmax", [CALIBRATED], PROBABILITIES, {"axis": -1}),
        ],
    )


def _add_score(graph: Graph, platt: Platt) -> None:
    """Append the calibrated logit, its sigmoid, and the probability of either class."""
    slope, intercept, one = (
        constant(graph, f"calibration/{name}", np.float32(value))
        for name, value in {"slope": platt.slope, "intercept": platt.intercept, "one": 1.0}.items()
    )
    append(
        graph,
        [
            ("Mul", [LOGITS, slope], "calibration/scaled", {}),
            ("Add", ["calibration/scaled", intercept], CALIBRATED, {}),
            ("Sigmoid", [CALIBRATED], "calibration/score", {}),
            ("Sub", [one, "calibration/score"], "calibration/rest", {}),
            ("Concat", ["calibration/rest", "calibration/score"], PROBABILITIES, {"axis": 1}),
        ],
    )


def _set_outputs(graph: Graph, columns: int) -> None:
    from onnx import TensorProto, helper

    del graph.graph.output[:]
    for name, sides in ((PROBABILITIES, max(columns, 2)), (CALIBRATED, columns)):
        graph.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, sides]))
