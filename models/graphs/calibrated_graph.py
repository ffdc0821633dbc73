"""A graph of logits with nodes behind it that make calibrated probabilities of them.

Tested by tests/models/graphs/test_calibrated_graph.py.
"""

from typing import Final

import numpy as np

from models.graphs.keras_graph import LOGITS, Graph
from models.graphs.nodes import append, constant
from models.graphs.sessions import CALIBRATED
from pipeline.scores.calibration import Platt

PROBABILITIES: Final = "probabilities"


def with_calibration(graph: Graph, platt: Platt) -> Graph:
    """Return a copy of a graph that gives probabilities and, as a second output, the logits they are of.

    Parameters
    ----------
    graph : onnx.ModelProto
        Its one output is ``logits``, of shape ``(n, columns)``: one column for two classes, else one a class.
    platt : Platt
        Of two classes: applied to the logit. With more classes the probabilities are the softmax of the logits.

    Returns
    -------
    graph : onnx.ModelProto
        With the outputs ``probabilities`` ``(n, k)`` and ``calibrated_logits`` ``(n, columns)``.
    """
    from onnx import ModelProto

    whole = ModelProto()
    whole.CopyFrom(graph)
    columns = int(whole.graph.output[0].type.tensor_type.shape.dim[-1].dim_value)
    if columns == 1:
        _add_score(whole, platt)
    else:
        append(whole, [("Identity", [LOGITS], CALIBRATED, {}), ("Softmax", [LOGITS], PROBABILITIES, {"axis": -1})])
    _set_outputs(whole, columns)
    return whole


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
