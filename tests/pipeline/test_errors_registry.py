import pytest

from pipeline.errors import InputError, MissingInputError, NightsiftError, SettingsError, UnknownNameError
from pipeline.registry import Registry


def test_errors_are_also_the_built_in_ones_that_a_caller_expects():
    assert issubclass(SettingsError, ValueError)
    assert issubclass(MissingInputError, FileNotFoundError)
    assert issubclass(MissingInputError, InputError)
    assert issubclass(UnknownNameError, NightsiftError)


def test_unknown_name_suggests_a_close_one_and_lists_all():
    assert str(UnknownNameError("survey", "syntetic", ["synthetic", "ztf"])) == (
        "unknown survey 'syntetic' (did you mean 'synthetic'?); known: synthetic, ztf"
    )


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
