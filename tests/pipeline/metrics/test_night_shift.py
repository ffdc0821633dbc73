import numpy as np
import pytest
from scipy.special import expit

from pipeline.metrics.night_shift import night_shift


def drawn(spread, nights=60, rows=200, seed=0):
    """Rows of nights of which each needs a shift of its own; scores know none of them."""
    rng = np.random.default_rng(seed)
    night = np.repeat(np.arange(nights), rows)
    logits = rng.normal(0, 2, len(night))
    labels = (rng.random(len(night)) < expit(logits + rng.normal(0, spread, nights)[night])).astype(int)
    return labels, expit(logits), night


def found(*rows, seed=1):
    return night_shift(*rows, rng=np.random.default_rng(seed))


def test_it_is_the_scatter_of_the_nights_without_that_of_their_rows():
    assert np.mean([found(*drawn(0.5, seed=seed)).spread for seed in range(10)]) == pytest.approx(0.5, rel=0.15)
    assert np.mean([found(*drawn(0.0, seed=seed)).spread for seed in range(10)]) < 0.08


def test_its_interval_holds_it_and_mostly_the_truth():
    intervals = [found(*drawn(0.5, nights=40, seed=seed)) for seed in range(20)]
    assert all(one.low <= one.spread <= one.high for one in intervals)
    assert sum(one.low <= 0.5 <= one.high for one in intervals) >= 9


def test_nights_of_one_class_count_and_few_nights_say_nothing():
    labels, scores, nights = drawn(0.3, nights=3, rows=40)
    labels[nights == 1] = 0
    assert np.isfinite(found(labels, scores, nights).spread)
    few = nights < 2
    assert found(labels[few], scores[few], nights[few]) is None


def test_one_wrong_label_among_saturated_scores_is_no_shift_of_its_night():
    nights = np.repeat(np.arange(10), 100)
    labels = np.tile([0, 1], 500)
    scores = np.where(labels == 1, 1 - 1e-9, 1e-9)
    labels[0] = 1
    one = found(labels, scores, nights)
    assert one.spread < 1.0
    assert one.high < 5.0
