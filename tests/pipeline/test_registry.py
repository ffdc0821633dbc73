import sys
from types import SimpleNamespace

import pytest

from pipeline.errors import SettingsError, UnknownNameError
from pipeline.registry import Registry


def test_registry_refuses_a_name_twice():
    shapes = Registry("shape")
    shapes.register("disc")(object())
    with pytest.raises(SettingsError, match="shape 'disc' is registered twice"):
        shapes.register("disc")(object())


def test_registry_lists_names_sorted_and_gives_a_copy_of_the_metadata():
    shapes = Registry("shape")
    shapes.register("b", sides=2)(object())
    shapes.register("a")(object())
    shapes.metadata("b")["sides"] = 3
    assert list(shapes) == ["a", "b"]
    assert len(shapes) == 2
    assert shapes.metadata("b") == {"sides": 2}


def test_a_name_with_a_home_is_there_before_its_module_is_imported(tmp_path, monkeypatch):
    (tmp_path / "shape_disc.py").write_text(
        "import sys\nfrom pipeline.registry import Registry\n"
        "SHAPES = sys.modules['shapes'].SHAPES\nSHAPES.register('disc', sides=0)('a disc')\n"
    )
    shapes = Registry("shape", homes={"disc": "shape_disc"})
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "shapes", SimpleNamespace(SHAPES=shapes))
    assert "disc" in shapes
    assert (list(shapes), len(shapes)) == (["disc"], 1)
    assert "shape_disc" not in sys.modules
    assert shapes.metadata("disc") == {"sides": 0}
    assert shapes["disc"] == "a disc"
    monkeypatch.delitem(sys.modules, "shape_disc")


def test_an_unknown_name_imports_nothing_and_names_what_has_a_home():
    shapes = Registry("shape", homes={"disc": "no.such.module"})
    with pytest.raises(UnknownNameError, match=r"unknown shape 'ring'; known: disc"):
        shapes["ring"]
