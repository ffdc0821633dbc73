"""Cuts the graph of a posterior where its first dropout masks come in: what lies below is the same in every sample."""

from collections.abc import Collection
from typing import Any

from models.graphs.keras_graph import Graph


def cut_at_masks(graph: Graph, masks: Collection[str]) -> tuple[Graph, Graph] | None:
    """Return the part of a graph that needs no mask, and the part that needs what this gives, and the masks.

    Parameters
    ----------
    graph : onnx.ModelProto
        Its nodes are in the order in which they can be computed.
    masks : collection of str
        Names of those of its inputs that change from sample to sample.

    Returns
    -------
    parts : tuple of onnx.ModelProto or None
        The trunk, with the inputs of the graph but the masks, and the head, whose first inputs are the outputs of the
        trunk, by the same names. None where nothing can be cut: masks meet an input itself, or a number passes the cut
        that does not belong to a row.
    """
    from onnx import shape_inference

    trunk, head = _sides(graph.graph.node, masks)
    made = {name for node in trunk for name in node.output}
    passed = [name for name in dict.fromkeys(name for node in head for name in node.input) if name in made]
    given = [entry for entry in graph.graph.input if entry.name not in masks]
    known = {entry.name: entry for entry in shape_inference.infer_shapes(graph).graph.value_info}
    border = [known[name] for name in passed if name in known and _is_by_row(known[name])]
    needs_input = {entry.name for entry in given} & {name for node in head for name in node.input}
    has_branches = any(part.HasField("g") for node in graph.graph.node for part in node.attribute)
    if not border or len(border) < len(passed) or needs_input or has_branches:
        return None
    masked = [entry for entry in graph.graph.input if entry.name in masks]
    return _part(graph, trunk, given, border), _part(graph, head, [*border, *masked], list(graph.graph.output))


def _sides(nodes: Any, masks: Collection[str]) -> tuple[list[Any], list[Any]]:
    """Return the nodes that depend on no mask, and those that do."""
    masked, sides = set(masks), ([], [])  # type: tuple[set[str], tuple[list[Any], list[Any]]]
    for node in nodes:
        depends = bool(masked.intersection(node.input))
        sides[depends].append(node)
        if depends:
            masked.update(node.output)
    return sides


def _is_by_row(entry: Any) -> bool:
    """Return whether a tensor is of float32 with the free axis of the rows as its first."""
    from onnx import TensorProto

    kind = entry.type.tensor_type
    return bool(kind.elem_type == TensorProto.FLOAT and len(kind.shape.dim) > 1 and not kind.shape.dim[0].dim_value)


def _part(graph: Graph, nodes: list[Any], inputs: list[Any], outputs: list[Any]) -> Graph:
    from onnx import helper

    used = {name for node in nodes for name in node.input}
    constants = [tensor for tensor in graph.graph.initializer if tensor.name in used]
    made = helper.make_graph(nodes, graph.graph.name, inputs, outputs, constants)
    return helper.make_model(made, opset_imports=graph.opset_import, ir_version=graph.ir_version)
