"""A night is called unlike its neighbours rarely by chance, and surely where it differs by more than they do."""

import numpy as np
import pytest
from scipy import stats

from pipeline.metrics.night_levels import LEAST_NIGHTS, mean_level, number_level, share_level


def test_nights_that_differ_by_chance_alone_span_what_the_binomial_spans():
    level = share_level(20, 200, [20] * 4, [200] * 4)
    assert level.value == 0.1
    assert level.expected == pytest.approx(0.1)
    pooled = 80.5 / 801
    sd = np.sqrt(pooled * (1 - pooled) * (1 / 200 + 1 / 800))
    reach = stats.t.ppf(0.995, 3) * sd
    assert (level.low, level.high) == pytest.approx((max(0.0, 0.1 - reach), 0.1 + reach))
    assert not level.jumped


def test_equal_chance_gives_the_prediction_interval_of_the_textbook():
    """With large variance between nights the span is mean +- t s sqrt(1 + 1/k) of the plain sample."""
    means = np.array([0.1, 0.3, 0.2, 0.5, 0.4])
    level = mean_level(0.9, 1e-9, means, np.full(5, 1e-9))
    reach = stats.t.ppf(0.995, 4) * means.std(ddof=1) * np.sqrt(1 + 1 / 5)
    assert (level.expected, level.high - level.expected) == pytest.approx((0.3, reach), rel=1e-6)
    assert not level.jumped
    assert mean_level(2.0, 1e-9, means, np.full(5, 1e-9)).jumped


@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_nothing_wrong_is_called_a_jump_in_about_one_night_in_a_hundred(spread):
    rng, jumps, trials = np.random.default_rng(5), 0, 1500
    for _ in range(trials):
        shares = 1 / (1 + np.exp(-rng.normal(-1.0, spread, 6)))
        called = rng.binomial(300, shares)
        jumps += share_level(int(called[0]), 300, called[1:], [300] * 5).jumped
    assert jumps / trials < 0.03


def test_a_night_with_twice_the_share_is_called():
    assert share_level(60, 200, [28, 33, 30, 29, 31], [200] * 5).jumped


def test_the_number_of_candidates_is_compared_as_a_logarithm():
    before = np.array([90, 110, 100, 100])
    level = number_level(1000, before)
    assert level.jumped
    assert level.expected == pytest.approx(np.exp(np.average(np.log(before), weights=before)))
    assert number_level(0, [90, 110, 100, 100]).jumped
    assert not number_level(95, [90, 110, 100, 100]).jumped


def test_few_earlier_nights_or_none_say_nothing():
    for level in (share_level(1, 2, [1, 0], [2, 0]), number_level(5, [0, 7]), mean_level(0.5, 0.1, [], [])):
        assert level.nights < LEAST_NIGHTS
        assert np.isnan(level.low)
        assert not level.jumped
    assert not share_level(0, 0, [5] * 4, [9] * 4).jumped
