"""A graph of logits with nodes behind it that make calibrated probabilities of them.

Tested by tests/models/graphs/test_calibrated_graph.py.
"""

from typing import Final

import numpy as np

from models.graphs.keras_graph import LOGITS, Graph
from models.graphs.nodes import Node, append, constant
from models.graphs.sessions import CALIBRATED
from pipeline.scores.beta import Beta
from pipeline.scores.calibration import Platt
from pipeline.scores.class_calibration import Calibration, ClassScaling
from pipeline.scores.isotonic import Isotonic

PROBABILITIES: Final = "probabilities"


def with_calibration(graph: Graph, calibration: Calibration) -> Graph:
    """Return a copy of a graph that gives probabilities and, as a second output, the logits they are of.

    Parameters
    ----------
    graph : onnx.ModelProto
        Its one output is ``logits``, of shape ``(n, columns)``: one column for two classes, else one a class.
    calibration : Platt, Beta, Isotonic or ClassScaling
        Of two classes one of the first three, applied to the logit. With more classes the probabilities are the
        softmax of the logits, scaled and shifted by a `ClassScaling`, or as they are.

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
    elif isinstance(calibration, Isotonic):
        _add_rising(whole, calibration)
    elif isinstance(calibration, Beta):
        _add_beta(whole, calibration)
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
    slope, intercept = (
        constant(graph, f"calibration/{name}", np.float32(value))
        for name, value in {"slope": platt.slope, "intercept": platt.intercept}.items()
    )
    append(
        graph,
        [
            ("Mul", [LOGITS, slope], "calibration/scaled", {}),
            ("Add", ["calibration/scaled", intercept], CALIBRATED, {}),
        ],
    )
    _add_either(graph)


def _add_beta(graph: Graph, beta: Beta) -> None:
    """Append ``b ln(1 + exp(z)) - a ln(1 + exp(-z)) + c`` of the logit z."""
    numbers = {"below": -beta.slope_below, "above": beta.slope_above, "intercept": beta.intercept}
    name = {key: constant(graph, f"calibration/{key}", np.float32(value)) for key, value in numbers.items()}
    append(
        graph,
        [
            ("Neg", [LOGITS], "calibration/negative", {}),
            ("Softplus", ["calibration/negative"], "calibration/low", {}),
            ("Softplus", [LOGITS], "calibration/high", {}),
            ("Mul", ["calibration/low", name["below"]], "calibration/scaled_low", {}),
            ("Mul", ["calibration/high", name["above"]], "calibration/scaled_high", {}),
            ("Add", ["calibration/scaled_low", "calibration/scaled_high"], "calibration/both", {}),
            ("Add", ["calibration/both", name["intercept"]], CALIBRATED, {}),
        ],
    )
    _add_either(graph)


def _add_rising(graph: Graph, isotonic: Isotonic) -> None:
    """Append the calibrated logit as the sum of a piece for each interval between knots, and of both ends.

    Each piece is clipped to its interval and none is taken from another, so that float32 loses nothing.
    """
    knots, values = np.array(isotonic.knots), np.array(isotonic.values)
    widths = np.diff(knots)
    numbers = {
        "first": knots[:1], "last": knots[-1:], "value": values[:1], "zero": np.zeros(1),
        "starts": knots[None, :-1], "widths": widths[None], "slopes": (np.diff(values) / widths)[:, None],
    }  # fmt: skip
    name = {key: constant(graph, f"calibration/{key}", value.astype(np.float32)) for key, value in numbers.items()}
    append(
        graph,
        [
            ("Sub", [LOGITS, name["first"]], "calibration/from_first", {}),
            ("Min", ["calibration/from_first", name["zero"]], "calibration/below", {}),
            ("Sub", [LOGITS, name["last"]], "calibration/from_last", {}),
            ("Max", ["calibration/from_last", name["zero"]], "calibration/above", {}),
            ("Add", ["calibration/below", "calibration/above"], "calibration/beyond", {}),
            ("Add", ["calibration/beyond", name["value"]], "calibration/ends", {}),
        ],
    )
    if not len(widths):
        append(graph, [("Identity", ["calibration/ends"], CALIBRATED, {})])
    else:
        append(
            graph,
            [
                ("Sub", [LOGITS, name["starts"]], "calibration/from_starts", {}),
                ("Max", ["calibration/from_starts", name["zero"]], "calibration/begun", {}),
                ("Min", ["calibration/begun", name["widths"]], "calibration/pieces", {}),
                ("MatMul", ["calibration/pieces", name["slopes"]], "calibration/within", {}),
                ("Add", ["calibration/ends", "calibration/within"], CALIBRATED, {}),
            ],
        )
    _add_either(graph)


def _add_either(graph: Graph) -> None:
    """Append the probability of either class: ``1 / (1 + exp(z))`` and ``1 / (1 + exp(-z))`` of the calibrated logit z.

    The runtime's Sigmoid is exact to 1e-7 alone: a score of 1e-6 is off by a tenth, one of 1e-8 is 0.
    """
    one = constant(graph, "calibration/one", np.float32(1.0))
    sides = {"rest": CALIBRATED, "score": "calibration/opposite"}
    nodes: list[Node] = [("Neg", [CALIBRATED], "calibration/opposite", {})]
    for name, exponent in sides.items():
        nodes += [
            ("Exp", [exponent], f"calibration/{name}_odds", {}),
            ("Add", [f"calibration/{name}_odds", one], f"calibration/{name}_whole", {}),
            ("Reciprocal", [f"calibration/{name}_whole"], f"calibration/{name}", {}),
        ]
    nodes.append(("Concat", [f"calibration/{name}" for name in sides], PROBABILITIES, {"axis": 1}))
    append(graph, nodes)


def _set_outputs(graph: Graph, columns: int) -> None:
    from onnx import TensorProto, helper

    del graph.graph.output[:]
    for name, sides in ((PROBABILITIES, max(columns, 2)), (CALIBRATED, columns)):
        graph.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, sides]))
