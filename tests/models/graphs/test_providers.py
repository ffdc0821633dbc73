"""A GPU scores where the runtime offers one that starts; where it does not, the CPU does, and one line says so."""

import logging

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from models.graphs import providers
from models.graphs.providers import CPU, computes_on, provider_of
from models.graphs.sessions import open_session, run
from pipeline.errors import SettingsError

CUDA = "CUDAExecutionProvider"
REAL = onnxruntime.InferenceSession


class Gpu:
    """A session that says that a GPU computes it."""

    def __init__(self, path, options):
        self._session, self.rows = REAL(path, options, providers=[CPU]), []
        self.get_inputs, self.get_outputs = self._session.get_inputs, self._session.get_outputs

    def get_providers(self):
        return [CUDA, CPU]

    def run(self, names, feeds):
        self.rows.append(len(next(iter(feeds.values()))))
        return self._session.run(names, feeds)


@pytest.fixture
def path(tmp_path):
    """A model that doubles two numbers a row."""
    rows = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ("n", 2)) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "g", rows[:1], rows[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


@pytest.fixture
def offered(monkeypatch):
    """Let the runtime offer a GPU, which starts as a function says, in a process in which none has failed."""

    def offer(start=None, names=("AzureExecutionProvider", CUDA, CPU)):
        tried = []

        def session(path, sess_options, providers, **more):
            assert more == {"enable_fallback": 0}  # else the runtime prints, and scores on the CPU without a word
            tried.append(providers)
            return REAL(path, sess_options, providers=providers) if providers == [CPU] else start(path, sess_options)

        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: list(names))
        monkeypatch.setattr(onnxruntime, "InferenceSession", session)
        return tried

    monkeypatch.setattr(providers, "_failed", set())
    return offer


def raises(*_):
    raise RuntimeError("CUDA failure 100:\n no CUDA-capable device is detected")


def leaves_it_out(path, options):
    return REAL(path, options, providers=[CPU])


@pytest.mark.parametrize(
    ("start", "why"), [(raises, "CUDA failure 100: no CUDA-capable device"), (leaves_it_out, "the runtime left it out")]
)
def test_a_gpu_that_does_not_start_is_replaced_by_the_cpu_and_said_once(start, why, path, offered, caplog):
    tried = offered(start)
    with caplog.at_level(logging.WARNING):
        session = open_session(path, device="gpu")
        assert computes_on(open_session(path, device="auto")) == CPU
    assert run(session, np.array([[1, 2]], np.float32)).tolist() == [[2, 4]]
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.startswith(f"{CUDA} does not start here, so the CPU scores: {why}")
    assert "\n" not in told
    assert [each[0] for each in tried] == [(CUDA, {"use_tf32": "0"}), CPU, CPU]


def test_a_gpu_that_starts_scores_in_float32_many_rows_at_once(path, offered):
    tried = offered(Gpu)
    session = open_session(path, device="auto")
    rows = np.arange(5000, dtype=np.float32).reshape(2500, 2)
    np.testing.assert_array_equal(run(session, rows, threads=3), 2 * rows)
    assert session.rows == [1024, 1024, 456]  # the last call is filled up to a multiple of 8
    assert tried == [[(CUDA, {"use_tf32": "0"}), CPU]]


def test_the_cpu_scores_where_it_is_asked_to_or_nothing_else_is_offered(path, offered):
    tried = offered(Gpu)
    assert computes_on(open_session(path, device="cpu")) == CPU
    offered(raises, names=["AzureExecutionProvider", "CoreMLExecutionProvider", CPU])
    assert provider_of("auto") == CPU
    assert tried == [[CPU]]


def test_a_gpu_that_is_not_offered_and_a_device_that_is_none_are_refused(offered):
    offered(raises, names=["AzureExecutionProvider", CPU])
    with pytest.raises(SettingsError, match=r"offers AzureExecutionProvider, CPUExecutionProvider, none of a GPU"):
        providers.check_device("gpu")
    with pytest.raises(SettingsError, match=r"unknown device 'cuda'"):
        providers.check_device("cuda")
    providers.check_device("auto")


def test_a_model_that_no_provider_can_run_is_no_fault_of_the_gpu(tmp_path, offered, caplog):
    offered(raises)
    (tmp_path / "m.onnx").write_bytes(b"hello")
    with pytest.raises(ValueError, match=r"m.onnx is no model that ONNX Runtime can run"):
        open_session(tmp_path / "m.onnx", device="gpu")
    assert caplog.records == []
