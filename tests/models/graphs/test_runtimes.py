from pathlib import Path

import pytest

from models.graphs import runtimes
from models.graphs.runtimes import Runtime
from pipeline.errors import IncompatiblePackageError

WHERE = Path("some") / "package"


def test_a_package_that_names_no_runtime_is_run_by_the_first_one():
    assert Runtime.of({}, WHERE) == Runtime("onnxruntime", "float32")
    assert Runtime.of({"runtime": "onnxruntime, float32"}, WHERE).stated == "onnxruntime, float32"


@pytest.mark.parametrize("stated", ["openvino, float32", "onnxruntime, int4", "onnxruntime", "", None, {"name": "x"}])
def test_an_unknown_runtime_or_precision_is_refused_with_those_that_are_known(stated):
    with pytest.raises(
        IncompatiblePackageError, match=r"some.package.package.json names .*; this version has: onnxruntime, f"
    ):
        Runtime.of({"runtime": stated}, WHERE)


def test_a_runtime_that_is_not_installed_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(runtimes.RUNTIMES, "norunner", ("float32",))
    with pytest.raises(IncompatiblePackageError, match=r"norunner, not installed here: pip install norunner$"):
        Runtime.of({"runtime": "norunner, float32"}, WHERE)
