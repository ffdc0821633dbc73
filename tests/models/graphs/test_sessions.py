"""A model holds its weights itself, however its file is written."""

from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from models.graphs.sessions import open_session, run
from pipeline.errors import InputError

STATED = b"\n\x08location\x12\x0bweights.bin"
"""How the format's own library writes where weights lie: the key, then the value."""


def model(**weights):
    rows = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ("n", 2)) for name in "xy"]
    tensor = onnx.TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2], **weights)
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", rows[:1], rows[1:], [tensor])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize(
    "stated",
    [
        STATED,
        b"\x12\x0bweights.bin\n\x08location",
        b"\x12\x0bweights.bin\n\x88\x00location",
        b"\n\x88\x80\x00location\x12\x0bweights.bin",
    ],
)
def test_weights_in_another_file_are_refused_in_whatever_order_it_is_said(stated, tmp_path):
    made = model(data_location=TensorProto.EXTERNAL)
    made.graph.initializer[0].external_data.add(key="location", value="weights.bin")
    (tmp_path / "weights.bin").write_bytes(np.array([42, 43], np.float32).tobytes())
    path = tmp_path / "model.onnx"
    path.write_bytes(lengthened(made.SerializeToString(), STATED, stated))
    onnx.load(path)  # the runtime would have read them as well
    with pytest.raises(InputError, match=r"model.onnx has weights in another file; allowed: a model that holds them"):
        open_session(path)


def test_a_model_with_its_weights_may_have_a_node_of_any_name(tmp_path):
    made = model(raw_data=np.array([1, 2], np.float32).tobytes())
    made.graph.node[0].name = "dislocation"
    onnx.save(made, tmp_path / "model.onnx")
    assert run(open_session(tmp_path / "model.onnx"), np.zeros((1, 2), np.float32)).tolist() == [[1, 2]]


@pytest.mark.parametrize(("row", "rows_at_once"), [((2,), 256), ((1, 1, 2), 256), ((2, 2, 1), 32), ((1, 3, 1), 32)])
def test_rows_of_numbers_are_run_more_at_once_than_images(row, rows_at_once):
    inputs = np.arange(600 * np.prod(row), dtype=np.float32).reshape(600, *row)
    session = Counting()
    assert run(session, inputs, threads=2).tolist() == inputs.tolist()
    assert sum(session.rows) == 600
    assert max(session.rows) == rows_at_once


@pytest.mark.parametrize("rows_at_once", [1, 3, 6, 13])
def test_a_row_has_the_same_result_to_the_bit_however_many_rows_are_asked_for_at_once(rows_at_once, tmp_path):
    row = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ("n", 1)) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Log", ["x"], ["y"])], "g", row[:1], row[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    session, inputs = open_session(tmp_path / "m.onnx"), np.linspace(0.001, 40, 300, dtype=np.float32)[:, None]
    parts = [run(session, inputs[first : first + rows_at_once]) for first in range(0, 300, rows_at_once)]
    assert np.concatenate(parts).tolist() == run(session, inputs).tolist()


class Counting:
    """A session that gives back what it is given, and counts the rows of each call."""

    def __init__(self):
        self.rows = []

    def get_providers(self):
        return ["CPUExecutionProvider"]

    def get_inputs(self):
        return [SimpleNamespace(name="x")]

    get_outputs = get_inputs

    def run(self, _, feeds):
        self.rows.append(len(feeds["x"]))
        return [feeds["x"]]


def lengthened(content, old, new):
    """Return a message with a part replaced by a longer one, and the lengths before it set to match."""
    place, more = content.index(old), len(new) - len(old)
    changed = bytearray(content)
    for at in range(place):
        length = changed[at]
        begins_field = at and changed[at - 1] & 7 == 2
        if begins_field and length < 128 and at < place and at + 1 + length >= place + len(old):
            changed[at] = length + more
    return bytes(changed.replace(old, new))
