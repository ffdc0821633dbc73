import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from scipy import special

from models.graphs.calibrated_graph import PROBABILITIES, with_calibration
from models.graphs.sessions import CALIBRATED, open_session
from pipeline.scores.beta import Beta
from pipeline.scores.calibration import IDENTITY, Platt
from pipeline.scores.class_calibration import ClassScaling
from pipeline.scores.isotonic import Isotonic


def passing(columns):
    """Return a graph whose logits are its inputs."""
    inputs, outputs = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, columns]) for name in ("rows", "logits")
    )
    graph = helper.make_graph([helper.make_node("Identity", ["rows"], ["logits"])], "passing", [inputs], [outputs])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


def outputs_of(folder, graph, rows):
    path = folder / "model.onnx"
    path.write_bytes(graph.SerializeToString())
    return open_session(path).run([PROBABILITIES, CALIBRATED], {"rows": rows})


def test_two_classes_are_calibrated_on_the_logit(tmp_path):
    rows = np.linspace(-30, 30, 61, dtype=np.float32)[:, None]
    probabilities, logits = outputs_of(tmp_path, with_calibration(passing(1), Platt(0.5, -1.0)), rows)
    np.testing.assert_allclose(logits, 0.5 * rows - 1.0, atol=1e-6)
    np.testing.assert_allclose(probabilities[:, 1], special.expit(0.5 * rows[:, 0] - 1.0), atol=1e-6)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("knots", [(0.5,), (-2.0, -1.5, 0.25, 3.0)])
def test_a_rising_line_is_the_same_in_the_graph(knots, tmp_path):
    isotonic = Isotonic(knots, tuple(np.linspace(-3.0, 4.0, len(knots)).tolist()))
    rows = np.linspace(-30, 30, 601, dtype=np.float32)[:, None]
    probabilities, logits = outputs_of(tmp_path, with_calibration(passing(1), isotonic), rows)
    np.testing.assert_allclose(logits, isotonic.calibrated(rows), atol=1e-5)
    np.testing.assert_allclose(probabilities[:, 1], isotonic.apply(rows[:, 0]), atol=1e-6)


def test_beta_is_the_same_in_the_graph(tmp_path):
    beta = Beta(0.4, 2.0, -0.5)
    rows = np.linspace(-100, 100, 2001, dtype=np.float32)[:, None]
    probabilities, logits = outputs_of(tmp_path, with_calibration(passing(1), beta), rows)
    np.testing.assert_allclose(logits, beta.calibrated(rows), rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(probabilities[:, 1], beta.apply(rows[:, 0]), atol=1e-6)


def test_small_probabilities_are_as_exact_as_large_ones_and_keep_their_order(tmp_path):
    rows = np.linspace(-80, 80, 1601, dtype=np.float32)[:, None]
    probabilities, _ = outputs_of(tmp_path, with_calibration(passing(1), IDENTITY), rows)
    wanted = special.expit(np.concatenate([-rows, rows], axis=1).astype(np.float64))
    np.testing.assert_allclose(probabilities, wanted, rtol=1e-6)
    assert (np.diff(probabilities[rows[:, 0] < 0, 1]) > 0).all()


def test_logits_beyond_float32_are_sure_of_a_class(tmp_path):
    rows = np.array([[-np.inf], [-200.0], [200.0], [np.inf]], dtype=np.float32)
    probabilities, _ = outputs_of(tmp_path, with_calibration(passing(1), IDENTITY), rows)
    assert probabilities[:, 1].tolist() == [0.0, 0.0, 1.0, 1.0]


def test_logits_tell_rows_apart_whose_scores_are_equal(tmp_path):
    probabilities, logits = outputs_of(
        tmp_path, with_calibration(passing(1), IDENTITY), np.array([[20.0], [30.0]], np.float32)
    )
    assert probabilities[0, 1] == probabilities[1, 1] == 1.0
    assert logits[:, 0].tolist() == [20.0, 30.0]


def test_more_classes_are_a_softmax(tmp_path):
    rows = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    probabilities, logits = outputs_of(tmp_path, with_calibration(passing(3), IDENTITY), rows)
    np.testing.assert_allclose(probabilities, special.softmax(rows, axis=1), atol=1e-6)
    np.testing.assert_array_equal(logits, rows)


def test_more_classes_are_scaled_and_shifted_before_the_softmax(tmp_path):
    rows = np.random.default_rng(1).normal(0.0, 5.0, size=(7, 3)).astype(np.float32)
    scaling = ClassScaling((0.5, 2.0, 1.0), (1.0, -1.0, 0.0))
    probabilities, logits = outputs_of(tmp_path, with_calibration(passing(3), scaling), rows)
    wanted = np.array([0.5, 2.0, 1.0]) * rows + [1.0, -1.0, 0.0]
    np.testing.assert_allclose(logits, wanted, atol=1e-5)
    np.testing.assert_allclose(probabilities, special.softmax(wanted, axis=1), atol=1e-6)


@pytest.mark.parametrize("columns", [1, 3])
def test_the_graph_itself_is_not_changed(columns):
    graph = passing(columns)
    before = graph.SerializeToString()
    whole = with_calibration(graph, Platt(2.0, 1.0))
    assert graph.SerializeToString() == before
    onnx.checker.check_model(whole)
