"""ONNX graphs of classifiers on tables: from raw features with NaN to logits, the scaling within.

The trees are written here from scikit-learn's own arrays. Thresholds are rounded down to float32, so that a feature in
float32 is on the same side of the one as of the other; sums of kernels and products are taken in float64.

Tested by tests/models/graphs/test_table_graph.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.graphs.keras_graph import INPUT, LOGITS, OPSET, Graph
from models.graphs.nodes import append, constant
from models.graphs.trees import FEATURES, logarithm_nodes, logit_nodes
from models.inputs.table_scaling import TableScaling
from pipeline.cutouts.missing import HUGE

IR_VERSION: Final = 8
"""Of the ONNX files: the one that goes with `OPSET`."""

SEEN: Final = "table/seen"
"""The tensor of features as the classifier takes them."""


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A tree as arrays of its nodes, the root first.

    Attributes
    ----------
    feature, left, right : ndarray of int, shape (m,)
        What a node asks for, and where it leads; of leaves they count for nothing.
    threshold : ndarray of float64, shape (m,)
        Values up to it lead left.
    missing_left : ndarray of bool, shape (m,)
        Whether missing ones do.
    leaf : ndarray of bool, shape (m,)
    value : ndarray of float64, shape (m, targets)
        What leaves add to each target. NaN is nothing: a target to which no leaf of a row adds loses its base value in
        ONNX Runtime, so that the leaves of a boosted tree add to their target even if it is 0.
    """

    feature: NDArray[np.integer]
    left: NDArray[np.integer]
    right: NDArray[np.integer]
    threshold: NDArray[np.float64]
    missing_left: NDArray[np.bool_]
    leaf: NDArray[np.bool_]
    value: NDArray[np.float64]


def table_graph(estimator: Any, kind: str, scaling: TableScaling | None, n_features: int) -> Graph:
    """Return the graph of a fitted classifier.

    Parameters
    ----------
    estimator : object
        Fitted on scaled features and class indices 0 ... k - 1.
    kind : str
        ``table_forest``, ``table_boosting``, ``table_svm`` or ``table_logistic``.
    scaling : TableScaling or None
        Of the features; None hands raw ones on, missing ones as NaN.
    n_features : int
        f.

    Returns
    -------
    graph : onnx.ModelProto
        From ``cutouts`` ``(n, 1, 1, f)`` to ``logits`` ``(n, 1)`` for two classes, else ``(n, k)``.
    """
    writer = _WRITERS[kind]
    graph = empty_graph(n_features, writer.columns(estimator))
    append_scaling(graph, scaling, n_features)
    writer.write(graph, estimator)
    return graph


def round_down(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest float32 that is not above each float64: a float32 is up to both or to neither."""
    rounded = thresholds.astype(np.float32)
    above = rounded.astype(np.float64) > thresholds
    return np.where(above, np.nextafter(rounded, np.float32(-np.inf)), rounded).astype(np.float32)


def empty_graph(n_features: int, columns: int, output: str = LOGITS) -> Graph:
    """Return a graph without nodes from ``cutouts`` ``(n, 1, 1, f)`` to one output ``(n, columns)``."""
    return _empty((1, 1, n_features), columns, INPUT, output)


def _empty(row: tuple[int, ...], columns: int, name: str, output: str) -> Graph:
    from onnx import TensorProto, helper

    given = helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, *row])
    result = helper.make_tensor_value_info(output, TensorProto.FLOAT, [None, columns])
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", 3)]
    graph = helper.make_graph([], "table", [given], [result])
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)


def append_scaling(graph: Graph, scaling: TableScaling | None, n_features: int) -> None:
    """Add the nodes from the input to `SEEN`, as `TableScaling.encoded` computes it."""
    shape = constant(graph, "table/shape", np.array([-1, n_features], np.int64))
    huge = constant(graph, "table/huge", np.float32(HUGE))
    nan = constant(graph, "table/nan", np.float32(np.nan))
    append(
        graph,
        [
            ("Reshape", [INPUT, shape], "table/raw", {}),
            ("Abs", ["table/raw"], "table/size", {}),
            ("LessOrEqual", ["table/size", huge], "table/known", {}),
        ],
    )
    if scaling is None:
        append(graph, [("Where", ["table/known", "table/raw", nan], SEEN, {})])
        return
    _append_scaled(graph, scaling)
    fill = constant(graph, "table/fill", np.asarray(scaling.fill, np.float32))
    filled = "table/filled" if scaling.indicator else SEEN
    append(graph, [("Where", ["table/known", "table/scaled", fill], filled, {})])
    if scaling.indicator:
        append(
            graph,
            [
                ("Not", ["table/known"], "table/missing", {}),
                ("Cast", ["table/missing"], "table/marks", {"to": 1}),
                ("Concat", ["table/filled", "table/marks"], SEEN, {"axis": 1}),
            ],
        )


def _append_scaled(graph: Graph, scaling: TableScaling) -> None:
    if not scaling.knots:
        centre = constant(graph, "table/centre", np.asarray(scaling.centre, np.float32))
        inverse = constant(graph, "table/inverse", scaling.inverse)
        ends = [constant(graph, f"table/end{sign:+d}", np.float32(sign * scaling.steepest)) for sign in (-1, 1)]
        append(
            graph,
            [
                ("Sub", ["table/raw", centre], "table/deviation", {}),
                ("Mul", ["table/deviation", inverse], "table/wide", {}),
                ("Clip", ["table/wide", *ends], "table/scaled", {}),
            ],
        )
        return
    names = ("first", "start", "inverse", "rise")
    first, start, inverse, rise = (
        constant(graph, f"table/{name}", value) for name, value in zip(names, scaling.segments(), strict=True)
    )
    last = constant(graph, "table/last", np.array([2], np.int64))
    zero, one = (constant(graph, f"table/clip{value}", np.float32(value)) for value in (0, 1))
    append(
        graph,
        [
            ("Unsqueeze", ["table/raw", last], "table/column", {}),
            ("Sub", ["table/column", start], "table/along", {}),
            ("Mul", ["table/along", inverse], "table/share", {}),
            ("Clip", ["table/share", zero, one], "table/clipped", {}),
            ("Mul", ["table/clipped", rise], "table/rises", {}),
            ("ReduceSum", ["table/rises", last], "table/rank", {"keepdims": 0}),
            ("Add", ["table/rank", first], "table/scaled", {}),
        ],
    )


def _append_forest(graph: Graph, estimator: Any) -> None:
    """Add the mean of the trees' shares, and their logits."""
    raw, count = "table/shares", len(estimator.estimators_)
    trees = [_of_forest(one.tree_, count) for one in estimator.estimators_]
    append(graph, [("TreeEnsembleRegressor", [SEEN], raw, ensemble(trees))])
    append(graph, logit_nodes(graph, raw) if estimator.n_classes_ == 2 else logarithm_nodes(graph, raw))


def _of_forest(tree: Any, count: int) -> Tree:
    shares = tree.value[:, 0, :] / tree.value[:, 0, :].sum(axis=1, keepdims=True)
    return forest_tree(tree, shares / count, np.zeros(tree.node_count, dtype=bool))


def forest_tree(tree: Any, value: NDArray[np.floating], missing_left: NDArray[np.bool_]) -> Tree:
    """Return a tree of scikit-learn's forests whose leaves add ``value``, ``(m, targets)``; 0 is nothing."""
    return Tree(
        feature=tree.feature,
        left=tree.children_left,
        right=tree.children_right,
        threshold=tree.threshold,
        missing_left=missing_left,
        leaf=tree.children_left < 0,
        value=np.where(value > 0, value, np.nan).astype(np.float64),
    )


def boosting_graph(estimator: Any, n_features: int) -> Graph:
    """Return the graph of boosted trees on histograms from physical features ``(n, f)`` to logits, as `table_graph`."""
    graph = _empty((n_features,), int(estimator.n_trees_per_iteration_), FEATURES, LOGITS)
    _append_boosting(graph, estimator, FEATURES)
    return graph


def _append_boosting(graph: Graph, estimator: Any, seen: str = SEEN) -> None:
    """Add the sum of the trees, which is the logits."""
    trees = [
        boosted_tree(predictor.nodes, target, estimator.n_trees_per_iteration_)
        for of_iteration in estimator._predictors
        for target, predictor in enumerate(of_iteration)
    ]
    start = np.ravel(estimator._baseline_prediction)
    append(graph, [("TreeEnsembleRegressor", [seen], LOGITS, {**ensemble(trees), "base_values": start.tolist()})])


def boosted_tree(nodes: Any, target: int, columns: int) -> Tree:
    """Return a tree of scikit-learn's boosting, which adds to one of several targets."""
    value = np.full((len(nodes), columns), np.nan)
    value[:, target] = nodes["value"]
    return Tree(
        feature=nodes["feature_idx"],
        left=nodes["left"],
        right=nodes["right"],
        threshold=nodes["num_threshold"],
        missing_left=nodes["missing_go_to_left"].astype(bool),
        leaf=nodes["is_leaf"].astype(bool),
        value=value,
    )


def ensemble(trees: Sequence[Tree]) -> dict[str, Any]:
    """Return the attributes of a node of trees whose leaves add to each target."""
    sizes = [len(tree.leaf) for tree in trees]
    leaf = np.concatenate([tree.leaf for tree in trees])
    tree_ids = np.repeat(np.arange(len(trees)), sizes)
    node_ids = np.concatenate([np.arange(size) for size in sizes])

    def of_nodes(name: str) -> NDArray[Any]:
        return np.where(leaf, 0, np.concatenate([getattr(tree, name) for tree in trees]))

    value = np.concatenate([tree.value for tree in trees])
    row, target = np.nonzero(np.isfinite(value) & leaf[:, None])
    return {
        "n_targets": value.shape[1],
        "nodes_treeids": tree_ids.tolist(),
        "nodes_nodeids": node_ids.tolist(),
        "nodes_featureids": of_nodes("feature").astype(np.int64).tolist(),
        "nodes_values": round_down(of_nodes("threshold").astype(np.float64)).tolist(),
        "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        "nodes_truenodeids": of_nodes("left").astype(np.int64).tolist(),
        "nodes_falsenodeids": of_nodes("right").astype(np.int64).tolist(),
        "nodes_missing_value_tracks_true": of_nodes("missing_left").astype(np.int64).tolist(),
        "target_treeids": tree_ids[row].tolist(),
        "target_nodeids": node_ids[row].tolist(),
        "target_ids": target.tolist(),
        "target_weights": value[row, target].astype(np.float32).tolist(),
    }


def _append_svm(graph: Graph, estimator: Any) -> None:
    """Add the Gaussian kernels of all support vectors, and the weighed sum of each machine's."""
    machines = estimator.machines
    vectors = np.concatenate([machine.support_vectors_ for machine in machines]).astype(np.float64)
    weights = np.zeros((len(vectors), len(machines)))
    start = 0
    for column, machine in enumerate(machines):
        size = len(machine.support_vectors_)
        weights[start : start + size, column] = machine.dual_coef_[0]
        start += size
    constants = {
        "vectors": vectors.T,
        "lengths": (vectors**2).sum(axis=1),
        "twice": np.float64(2.0),
        "zero": np.float64(0.0),
        "narrow": np.float64(-machines[0].gamma),
        "weights": weights,
        "offset": np.array([machine.intercept_[0] for machine in machines]),
    }
    names = {name: constant(graph, f"svm/{name}", value) for name, value in constants.items()}
    last = constant(graph, "svm/last", np.array([1], np.int64))
    append(
        graph,
        [
            ("Cast", [SEEN], "svm/seen", {"to": 11}),
            ("Mul", ["svm/seen", "svm/seen"], "svm/squares", {}),
            ("ReduceSum", ["svm/squares", last], "svm/length", {"keepdims": 1}),
            ("MatMul", ["svm/seen", names["vectors"]], "svm/products", {}),
            ("Mul", ["svm/products", names["twice"]], "svm/doubled", {}),
            ("Sub", ["svm/length", "svm/doubled"], "svm/partly", {}),
            ("Add", ["svm/partly", names["lengths"]], "svm/distance", {}),
            ("Max", ["svm/distance", names["zero"]], "svm/apart", {}),
            ("Mul", ["svm/apart", names["narrow"]], "svm/exponent", {}),
            ("Exp", ["svm/exponent"], "svm/kernel", {}),
            ("MatMul", ["svm/kernel", names["weights"]], "svm/sums", {}),
            ("Add", ["svm/sums", names["offset"]], "svm/decision", {}),
            ("Cast", ["svm/decision"], LOGITS, {"to": 1}),
        ],
    )


def _append_logistic(graph: Graph, estimator: Any) -> None:
    """Add the sums of the weighed features, and the offsets."""
    weights = constant(graph, "logistic/weights", np.asarray(estimator.coef_, np.float64).T)
    offset = constant(graph, "logistic/offset", np.asarray(estimator.intercept_, np.float64))
    append(
        graph,
        [
            ("Cast", [SEEN], "logistic/seen", {"to": 11}),
            ("MatMul", ["logistic/seen", weights], "logistic/sums", {}),
            ("Add", ["logistic/sums", offset], "logistic/decision", {}),
            ("Cast", ["logistic/decision"], LOGITS, {"to": 1}),
        ],
    )


@dataclass(frozen=True, kw_only=True)
class _Writer:
    """How a fitted classifier is written: the columns of its logits, and the nodes from `SEEN` to them."""

    columns: Callable[[Any], int]
    write: Callable[[Graph, Any], None]


_WRITERS: Final = {
    "table_forest": _Writer(
        columns=lambda forest: 1 if forest.n_classes_ == 2 else int(forest.n_classes_), write=_append_forest
    ),
    "table_boosting": _Writer(columns=lambda trees: int(trees.n_trees_per_iteration_), write=_append_boosting),
    "table_svm": _Writer(columns=lambda svm: len(svm.machines), write=_append_svm),
    "table_logistic": _Writer(columns=lambda fitted: len(fitted.coef_), write=_append_logistic),
}
"""By the classifier's name."""
