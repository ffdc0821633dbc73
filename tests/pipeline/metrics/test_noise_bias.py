"""A calibration error is that of the scores and not of the sample's noise, and lies within its own interval."""

import numpy as np
import pytest

from pipeline.metrics import METRICS, bootstrap, paired_differences
from pipeline.metrics.noise_bias import centred, without_noise


def sample(groups, shift=0.0, rows=1, seed=0):
    """Scores of which each is too high by a shift, in groups of rows that are all real or all bogus."""
    rng = np.random.default_rng(seed)
    score = rng.uniform(0.1, 0.9, groups)
    label = (rng.random(groups) < score - shift).astype(int)
    return np.repeat(label, rows), np.repeat(score, rows), np.repeat(np.arange(groups), rows)


def error(*sample, seed=1):
    return bootstrap("ece", *sample, replicates=400, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("shift", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("rows", [1, 4])
def test_a_calibration_error_lies_within_its_own_interval(shift, rows):
    for seed in range(10):
        found = error(*sample(300, shift, rows, seed))
        assert 0.0 <= found.low <= found.value <= found.high


def test_calibrated_scores_have_an_error_around_zero():
    found = [error(*sample(400, seed=seed)) for seed in range(20)]
    plain = [METRICS["ece"](*sample(400, seed=seed)[:2]) for seed in range(20)]
    assert np.mean([one.value for one in found]) < 0.4 * np.mean(plain)
    assert sum(one.low == 0.0 for one in found) >= 12


def test_the_error_of_scores_that_are_all_too_high_is_their_shift():
    found = [error(*sample(600, 0.1, seed=seed)) for seed in range(20)]
    assert np.mean([one.value for one in found]) == pytest.approx(0.1, abs=0.01)
    assert sum(one.low <= 0.1 <= one.high for one in found) >= 10


def test_copies_of_a_row_hide_no_noise():
    once, fourfold = error(*sample(300)), error(*sample(300, rows=4))
    assert (fourfold.value, fourfold.low, fourfold.high) == pytest.approx((once.value, once.low, once.high))


def test_the_difference_of_two_errors_lies_within_its_own_interval():
    for seed in range(10):
        label, score, group = sample(300, 0.05, seed=seed)
        found = paired_differences(label, score, score - 0.05, group, metrics=["ece"], rng=np.random.default_rng(1))[
            "ece"
        ]
        assert found.low <= found.value <= found.high


def test_the_noise_is_what_replicates_have_more_than_the_sample():
    rng = np.random.default_rng(0)
    value, drawn = without_noise(1.0, np.abs(1.0 + rng.normal(0.0, 0.1, 200_000)))
    assert value == pytest.approx(np.sqrt(1.0 - 0.01), abs=1e-3)
    assert np.sqrt(np.mean(drawn**2)) == pytest.approx(value, abs=1e-3)


def test_without_replicates_nothing_changes():
    assert without_noise(0.3, np.full(4, np.nan))[0] == 0.3
    assert np.isnan(centred(0.3, np.full(4, np.nan))).all()
