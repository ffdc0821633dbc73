import numpy as np
from onnx import TensorProto, helper, numpy_helper

from models.weights import arrays_sha256, graph_sha256


def graph(prefix, weights):
    node = helper.make_node("Add", [f"{prefix}x", f"{prefix}w"], [f"{prefix}y"], name=prefix)
    ends = [helper.make_tensor_value_info(f"{prefix}{end}", TensorProto.FLOAT, [2]) for end in "xy"]
    tensor = numpy_helper.from_array(np.asarray(weights, np.float32), f"{prefix}w")
    return helper.make_model(helper.make_graph([node], prefix, ends[:1], ends[1:], [tensor]))


def test_names_do_not_count_and_weights_do():
    assert graph_sha256(graph("a", [1, 2])) == graph_sha256(graph("b", [1, 2]))
    assert graph_sha256(graph("a", [1, 2])) != graph_sha256(graph("a", [1, 2.0000002]))


def test_shape_type_order_and_numbers_of_arrays_count():
    base = arrays_sha256([np.zeros((2, 3)), np.ones(2)])
    assert arrays_sha256([np.zeros((2, 3)), np.ones(2)]) == base
    others = (
        [np.zeros((3, 2)), np.ones(2)],
        [np.zeros((2, 3), np.float32), np.ones(2)],
        [np.ones(2), np.zeros((2, 3))],
        [np.zeros((2, 3)), np.array([1.0, 1.0 + 1e-15])],
    )
    for other in others:
        assert arrays_sha256(other) != base
