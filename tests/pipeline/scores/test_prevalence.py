import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.metrics import METRICS
from pipeline.scores.beta import fit_beta
from pipeline.scores.calibration import fit_platt
from pipeline.scores.isotonic import fit_isotonic
from pipeline.scores.prevalence import at_prevalence, weights_at


def drawn(n, share, seed=0):
    """Logits whose classes are normal, so that the true calibration is a line that the share moves."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < share).astype(int)
    return rng.normal(np.where(labels, 1.0, -1.0), 1.0), labels


@pytest.mark.parametrize("fit", [fit_platt, fit_beta, fit_isotonic])
def test_scores_are_shares_of_reals_among_rows_with_the_wanted_share(fit):
    logits, labels = drawn(20_000, 0.5)
    moved = at_prevalence(fit(logits, labels), 0.5, 0.05)
    others, truth = drawn(100_000, 0.05, seed=1)
    assert METRICS["ece"](truth, moved.apply(others)) < 0.004
    assert METRICS["ece"](truth, fit(logits, labels).apply(others)) > 0.05
    np.testing.assert_allclose(moved.calibrated(others) - fit(logits, labels).calibrated(others), np.log(1 / 19))


def test_a_few_hundred_rows_moved_beat_the_same_rows_weighed():
    others, truth = drawn(200_000, 0.005, seed=99)

    def misfit(calibration):
        score = np.clip(calibration.apply(others), 1e-7, 1 - 1e-7)
        return -np.mean(np.where(truth == 1, np.log(score), np.log(1 - score)))

    moved, weighed = [], []
    for seed in range(12):
        logits, labels = drawn(200, 0.5, seed)
        moved.append(misfit(at_prevalence(fit_platt(logits, labels), labels.mean(), 0.005)))
        weighed.append(misfit(fit_platt(logits, labels, weights_at(labels, 0.005))))
    assert np.mean(moved) < np.mean(weighed)


def test_weights_give_rows_the_wanted_share():
    labels = np.array([0] * 30 + [1] * 70)
    weights = weights_at(labels, 0.1)
    assert weights.sum() == pytest.approx(100)
    assert weights[labels == 1].sum() == pytest.approx(10)


@pytest.mark.parametrize("wanted", [0.0, 1.0, 1.5, float("nan")])
def test_a_share_of_none_or_all_is_refused(wanted):
    with pytest.raises(InputError, match="between 0 and 1"):
        at_prevalence(fit_platt([0.0, 1.0], [0, 1]), 0.5, wanted)
    with pytest.raises(InputError, match="between 0 and 1"):
        weights_at(np.array([0, 1]), wanted)


def test_rows_of_one_class_cannot_be_weighed():
    with pytest.raises(InputError, match="a share of 1 reals"):
        weights_at(np.array([1, 1]), 0.5)
