"""Arrays of safetensors files, and files that are none."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, MissingInputError, NightsiftError
from pipeline.io.legacy.safetensors import read_safetensors


def write(path, head, body):
    text = json.dumps(head).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
    return path


def test_arrays_of_each_type_are_read(tmp_path):
    values = np.array([[1.5, -2.0], [0.25, 3.0]], "<f4")
    halves = values.view("<u4") >> 16
    body = values.tobytes() + values.astype("<f2").tobytes() + halves.astype("<u2").tobytes()
    path = write(tmp_path / "a.safetensors", {
        "full": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
        "half": {"dtype": "F16", "shape": [4], "data_offsets": [16, 24]},
        "brain": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [24, 32]},
        "__metadata__": {"format": "pt"},
    }, body)  # fmt: skip
    found = read_safetensors(path)
    assert sorted(found) == ["brain", "full", "half"]
    for name in ("full", "half", "brain"):
        np.testing.assert_array_equal(found[name].reshape(2, 2), values)
        assert found[name].dtype == np.float32


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]},
        {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]},
        {"dtype": "O", "shape": [1], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [1]},
        7,
    ],
)
def test_a_damaged_entry_is_one_line(entry, tmp_path):
    with pytest.raises(InputError, match="is a damaged safetensors file"):
        read_safetensors(write(tmp_path / "a.safetensors", {"a": entry}, bytes(8)))
    with pytest.raises(MissingInputError, match="no file"):
        read_safetensors(tmp_path / "absent.safetensors")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=100))
def test_whatever_a_file_holds_only_our_own_errors_come_out(tmp_path, content):
    (tmp_path / "a.safetensors").write_bytes(content)
    try:
        read_safetensors(tmp_path / "a.safetensors")
    except NightsiftError as error:
        assert "\n" not in str(error)
