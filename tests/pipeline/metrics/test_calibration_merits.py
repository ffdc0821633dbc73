import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import brier_score_loss, log_loss

from pipeline.metrics.calibration_merits import OF_PROBABILITIES, calibration_merits


def drawn(n=400, seed=0):
    """Logits that are three times too large, and true chances."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, n)
    return (rng.random(n) < expit(logits)).astype(int), expit(3.0 * logits), expit(logits)


def found(labels, before, after, groups=None, seed=1, replicates=200, **arguments):
    groups = np.arange(len(labels)) if groups is None else groups
    rng = np.random.default_rng(seed)
    return calibration_merits(labels, before, after, groups, replicates=replicates, rng=rng, **arguments)


def test_both_sides_are_measured_and_what_a_calibration_changes():
    labels, before, after = drawn(2000)
    merits = found(labels, before, after)
    assert set(merits) == {"before", "after", "change"}
    assert merits["before"]["brier"].value == pytest.approx(brier_score_loss(labels, before))
    assert merits["after"]["log_loss"].value == pytest.approx(log_loss(labels, after))
    assert merits["after"]["ece"].value < 0.03 < 0.1 < merits["before"]["ece"].value
    for name in OF_PROBABILITIES:
        change = merits["change"][name]
        assert change.value == pytest.approx(merits["after"][name].value - merits["before"][name].value)
        assert change.high < 0.0


def test_each_figure_lies_within_its_own_interval():
    for seed in range(8):
        merits = found(*drawn(seed=seed))
        for side in merits.values():
            assert all(one.low <= one.value <= one.high for one in side.values())


def test_intervals_of_the_calibration_error_cover_the_true_one_as_often_as_they_say():
    _, before, after = drawn(400_000, seed=99)
    true = np.average(np.abs(before - after))  # of scores in bins a little less, for gaps change sign only at 0.5
    hits = [one.low <= true <= one.high for one in (found(*drawn(seed=s))["before"]["ece"] for s in range(100))]
    assert 55 <= sum(hits) <= 82  # of 100 with a chance of 0.68: within 3 sigma
    chance = [found(*drawn(seed=s))["after"]["ece"] for s in range(40)]
    assert sum(one.low == 0.0 for one in chance) >= 24
    assert np.mean([one.value for one in chance]) < 0.02


def test_weighed_rows_count_as_often_as_they_weigh():
    labels, before, after = drawn(300)
    weights = np.random.default_rng(0).integers(1, 4, 300).astype(float)
    times = weights.astype(int)
    merits = found(labels, before, after, weights=weights)
    repeated = found(
        *(np.repeat(one, times) for one in (labels, before, after)), groups=np.repeat(np.arange(300), times)
    )
    assert merits["after"]["brier"].value == pytest.approx(repeated["after"]["brier"].value)
    assert merits["before"]["log_loss"].low == pytest.approx(repeated["before"]["log_loss"].low)


def test_without_rows_there_is_nothing():
    assert found(np.empty(0, int), np.empty(0), np.empty(0)) == {}
