import numpy as np
import pytest
from scipy.stats import beta

from pipeline.errors import InputError
from pipeline.metrics import binomial_interval, expected_purity


def test_jeffreys_interval_is_that_of_the_beta_distribution():
    low, high = binomial_interval([3, 40], [10, 50], 0.95)
    np.testing.assert_allclose(low, beta.ppf(0.025, [3.5, 40.5], [7.5, 10.5]))
    np.testing.assert_allclose(high, beta.ppf(0.975, [3.5, 40.5], [7.5, 10.5]))


def test_the_ends_are_exact_where_all_or_none_hit():
    low, high = binomial_interval([0, 12], [12, 12])
    assert (low[0], high[1]) == (0.0, 1.0)
    assert 0 < high[0] < 0.2


def test_no_trials_no_interval():
    assert np.isnan(binomial_interval(0, 0)).all()


def test_the_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(0)
    low, high = binomial_interval(rng.binomial(60, 0.3, 20_000), np.full(20_000, 60), 0.68)
    assert np.mean((low < 0.3) & (high > 0.3)) == pytest.approx(0.68, abs=0.06)


def test_purity_follows_the_base_rate():
    assert expected_purity(1.0, 0.01, 0.5) == pytest.approx(1 / 1.01)
    assert expected_purity(0.9, 0.01, 0.001) == pytest.approx(0.0009 / (0.0009 + 0.00999))
    assert np.isnan(expected_purity(0.0, 0.0, 0.1))
    with pytest.raises(InputError, match="given 2"):
        expected_purity(1, 1, 2)
