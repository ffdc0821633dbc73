import pytest

from pipeline.features import feature_names
from pipeline.scores.reasons import GROUPS, NO_REASON, grouped, sentence


def test_every_physical_feature_is_in_one_group_that_says_something_of_it():
    names = feature_names()
    found = grouped(names)
    assert sorted(place for places in found.values() for place in places) == list(range(len(names)))
    assert "columns" not in found
    assert set(found) == set(GROUPS) - {"columns"}
    assert names[found["holes"][0]] == "bright_missing_core"


@pytest.mark.parametrize(
    ("group", "row", "words"),
    [
        ("psf", {"difference_fit_core_chi": 0.7076}, "PSF fit poor: chi 4.1"),
        ("psf", {"difference_fit_core_chi": 0.30}, "PSF fit good: chi 1.0"),
        ("lobes", {"difference_negative_share": 0.41}, "negative lobes (41 % of the light)"),
        ("lobes", {"difference_negative_share": 0.02}, "no negative lobes (2 % of the light)"),
        ("holes", {"faint_missing_15": 0.0}, "no pixels are missing"),
        ("holes", {"faint_missing_15": 0.1, "difference_missing_15": 0.3},
         "template has a hole (10 % of the pixels near)"),
        ("width", {"difference_fit_fwhm": 1.2}, "narrower than a PSF (1.2 pixels)"),
        ("structure", {"unexplained_structure": 0.1, "shift_coefficient": 0.8},
         "a shifted or scaled template explains it (shift 0.8 pixels)"),
        ("light", {"faint_over_bright": 0.5}, "a source in the template (0.50 of the flux)"),
        ("strength", {"difference_fit_snr": 1.0}, "bright (signal to noise 9.0)"),
    ],
)  # fmt: skip
def test_the_words_of_a_group_state_the_value(group, row, words):
    assert sentence({group: 1.0}, row, real=False, faded=False) == words


def test_the_fainter_image_of_a_source_that_faded_is_the_science_image():
    assert sentence({"holes": 1.0}, {"faint_missing_15": 0.1}, real=False, faded=True).startswith(
        "science image has a hole"
    )


def test_at_most_two_groups_are_named_and_those_first_that_fit_the_class():
    given = {"symmetry": 5.0, "psf": 3.0, "lobes": 1.0, "holes": 0.5, "light": 0.001, "line": -4.0}
    row = {"difference_fit_core_chi": 0.7076, "difference_negative_share": 0.4, "faint_missing_15": 0.2}
    bogus = sentence(given, row, real=False, faded=False)
    assert bogus == "PSF fit poor: chi 4.1, negative lobes (40 % of the light)"
    assert sentence(given, row, real=True, faded=False) == "symmetric (asymmetry 0.0)"
    assert sentence({"holes": 0.001, "psf": -4.0}, row, real=False, faded=False) == NO_REASON
    assert sentence({"holes": 1.0}, {}, real=False, faded=False) == "no pixels are missing"
