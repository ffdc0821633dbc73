"""Nodes and constants that are added to ONNX graphs.

Tested by tests/models/graphs/test_calibrated_graph.py.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from models.graphs.keras_graph import Graph

Node = tuple[str, list[str], str, Mapping[str, Any]]
"""Kind, inputs, output and attributes."""


def constant(graph: Graph, name: str, value: object) -> str:
    """Enter a constant into the graph; return its name."""
    from onnx import numpy_helper

    graph.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    return name


def append(graph: Graph, nodes: Iterable[Node]) -> None:
    """Add nodes at the end of the graph."""
    from onnx import helper

    for kind, inputs, output, attributes in nodes:
        domain = "ai.onnx.ml" if kind.startswith("TreeEnsemble") else None
        graph.graph.node.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
