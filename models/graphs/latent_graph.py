"""A graph that also gives its latent layer: the numbers that the last layer of a network makes logits of.

Tested by tests/models/graphs/test_latent_graph.py.
"""

from dataclasses import dataclass
from typing import Any, Final

from models.graphs.keras_graph import LOGITS, Graph
from models.graphs.nodes import append
from models.graphs.sessions import LATENT

_PASSED: Final = frozenset(
    {"Add", "Cast", "Div", "Identity", "Mean", "Mul", "Reshape", "Slice", "Squeeze", "Sub", "Sum"}
)
"""What may stand between the last layer and the logits: means over turned copies, and the difference of two columns."""

_OF_FIRST: Final = frozenset({"Reshape", "Slice", "Squeeze"})
_SCALES: Final = frozenset({"Div", "Mul"})


@dataclass(frozen=True, kw_only=True)
class _LastLayer:
    """A use of the last layer: what it takes, its weights, and how many numbers it takes."""

    taken: str
    weights: str
    width: int


def with_latent(graph: Graph) -> Graph | None:
    """Return a copy of a graph with one output more, ``latent`` ``(n, f)``; None where its last layer is not found.

    Of a network whose logit is a mean over turned copies of a cutout, it is the mean over these, which gives the same
    logit.

    Parameters
    ----------
    graph : onnx.ModelProto
        Some tensor of it is ``logits``, made by a dense layer.
    """
    from onnx import ModelProto, TensorProto, helper

    found = _last_layers(graph)
    if not found or len({(one.weights, one.width) for one in found}) > 1:
        return None
    whole = ModelProto()
    whole.CopyFrom(graph)
    append(whole, [("Mean", list(dict.fromkeys(one.taken for one in found)), LATENT, {})])
    whole.graph.output.append(helper.make_tensor_value_info(LATENT, TensorProto.FLOAT, [None, found[0].width]))
    return whole


def _last_layers(graph: Graph) -> list[_LastLayer] | None:
    """Return the uses of the dense layer that logits are of; None where something else comes before it."""
    made = {name: node for node in graph.graph.node for name in node.output}
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.graph.initializer}
    found, open_, seen = [], [LOGITS], set()
    while open_:
        node = made.get(name := open_.pop())
        if node is None:
            return None
        if name in seen:
            continue
        seen.add(name)
        if (layer := _dense(node, shapes)) is not None:
            found.append(layer)
            continue
        given = [one for one in node.input[: 1 if node.op_type in _OF_FIRST else None] if one in made]
        if node.op_type not in _PASSED or (node.op_type in _SCALES and len(given) > 1):
            return None
        open_ += given
    return found


def _dense(node: Any, shapes: dict[str, tuple[int, ...]]) -> _LastLayer | None:
    if node.op_type not in ("Gemm", "MatMul") or len(shapes.get(node.input[1], ())) != 2:
        return None
    turned = any(one.name == "transB" and one.i for one in node.attribute)
    return _LastLayer(taken=node.input[0], weights=node.input[1], width=shapes[node.input[1]][int(turned)])
