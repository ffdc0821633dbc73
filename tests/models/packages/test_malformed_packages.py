"""Whatever is wrong with a package is one line that names it, whether its manifest agrees or not."""

import hashlib
import json
import shutil

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from small_packages import rewrite_manifest

from models.scoring import runtime
from pipeline.errors import IncompatiblePackageError, InputError
from pipeline.io.packages.package_file import PackageFacts
from pipeline.io.packages.training_ids import read_training_ids

SIDE = 15
DEEP = b"[" * 100_000
MODEL, VALUES, IDS = "model.onnx", "package.json", "training_ids.npy"


def model(inputs=("x",), row=(SIDE, SIDE, 3), opset=17, ir_version=8, kind=TensorProto.FLOAT, **more):
    """The bytes of a model that averages each channel: three numbers a row."""
    given = [helper.make_tensor_value_info(name, kind, ("n", *row)) for name in inputs]
    axes = {"axes": list(range(1, len(row))), "keepdims": 0} if len(row) > 1 else {}
    nodes = [helper.make_node("ReduceMean" if axes else "Identity", [inputs[0]], ["y"], **axes)]
    out = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("n", row[-1]))]
    made = helper.make_graph(nodes, "g", given, out, **more)
    return helper.make_model(
        made, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir_version
    ).SerializeToString()


def with_weights_elsewhere():
    weights = onnx.TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    weights.external_data.add(key="location", value="../../../etc/passwd")
    return model(initializer=[weights])


FILES = {
    "model is empty": (MODEL, b""),
    "model is text": (MODEL, b"hello"),
    "model is zeros": (MODEL, bytes(1000)),
    "model is cut off": (MODEL, lambda data: data[: len(data) // 2]),
    "model lacks its beginning": (MODEL, lambda data: data[100:]),
    "model is of a later opset": (MODEL, model(opset=99)),
    "model is of a later format": (MODEL, model(ir_version=99)),
    "model takes another size": (MODEL, model(row=(SIDE + 2, SIDE + 2, 3))),
    "model takes other channels": (MODEL, model(row=(SIDE, SIDE, 4))),
    "model takes a table": (MODEL, model(row=(3,))),
    "model takes whole numbers": (MODEL, model(kind=TensorProto.INT32)),
    "model takes two inputs": (MODEL, model(inputs=("x", "z"))),
    "model gives three classes": (MODEL, model()),
    "model has weights elsewhere": (MODEL, with_weights_elsewhere()),
    "values are empty": (VALUES, b""),
    "values are text": (VALUES, b"hello"),
    "values are a list": (VALUES, b"[]"),
    "values are null": (VALUES, b"null"),
    "values are cut off": (VALUES, lambda data: data[:200]),
    "values are deep": (VALUES, DEEP),
    "values are bytes": (VALUES, b"\xff\xfe\x00"),
    "history is bytes": ("history.csv", b"\x00\xff\xfe" * 50),
    "history is ragged": ("history.csv", b"epoch,loss\n1,2,3\n4\n5,6,7,8\n"),
    "history has an open quote": ("history.csv", b'epoch,loss\n"1,2\n'),
    "history is words": ("history.csv", b"epoch,loss\na,b\n"),
    "ids are empty": (IDS, b""),
    "ids are text": (IDS, b"hello"),
    "ids are pickled": (IDS, b"\x80\x04N."),
    "ids are cut off": (IDS, lambda data: data[:-5]),
    "ids claim terabytes": (
        IDS, b"\x93NUMPY\x01\x00\x76\x00" + b"{'descr': '<u8', 'fortran_order': False, 'shape': (10**12,), }".replace(
            b"10**12", b"1000000000000").ljust(117) + b"\n",
    ),
}  # fmt: skip
GIVEN = {
    "schema": [None, 2, "x" * 10**6],
    "name": [None, 3, [1]],
    "input": [None, 3, {}],
    "classes": [None, "x", [], ["real"], ["real", "bogus"], ["bogus", "bogus"]],
    "external_features": [3, "x", {}],
    "calibration": [None, {}, {"method": "platt", "slope": "x", "intercept": 0, "prevalence": None}],
    "thresholds": [None, [1], {"fixed": 7}],
    "threshold_rule": [None, 3, "x" * 10**6],
    "posterior": [None, {}, {"masks": [{"name": "m", "shape": [0], "rate": 2}], "samples": 1}],
    "files": [None, [1], {"../../../etc/passwd": "0" * 64}, {"model.onnx": 3}],
}
INPUT = {
    "channels": [None, "x", [], [1], ["science", "science"]],
    "size_pixel": [None, "x", 0, 2.5, 99_999, 10**30],
    "crop": [None, 3, "yes"],
    "survey": [None, 3],
    "pixel_scale_arcsec": ["x", -1, [1]],
    "pixel_state": [None, 3],
}


@pytest.fixture
def package_copy(network, tmp_path):
    """A copy of a sound package, to be changed."""
    return shutil.copytree(network.package, tmp_path / "changed")


def open_and_score(folder):
    package = runtime.load(folder)
    package.predict(np.ones((2, SIDE, SIDE, 3), np.float32), package.contract.channels)
    PackageFacts.read([folder])
    read_training_ids(folder)


def write_values(folder, change):
    values = json.loads((folder / VALUES).read_text())
    change(values)
    (folder / VALUES).write_text(json.dumps(values))
    rewrite_manifest(folder)


def refused(folder):
    """Return the one line with which a package is refused."""
    with pytest.raises((InputError, IncompatiblePackageError), match="changed") as caught:
        open_and_score(folder)
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 900
    return said


def test_the_package_that_is_changed_is_sound(package_copy):
    open_and_score(package_copy)


@pytest.mark.parametrize("what", FILES)
def test_a_file_that_is_not_what_it_should_be_is_named(what, package_copy):
    name, change = FILES[what]
    data = change((package_copy / name).read_bytes()) if callable(change) else change
    (package_copy / name).write_bytes(data)
    if name == VALUES:
        rewrite_manifest(package_copy)
    else:
        digest = hashlib.sha256(data).hexdigest()
        write_values(
            package_copy, lambda values: values["files"].update({name: digest} if name in values["files"] else {})
        )
    assert name in refused(package_copy)


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in GIVEN.items() for value in values], ids=str)
def test_a_value_that_can_not_be_right_is_named(key, value, package_copy):
    write_values(package_copy, lambda values: values.update({key: value}))
    assert VALUES in refused(package_copy) or "../" in str(value)


@pytest.mark.parametrize("stated", [None, 3, "openvino, float32", "onnxruntime, int4", "x" * 10**6], ids=str)
def test_a_runtime_or_a_precision_that_is_not_here_is_named(stated, package_copy):
    write_values(package_copy, lambda values: values.update(runtime=stated))
    assert VALUES in refused(package_copy)


@pytest.mark.parametrize("key", GIVEN)
def test_a_value_that_is_missing_is_named(key, package_copy):
    write_values(package_copy, lambda values: values.pop(key))
    assert VALUES in refused(package_copy)


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in INPUT.items() for value in values], ids=str)
def test_a_value_of_the_input_that_can_not_be_right_is_named(key, value, package_copy):
    write_values(package_copy, lambda values: values["input"].update({key: value}))
    assert VALUES in refused(package_copy)


@pytest.mark.parametrize("name", [MODEL, "manifest.json", VALUES, IDS])
def test_a_file_that_is_missing_is_named(name, package_copy):
    (package_copy / name).unlink()
    assert name in refused(package_copy)


def test_weights_of_other_files_are_never_opened(package_copy):
    (package_copy / MODEL).write_bytes(with_weights_elsewhere())
    digest = hashlib.sha256((package_copy / MODEL).read_bytes()).hexdigest()
    write_values(package_copy, lambda values: values["files"].update({MODEL: digest}))
    assert "model.onnx has weights in another file; allowed: a model that holds them itself" in refused(package_copy)
