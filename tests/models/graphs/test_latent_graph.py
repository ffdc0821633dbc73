import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from models.graphs import sessions
from models.graphs.calibrated_graph import with_calibration
from models.graphs.latent_graph import with_latent
from models.graphs.sessions import LATENT
from pipeline.scores.calibration import Platt


def opened(graph, path):
    path.write_bytes(graph.SerializeToString())
    return sessions.open_session(path)


@pytest.mark.parametrize("calibrated", [False, True])
def test_the_last_layer_makes_the_logits_of_the_latent_layer(calibrated, network, dataset, tmp_path):
    graph = onnx.load_model(network.files.directory / "model.onnx")
    graph = with_calibration(graph, Platt(2.0, 1.0)) if calibrated else graph
    session = opened(with_latent(graph), tmp_path / "latent.onnx")
    pixels = dataset.cutouts("test")
    latent = sessions.run(session, pixels, output=LATENT)
    last = network.trained.fitted.model.get_layer("logits") if network.recipe.symmetries == 1 else None
    assert last is not None
    weights, bias = (np.asarray(one) for one in last.get_weights())
    assert latent.shape == (len(pixels), len(weights))
    np.testing.assert_allclose(latent @ weights + bias, network.trained.fitted.logits(pixels), atol=1e-4)


def dense(taken, given, weights="w"):
    return helper.make_node("MatMul", [taken, weights], [given])


def graph_of(*nodes):
    weights = [numpy_helper.from_array(np.array([[1.0], [2.0]], np.float32), name) for name in ("w", "other")]
    half = numpy_helper.from_array(np.float32(0.5), "half")
    sides = {"x": 2, "logits": 1}
    given, out = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, sides[name]]) for name in sides)
    made = helper.make_graph(list(nodes), "toy", [given], [out], [*weights, half])
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_of_a_mean_over_copies_it_is_the_mean_of_what_each_gives(tmp_path):
    graph = graph_of(
        helper.make_node("Abs", ["x"], ["one"]), helper.make_node("Neg", ["x"], ["other_way"]),
        dense("one", "a"), dense("other_way", "b"),
        helper.make_node("Add", ["a", "b"], ["both"]), helper.make_node("Mul", ["both", "half"], ["logits"]),
    )  # fmt: skip
    session = opened(with_latent(graph), tmp_path / "mean.onnx")
    rows = np.array([[1.0, -2.0]], np.float32)
    assert sessions.run(session, rows, output=LATENT).tolist() == [[0.0, 2.0]]
    assert sessions.run(session, rows).tolist() == [[4.0]]


def test_where_the_last_layer_is_not_one_there_is_none():
    bent = graph_of(dense("x", "a"), helper.make_node("Relu", ["a"], ["logits"]))
    two = graph_of(dense("x", "a"), dense("x", "b", "other"), helper.make_node("Add", ["a", "b"], ["logits"]))
    product = graph_of(dense("x", "a"), dense("x", "b"), helper.make_node("Mul", ["a", "b"], ["logits"]))
    assert [with_latent(graph) for graph in (bent, two, product)] == [None, None, None]
