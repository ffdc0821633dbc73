"""ONNX graphs of regressors on tables: from raw features with NaN to the numbers of which distributions are made.

Tested by tests/models/graphs/test_regressor_graph.py.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from models.graphs.keras_graph import Graph
from models.graphs.nodes import Node, append, constant
from models.graphs.table_graph import SEEN, append_scaling, boosted_tree, empty_graph, ensemble, forest_tree
from models.regressors.parts import Boosted, Dense, Forest, Networks, Parts
from pipeline.errors import SettingsError

PREDICTED: Final = "predicted"
"""The output of such a graph."""

MOST_LEAF_NUMBERS: Final = 4_000_000
"""Bins in the leaves of a forest that a graph holds, of about 30 bytes each: the file must stay below 2 GB."""

_DOUBLE, _SINGLE = 11, 1
"""Codes of float64 and float32."""


def regressor_graph(parts: Parts, n_features: int) -> Graph:
    """Return the graph of a fitted regressor.

    Parameters
    ----------
    parts : Parts
        What it is made of.
    n_features : int
        f.

    Returns
    -------
    graph : onnx.ModelProto
        From ``cutouts`` ``(n, 1, 1, f)`` to ``predicted``, the numbers ``(n, k)`` of the regressor's head.

    Raises
    ------
    SettingsError
        If the leaves of a forest hold more than `MOST_LEAF_NUMBERS` numbers.
    """
    graph = empty_graph(n_features, _columns(parts), PREDICTED)
    append_scaling(graph, None, n_features)
    if isinstance(parts, Networks):
        _append_networks(graph, parts)
    elif isinstance(parts, Boosted):
        _append_boosted(graph, parts)
    else:
        _append_forest(graph, parts)
    return graph


def _columns(parts: Parts) -> int:
    if isinstance(parts, Networks):
        return sum(len(layers[-1].bias) for layers in parts.members)
    return len(parts.models) if isinstance(parts, Boosted) else parts.tables[0].shape[1]


def _append_networks(graph: Graph, parts: Networks) -> None:
    """Add the scaling in float64, as `Scaling.apply` computes it, and the layers of each network."""
    scaling = parts.scaling
    names = {
        "mean": constant(graph, "network/mean", np.asarray(scaling.mean, np.float64)),
        "deviation": constant(graph, "network/deviation", np.asarray(scaling.deviation, np.float64)),
        "marked": constant(graph, "network/marked", np.asarray(scaling.marked, np.int64)),
    }
    append(
        graph,
        [
            ("Cast", [SEEN], "network/exact", {"to": _DOUBLE}),
            ("IsNaN", [SEEN], "network/missing", {}),
            ("Where", ["network/missing", names["mean"], "network/exact"], "network/filled", {}),
            ("Sub", ["network/filled", names["mean"]], "network/apart", {}),
            ("Div", ["network/apart", names["deviation"]], "network/scaled", {}),
            ("Cast", ["network/missing"], "network/marks", {"to": _DOUBLE}),
            ("Gather", ["network/marks", names["marked"]], "network/chosen", {"axis": 1}),
            ("Concat", ["network/scaled", "network/chosen"], "network/both", {"axis": 1}),
            ("Cast", ["network/both"], "network/given", {"to": _SINGLE}),
        ],
    )
    for place, layers in enumerate(parts.members):
        append(graph, _dense_nodes(graph, layers, f"member_{place}"))
    append(
        graph, [("Concat", [f"member_{place}/end" for place, _ in enumerate(parts.members)], PREDICTED, {"axis": 1})]
    )


def _dense_nodes(graph: Graph, layers: Sequence[Dense], name: str) -> Iterator[Node]:
    """Yield the nodes of one network, whose last tensor is ``<name>/end``."""
    given = "network/given"
    for place, layer in enumerate(layers):
        weights, bias = (constant(graph, f"{name}/{place}/{what}", values) for what, values in layer._asdict().items())
        is_last = place == len(layers) - 1
        summed = f"{name}/end" if is_last else f"{name}/{place}/sum"
        yield "Gemm", [given, weights, bias], summed, {}
        if not is_last:
            yield "Sigmoid", [summed], f"{name}/{place}/share", {}
            yield "Mul", [summed, f"{name}/{place}/share"], f"{name}/{place}/out", {}
            given = f"{name}/{place}/out"


def _append_boosted(graph: Graph, parts: Boosted) -> None:
    trees = [
        boosted_tree(predictor.nodes, target, len(parts.models))
        for target, model in enumerate(parts.models)
        for (predictor,) in model._predictors
    ]
    start = [float(np.ravel(model._baseline_prediction)[0]) for model in parts.models]
    append(graph, [("TreeEnsembleRegressor", [SEEN], PREDICTED, {**ensemble(trees), "base_values": start})])


def _append_forest(graph: Graph, parts: Forest) -> None:
    held = sum(int(np.count_nonzero(table)) for table in parts.tables)
    if held > MOST_LEAF_NUMBERS:
        raise SettingsError(
            f"the leaves of {len(parts.tables)} trees hold {held} numbers; allowed: {MOST_LEAF_NUMBERS}, else no graph "
            "can; take fewer trees or bins, or a larger min_samples_leaf"
        )
    trees = [
        forest_tree(one.tree_, table, np.asarray(one.tree_.missing_go_to_left, dtype=bool))
        for one, table in zip(parts.model.estimators_, parts.tables, strict=True)
    ]
    append(graph, [("TreeEnsembleRegressor", [SEEN], PREDICTED, ensemble(trees))])
