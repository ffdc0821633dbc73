from pipeline.errors import InputError, MissingInputError, NightsiftError, SettingsError, UnknownNameError


def test_errors_are_also_the_built_in_ones_that_a_caller_expects():
    assert issubclass(SettingsError, ValueError)
    assert issubclass(MissingInputError, FileNotFoundError)
    assert issubclass(MissingInputError, InputError)
    assert issubclass(UnknownNameError, NightsiftError)


def test_unknown_name_suggests_a_close_one_and_lists_all():
    assert str(UnknownNameError("survey", "syntetic", ["synthetic", "ztf"])) == (
        "unknown survey 'syntetic' (did you mean 'synthetic'?); known: synthetic, ztf"
    )
