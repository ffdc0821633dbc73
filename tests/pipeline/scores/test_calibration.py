import numpy as np
import pytest
from scipy.special import expit
from sklearn.calibration import calibration_curve

from pipeline.errors import InputError
from pipeline.metrics import METRICS
from pipeline.scores.calibration import (
    IDENTITY,
    Platt,
    fit_platt,
    fit_platt_prior,
    reliability_table,
)


def drawn(slope, intercept, n=40_000, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, n)
    return logits, (rng.random(n) < expit(slope * logits + intercept)).astype(int)


def test_the_line_that_made_the_labels_is_found_again():
    logits, labels = drawn(0.6, -1.2)
    fitted = fit_platt(logits, labels)
    assert fitted.slope == pytest.approx(0.6, abs=0.02)
    assert fitted.intercept == pytest.approx(-1.2, abs=0.05)


def test_calibrated_scores_are_probabilities():
    logits, labels = drawn(0.4, 0.7)
    assert METRICS["ece"](labels, IDENTITY.apply(logits)) > 0.08
    assert METRICS["ece"](labels, fit_platt(logits, labels).apply(logits)) < 0.01


def test_the_fit_is_a_stationary_point_of_the_penalised_likelihood():
    logits, labels = drawn(0.8, 0.2, n=60)
    n_real = labels.sum()
    targets = np.where(labels == 1, (n_real + 1) / (n_real + 2), 1 / (60 - n_real + 2))
    residual = fit_platt(logits, labels).apply(logits) - targets
    assert residual.sum() == pytest.approx(0, abs=1e-6)
    assert residual @ logits == pytest.approx(0, abs=1e-5)


def test_perfectly_separated_classes_give_a_finite_line():
    fitted = fit_platt([-4.0, -3.0, 3.0, 4.0], [0, 0, 1, 1])
    assert 0 < fitted.slope < 5
    score = fitted.apply([-4.0, 4.0])
    assert score == pytest.approx([0.25, 0.75], abs=0.05)


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
def test_the_scale_of_the_logits_does_not_matter(factor):
    logits, labels = drawn(0.6, -1.2, n=500)
    plain = fit_platt(logits, labels).apply(logits)
    np.testing.assert_allclose(fit_platt(factor * logits, labels).apply(factor * logits), plain, atol=1e-6)


def test_a_weight_of_two_is_the_row_given_twice():
    logits, labels = drawn(0.6, 0.0, n=200)
    weights = 1 + np.arange(200) % 2
    twice = fit_platt(np.repeat(logits, weights), np.repeat(labels, weights))
    weighted = fit_platt(logits, labels, weights)
    assert (weighted.slope, weighted.intercept) == pytest.approx((twice.slope, twice.intercept), rel=1e-5)


def test_equal_logits_give_the_base_rate_with_a_word_of_warning(caplog):
    fitted = fit_platt([2.0] * 8, [1, 0, 0, 0, 0, 0, 0, 0])
    assert fitted.apply(2.0) < 0.3
    assert "all 8 logits are equal" in caplog.text


def test_logits_that_rank_the_wrong_way_are_told(caplog):
    assert fit_platt([3.0, 2.0, -2.0, -3.0], [0, 0, 1, 1]).slope < 0
    assert "not positive" in caplog.text


@pytest.mark.parametrize(
    ("logits", "labels", "weights", "words"),
    [
        ([1.0, 2.0], [1, 1], None, "2 real and 0 bogus"),
        ([1.0, np.nan], [0, 1], None, "not finite"),
        ([1.0, 2.0], [0, 1], [1.0, -1.0], "none negative"),
        ([1.0, 2.0], [0, 1], [0.0, 1.0], "1 real and 0 bogus"),
    ],
)
def test_what_cannot_be_fitted_is_refused(logits, labels, weights, words):
    with pytest.raises(InputError, match=words):
        fit_platt(logits, labels, weights)


def test_another_prevalence_moves_the_odds_by_the_ratio_of_the_odds():
    score = Platt(1.0, 0.0).at_prevalence(0.5, 0.01).apply([0.0])
    assert score == pytest.approx([0.01])
    with pytest.raises(InputError, match="given 0"):
        Platt(1.0, 0.0).at_prevalence(0.5, 0.0)


def test_a_logit_of_nan_stays_nan_and_large_ones_saturate_in_silence():
    score = Platt(1.0, 0.0).apply([np.nan, -1e6, 1e6])
    assert np.isnan(score[0])
    assert score[1:].tolist() == [0.0, 1.0]


def test_the_reliability_table_agrees_with_scikit_learn():
    logits, labels = drawn(0.6, 0.3, n=3000)
    table = reliability_table(labels, expit(logits))
    fraction, mean = calibration_curve(labels, expit(logits), n_bins=10)
    np.testing.assert_allclose(table["fraction_real"], fraction)
    np.testing.assert_allclose(table["score_mean"], mean)
    assert table["n"].sum() == 3000
    assert (table["fraction_low"] < table["fraction_real"]).all()


def test_empty_bins_have_no_fraction_and_scores_outside_are_refused():
    table = reliability_table([0, 1], [0.05, 1.0])
    assert table["n"].tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert table["fraction_real"].isna().sum() == 8
    with pytest.raises(InputError, match=r"0 \.\.\. 1"):
        reliability_table([0, 1], [0.5, 1.5])


def test_a_prior_keeps_a_handful_of_separated_rows_near_the_identity():
    platt = fit_platt_prior([-3.0, -2.0, 2.0, 3.0], [0, 0, 1, 1])
    assert 0.7 < platt.slope < 1.6
    assert abs(platt.intercept) < 0.2


def test_many_rows_outweigh_the_prior_and_both_classes_weigh_the_same():
    rng = np.random.default_rng(5)
    labels = (np.arange(6000) % 10 == 0).astype(int)
    logits = 0.5 * rng.normal(np.where(labels == 1, 2.0, -2.0), 2.0)
    platt = fit_platt_prior(logits, labels)
    assert platt.slope == pytest.approx(2.0, rel=0.1)
    assert platt.intercept == pytest.approx(0.0, abs=0.15)


def test_the_prior_fit_needs_both_classes():
    with pytest.raises(InputError, match="needs real and bogus rows"):
        fit_platt_prior([0.1, 0.2], [1, 1])
