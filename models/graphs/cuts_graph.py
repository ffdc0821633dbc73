"""The ONNX graph of cuts on features: the sums of `pipeline.features.cuts`, node by node.

Tested by tests/pipeline/features/test_cuts.py.
"""

import numpy as np

from models.graphs.keras_graph import LOGITS, OPSET, Graph
from models.graphs.nodes import append, constant
from models.graphs.trees import FEATURES
from pipeline.features.cuts import FeatureCuts

IR_VERSION = 8
"""Of the ONNX file: the one that goes with `OPSET`."""


def cuts_graph(cuts: FeatureCuts, n_features: int) -> Graph:
    """Return the graph of cuts, from features ``(n, f)`` to logits ``(n, 1)``.

    Parameters
    ----------
    cuts : FeatureCuts
        The cuts.
    n_features : int
        f.
    """
    from onnx import TensorProto, helper

    given = helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, [None, n_features])
    result = helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, [None, 1])
    graph = helper.make_model(
        helper.make_graph([], "cuts", [given], [result]),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    held = {"columns": cuts.columns, "least": cuts.least, "most": cuts.most, "scale": cuts.scale}
    held |= {"zero": np.float32(0), "half": np.float32(0.5)}
    held |= {"count": np.float32(len(cuts.names)), "axis": np.array([1], np.int64)}
    names = {name: constant(graph, f"cuts/{name}", value) for name, value in held.items()}
    append(
        graph,
        [
            ("Gather", [FEATURES, names["columns"]], "cuts/values", {"axis": 1}),
            ("Sub", ["cuts/values", names["least"]], "cuts/above", {}),
            ("Sub", [names["most"], "cuts/values"], "cuts/below", {}),
            ("Min", ["cuts/above", "cuts/below"], "cuts/margin", {}),
            ("GreaterOrEqual", ["cuts/margin", names["zero"]], "cuts/passed", {}),
            ("Cast", ["cuts/passed"], "cuts/ones", {"to": TensorProto.FLOAT}),
            ("ReduceSum", ["cuts/ones", names["axis"]], "cuts/passed_count", {"keepdims": 1}),
            ("Sub", ["cuts/passed_count", names["count"]], "cuts/minus_failed", {}),
            ("Abs", ["cuts/margin"], "cuts/size", {}),
            ("Add", ["cuts/size", names["scale"]], "cuts/softened", {}),
            ("Mul", ["cuts/margin", names["half"]], "cuts/halved_margin", {}),
            ("Div", ["cuts/halved_margin", "cuts/softened"], "cuts/halved", {}),
            ("Add", ["cuts/halved", names["half"]], "cuts/inside", {}),
            ("ReduceSum", ["cuts/inside", names["axis"]], "cuts/inside_sum", {"keepdims": 1}),
            ("Div", ["cuts/inside_sum", names["count"]], "cuts/inside_mean", {}),
            ("Add", ["cuts/minus_failed", "cuts/inside_mean"], LOGITS, {}),
        ],
    )
    return graph
