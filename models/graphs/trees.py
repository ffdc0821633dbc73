"""ONNX graphs of scikit-learn classifiers, with logits as exact as a calibration needs them.

The converter and the runtime keep probabilities right to 1e-7; the logit of a probability of 1e-6 would then
be known to 10 %, and a calibration brings that error up to visible size. So trees put out sums here, from
which both probabilities follow, each to 1e-6 of itself.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.framework import foreign_deprecations
from models.graphs.keras_graph import LOGITS, OPSET, Graph
from models.graphs.nodes import Node, append, constant

FEATURES: Final = "features"
SMALLEST_PROBABILITY: Final = 1e-6
"""Probabilities of two classes are clipped to this before the logit is taken."""

SMALLEST_SHARE: Final = 1e-9
"""Probabilities of more classes are raised to this before the logarithm is taken."""


def from_sklearn(estimator: Any, n_features: int) -> Graph:
    """Return the ONNX graph of a classifier from ``(n, f)`` features to logits.

    Parameters
    ----------
    estimator : scikit-learn classifier
        Fitted; with two classes, one of forests, boosted trees and averages of such.
    n_features : int
        Columns of its input.

    Returns
    -------
    graph : onnx.ModelProto
        Its output ``logits`` has one column for two classes, else the logarithm of each class's probability.
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
        append(graph, logit_nodes(graph, raw))
    else:
        append(graph, logarithm_nodes(graph, raw))
    _set_output(graph, 1 if n_classes == 2 else n_classes)
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
    one = constant(graph, f"{output}/one", np.float32(1.0))
    logit = f"{output}/logit"
    append(
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
    append(graph, [("TreeEnsembleRegressor", [source], output, _regressor(attributes, [bogus, real]))])


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


def logit_nodes(graph: Graph, raw: str) -> list[Node]:
    """Return the nodes from probabilities of two classes to the logit of the second.

    Parameters
    ----------
    graph : onnx.ModelProto
        Gets their constants.
    raw : str
        Tensor of the probabilities, ``(n, 2)``.
    """
    floor, ceiling = (
        constant(graph, f"logit/{name}", np.float32(value))
        for name, value in {"floor": SMALLEST_PROBABILITY, "ceiling": 1.0 - SMALLEST_PROBABILITY}.items()
    )
    columns = [constant(graph, f"logit/column_{i}", np.array([i], dtype=np.int64)) for i in (0, 1)]
    return [
        ("Clip", [raw, floor, ceiling], "logit/p", {}),
        ("Log", ["logit/p"], "logit/log", {}),
        ("Gather", ["logit/log", columns[0]], "logit/bogus_log", {"axis": 1}),
        ("Gather", ["logit/log", columns[1]], "logit/real_log", {"axis": 1}),
        ("Sub", ["logit/real_log", "logit/bogus_log"], LOGITS, {}),
    ]


def logarithm_nodes(graph: Graph, raw: str) -> list[Node]:
    """Return the nodes from probabilities of more classes to their logarithms.

    Parameters
    ----------
    graph : onnx.ModelProto
        Gets their constants.
    raw : str
        Tensor of the probabilities, ``(n, k)``.
    """
    floor = constant(graph, "logit/floor", np.float32(SMALLEST_SHARE))
    return [("Max", [raw, floor], "logit/p", {}), ("Log", ["logit/p"], LOGITS, {})]


def _set_output(graph: Graph, columns: int) -> None:
    """Make the logits the only output, and drop what they do not need."""
    from onnx import TensorProto, helper

    del graph.graph.output[:]
    graph.graph.output.append(helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, [None, columns]))
    needed, kept = {LOGITS}, []
    for node in reversed(graph.graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
            kept.append(node)
    constants = [tensor for tensor in graph.graph.initializer if tensor.name in needed]
    for field, members in ((graph.graph.node, reversed(kept)), (graph.graph.initializer, constants)):
        members = list(members)
        del field[:]
        field.extend(members)
