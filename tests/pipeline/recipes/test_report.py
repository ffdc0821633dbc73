import pytest

from pipeline.errors import SettingsError
from pipeline.io import settings_files
from pipeline.recipes.report import ReportRecipe
from pipeline.settings import parse


def test_the_file_of_the_checkout_says_what_is_shown_without_one():
    assert settings_files.load("reports", "default", ReportRecipe) == ReportRecipe()


def test_only_what_is_not_at_its_default_makes_a_report_another_one():
    assert ReportRecipe().stated() == {}
    assert ReportRecipe(guides=(0.04,), examples=8, title="x").stated() == {"guides": [0.04], "title": "x"}


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"interval_level": 68}, "'interval_level' is 68; allowed: above 0 and below 1"),
        ({"guides": [0.05, 0.01]}, "'guides' is [0.05, 0.01]; allowed: ascending rates, none twice"),
        ({"guides": [0.0]}, "allowed: rates above 0 and below 1"),
        ({"guides": []}, "at least one"),
        ({"histogram_bins": 1}, "'histogram_bins' is 1; allowed: 2 to 1000"),
        ({"plots": ["roc", "roc"]}, "'plots' names 'roc' twice"),
        ({"bins": 40}, "unknown key 'bins'"),
        ({"examples": "many"}, "examples"),
    ],
)
def test_what_cannot_be_is_refused_with_the_file_the_value_and_what_is_allowed(mapping, said):
    with pytest.raises(SettingsError) as refused:
        parse(ReportRecipe, mapping, "reports/mine.yaml")
    assert said in str(refused.value)
    assert "reports/mine.yaml" in str(refused.value)
