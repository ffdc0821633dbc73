"""ONNX graphs of scikit-learn classifiers, with probabilities as exact as the logits of a calibration need.

The converter and the runtime keep probabilities right to 1e-7; the logit of a probability of 1e-6 would then
be known to 10 %, and a calibration brings that error up to visible size. So trees put out sums here, from
which both probabilities follow, each to 1e-6 of itself.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.framework import foreign_deprecations
from models.onnx_graph import OPSET, OUTPUT, Graph
from pipeline.scores.calibration import Platt

FEATURES: Final = "features"
SMALLEST_PROBABILITY: Final = 1e-6
"""Probabilities are clipped to this before the logit is taken."""

Nodes = list[tuple[str, list[str], str, Mapping[str, object]]]
"""Kind, inputs, output and attributes of each node."""


def from_sklearn(estimator: Any, n_features: int, platt: Platt) -> Graph:
    """Return the ONNX graph of a classifier on ``(n, f)`` features, its probabilities calibrated.

    Parameters
    ----------
    estimator : scikit-learn classifier
        Fitted; with two classes, one of forests, boosted trees and averages of such.
    n_features : int
        Columns of its input.
    platt : Platt
        Applied to the logit of the probability of class 1, with two classes.
    """
    with foreign_deprecations():
        import skl2onnx
        from skl2onnx.common.data_types import FloatTensorType

        graph = skl2onnx.to_onnx(
            estimator,
            initial_types=[(FEATURES, FloatTensorType([None, n_features]))],
            options={id(estimator): {"zipmap": False}},
            target_opset={"": OPSET, "ai.onnx.ml": 3},
        )
    raw = _renamed(graph, graph.graph.output[1].name)
    n_classes = len(estimator.classes_)
    if n_classes == 2:
        _sharpen_trees(graph)
        _append(graph, _calibration(graph, raw, platt))
    else:
        _append(graph, [("Identity", [raw], OUTPUT, {})])
    _set_output(graph, n_classes)
    return graph


def logit_of(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the logits ``(n,)`` that the graph of an estimator calibrates, from its probabilities ``(n, 2)``.

    Both columns are used: close to 1, float32 knows the other one better.
    """
    exact = np.asarray(probabilities, dtype=np.float64)
    logs = np.log(np.clip(exact, SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY))
    return np.asarray(logs[:, 1] - logs[:, 0])


def _renamed(graph: Graph, name: str) -> str:
    """Give a tensor of the graph another name, which is returned, so that its own is free for the output."""
    other = f"uncalibrated/{name}"
    for node in graph.graph.node:
        for names in (node.input, node.output):
            names[:] = [other if present == name else present for present in names]
    return other


def _sharpen_trees(graph: Graph) -> None:
    """Replace every two-class tree ensemble by nodes that know small probabilities as well as large ones."""
    nodes = list(graph.graph.node)
    del graph.graph.node[:]
    for node in nodes:
        if node.op_type != "TreeEnsembleClassifier":
            graph.graph.node.append(node)
            continue
        attributes = _attributes(node)
        if attributes["post_transform"] == b"LOGISTIC":
            _append_boosted(graph, node.input[0], node.output[1], attributes)
        else:
            _append_forest(graph, node.input[0], node.output[1], attributes)


def _append_boosted(graph: Graph, source: str, output: str, attributes: Mapping[str, Any]) -> None:
    """Add trees whose sum is a logit, and both probabilities by exponentials."""
    start = attributes.get("base_values", [0.0])
    trees = _regressor(attributes, [attributes["class_weights"]], base_values=[float(value) for value in start])
    one = _constant(graph, f"{output}/one", np.float32(1.0))
    logit = f"{output}/logit"
    _append(
        graph,
        [
            ("TreeEnsembleRegressor", [source], logit, trees),
            ("Neg", [logit], f"{logit}/negative", {}),
            ("Concat", [logit, f"{logit}/negative"], f"{logit}/both", {"axis": 1}),
            ("Exp", [f"{logit}/both"], f"{output}/odds", {}),
            ("Add", [f"{output}/odds", one], f"{output}/sum", {}),
            ("Reciprocal", [f"{output}/sum"], output, {}),
        ],
    )


def _append_forest(graph: Graph, source: str, output: str, attributes: Mapping[str, Any]) -> None:
    """Add trees whose leaves hold the share of either class; the converter keeps that of class 1 alone."""
    real = np.asarray(attributes["class_weights"], dtype=np.float64)
    whole = 1.0 / len(set(attributes["class_treeids"]))
    bogus = np.where(np.abs(whole - real) < 1e-6 * whole, 0.0, whole - real)
    _append(graph, [("TreeEnsembleRegressor", [source], output, _regressor(attributes, [bogus, real]))])


def _regressor(attributes: Mapping[str, Any], weights: list[Any], **more: Any) -> dict[str, Any]:
    """Return the attributes of a regressor with the same trees and one target for each list of weights."""
    targets = len(weights)
    return {
        **{name: value for name, value in attributes.items() if name.startswith("nodes_")},
        "n_targets": targets,
        "target_ids": np.repeat(np.arange(targets), len(attributes["class_nodeids"])).tolist(),
        "target_nodeids": list(attributes["class_nodeids"]) * targets,
        "target_treeids": list(attributes["class_treeids"]) * targets,
        "target_weights": np.concatenate([np.asarray(target, dtype=np.float32) for target in weights]).tolist(),
        **more,
    }


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import helper

    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _calibration(graph: Graph, raw: str, platt: Platt) -> Nodes:
    """Return the nodes from probabilities of two classes to calibrated ones."""
    floor, ceiling, one, slope, intercept = (
        _constant(graph, f"calibration/{name}", np.float32(value))
        for name, value in {
            "floor": SMALLEST_PROBABILITY,
            "ceiling": 1.0 - SMALLEST_PROBABILITY,
            "one": 1.0,
            "slope": platt.slope,
            "intercept": platt.intercept,
        }.items()
    )
    columns = [_constant(graph, f"calibration/column_{i}", np.array([i], dtype=np.int64)) for i in (0, 1)]
    return [
        ("Clip", [raw, floor, ceiling], "calibration/p", {}),
        ("Log", ["calibration/p"], "calibration/log", {}),
        ("Gather", ["calibration/log", columns[0]], "calibration/bogus_log", {"axis": 1}),
        ("Gather", ["calibration/log", columns[1]], "calibration/real_log", {"axis": 1}),
        ("Sub", ["calibration/real_log", "calibration/bogus_log"], "calibration/logit", {}),
        ("Mul", ["calibration/logit", slope], "calibration/scaled", {}),
        ("Add", ["calibration/scaled", intercept], "calibration/moved", {}),
        ("Sigmoid", ["calibration/moved"], "calibration/score", {}),
        ("Sub", [one, "calibration/score"], "calibration/rest", {}),
        ("Concat", ["calibration/rest", "calibration/score"], OUTPUT, {"axis": 1}),
    ]


def _constant(graph: Graph, name: str, value: object) -> str:
    """Enter a constant into the graph; return its name."""
    from onnx import numpy_helper

    graph.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    return name


def _append(graph: Graph, nodes: Iterable[tuple[str, list[str], str, Mapping[str, Any]]]) -> None:
    from onnx import helper

    for kind, inputs, output, attributes in nodes:
        domain = "ai.onnx.ml" if kind.startswith("TreeEnsemble") else None
        graph.graph.node.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))


def _set_output(graph: Graph, n_classes: int) -> None:
    """Make the probabilities the only output, and drop what they do not need."""
    from onnx import TensorProto, helper

    del graph.graph.output[:]
    graph.graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, n_classes]))
    needed, kept = {OUTPUT}, []
    for node in reversed(graph.graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
            kept.append(node)
    constants = [tensor for tensor in graph.graph.initializer if tensor.name in needed]
    for field, members in ((graph.graph.node, reversed(kept)), (graph.graph.initializer, constants)):
        members = list(members)
        del field[:]
        field.extend(members)
