"""What lies below the first mask is cut off where it can be, and both parts together give what the whole gives."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from models.graphs.trunk import cut_at_masks

MASKS = ("mask_0", "mask_1")


def info(name, *row, rows="n", kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, (rows, *row))


def model(*nodes, inputs=(), **constants):
    tensors = [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    given = [info("x", 3), *inputs, *(info(mask, 3) for mask in MASKS)]
    graph = helper.make_graph([helper.make_node(*node) for node in nodes], "g", given, [info("y", 3)], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


TWICE = model(
    ("Mul", ["x", "two"], ["doubled"]),
    ("Add", ["doubled", "one"], ["below"]),
    ("Mul", ["below", "mask_0"], ["dropped"]),
    ("Add", ["dropped", "doubled"], ["sum"]),
    ("Mul", ["sum", "mask_1"], ["y"]),
    two=np.float32(2.0),
    one=np.float32(1.0),
)


def names(entries):
    return [entry.name for entry in entries]


def run(graph, feeds):
    import onnxruntime

    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip(names(session.get_outputs()), session.run(None, feeds), strict=True))


def test_both_parts_together_give_what_the_whole_gives():
    trunk, head = cut_at_masks(TWICE, MASKS)
    assert names(trunk.graph.input) == ["x"]
    assert names(trunk.graph.output) == ["below", "doubled"]
    assert names(head.graph.input) == ["below", "doubled", *MASKS]
    assert [node.op_type for node in head.graph.node] == ["Mul", "Add", "Mul"]
    assert not head.graph.initializer
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    masks = {name: np.float32([[0, 2, 1], [1, 0, 3]]) + place for place, name in enumerate(MASKS)}
    whole = run(TWICE, {"x": rows, **masks})
    np.testing.assert_array_equal(run(head, {**run(trunk, {"x": rows}), **masks})["y"], whole["y"])
    np.testing.assert_array_equal(whole["y"], ((2 * rows + 1) * masks["mask_0"] + 2 * rows) * masks["mask_1"])


MASKED_AT_ONCE = model(("Mul", ["x", "mask_0"], ["a"]), ("Mul", ["a", "mask_1"], ["y"]))
ALSO_TAKES_THE_INPUT = model(
    ("Neg", ["x"], ["a"]), ("Mul", ["a", "mask_0"], ["b"]), ("Mul", ["b", "mask_1"], ["c"]), ("Add", ["c", "x"], ["y"])
)
PASSES_A_SHAPE = model(
    ("Neg", ["x"], ["a"]),
    ("Shape", ["a"], ["shape"]),
    ("Mul", ["a", "mask_0"], ["b"]),
    ("Reshape", ["b", "shape"], ["c"]),
    ("Mul", ["c", "mask_1"], ["y"]),
)
PASSES_WHAT_IS_OF_NO_ROW = model(
    ("Neg", ["one"], ["minus"]),
    ("Neg", ["x"], ["a"]),
    ("Mul", ["a", "mask_0"], ["b"]),
    ("Mul", ["b", "minus"], ["c"]),
    ("Mul", ["c", "mask_1"], ["y"]),
    one=np.ones((1, 3), np.float32),
)


@pytest.mark.parametrize("graph", [MASKED_AT_ONCE, ALSO_TAKES_THE_INPUT, PASSES_A_SHAPE, PASSES_WHAT_IS_OF_NO_ROW])
def test_a_graph_that_can_not_be_cut_by_rows_stays_whole(graph):
    onnx.checker.check_model(graph)
    assert cut_at_masks(graph, MASKS) is None
