import pytest

from pipeline.metrics import METRICS
from pipeline.report.wording import count, difference, number, per_cent, worded


@pytest.mark.parametrize(
    ("value", "words"), [(0.123, "12.3 %"), (0.0021, "0.21 %"), (0.9979, "99.79 %"), (0.0, "0.0 %"), (None, "–")]
)
def test_fractions_near_the_ends_get_a_decimal_more(value, words):
    assert per_cent(value) == words


def test_numbers_of_things_have_thin_spaces_and_small_ones_a_decimal():
    assert [count(v) for v in (12345, 7, 0.42, None)] == ["12\u202f345", "7", "0.4", "–"]
    assert number(-0.5) == "−0.500"


def test_a_value_close_to_one_keeps_the_digits_that_matter():
    words = worded({"value": 0.99967, "low": 0.99951, "high": 0.99980}, "")
    assert (words["value"], words["spread"]) == ("0.99967", "0.99951 to 0.99980")


def test_a_value_that_is_none_says_why():
    assert worded({"value": None, "low": None, "high": None, "reason": "only real rows"})["reason"] == "only real rows"


@pytest.mark.parametrize(
    ("name", "low", "high", "verdict"),
    [
        ("auc", 0.01, 0.03, "better"),
        ("brier", 0.01, 0.03, "worse"),
        ("brier", -0.03, -0.01, "better"),
        ("auc", -0.01, 0.03, ""),
    ],
)
def test_a_difference_is_judged_only_where_its_interval_excludes_zero(name, low, high, verdict):
    assert difference(METRICS[name], {"value": (low + high) / 2, "low": low, "high": high})["verdict"] == verdict


def test_the_ends_of_a_difference_show_on_which_side_of_zero_they_are():
    words = difference(METRICS["auc"], {"value": -0.002, "low": -0.0048, "high": -0.0002})
    assert (words["value"], words["spread"]) == ("−0.0020", "−0.0048 to −0.0002")


def test_differences_of_rates_are_points():
    words = difference(METRICS["mdr_at_fpr_5pc"], {"value": -0.123, "low": -0.2, "high": -0.1})
    assert (words["value"], words["spread"]) == ("−12.3 points", "−20.0 to −10.0 points")
