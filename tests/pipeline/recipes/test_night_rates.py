import pytest

from pipeline.errors import SettingsError
from pipeline.recipes.night_rates import NightRates

WHAT = "classifiers/a.yaml: 'calibrated_to: base_rate'"


def test_a_survey_gives_what_a_rule_takes_of_it():
    rates = NightRates(base_rate=0.01, candidates_per_night=500.0)
    assert rates.required_base_rate(WHAT) == 0.01
    assert rates.arguments((), WHAT) == {}
    both = {"base_rate": 0.01, "candidates_per_night": 500.0}
    assert rates.arguments(("base_rate", "candidates_per_night"), WHAT) == both


@pytest.mark.parametrize(("rate", "words"), [(None, "the survey states none"), (0.0, "is 0"), (1.0, "is 1")])
def test_a_base_rate_of_none_or_all_is_refused(rate, words):
    with pytest.raises(SettingsError, match=f"a.yaml: 'calibrated_to: base_rate' needs a 'base_rate', and .*{words};"):
        NightRates(base_rate=rate).required_base_rate(WHAT)


def test_a_budget_without_the_number_of_candidates_is_refused():
    with pytest.raises(SettingsError, match="needs 'candidates_per_night', and the survey states none; allowed"):
        NightRates(base_rate=0.1).arguments(("base_rate", "candidates_per_night"), WHAT)
