import logging

import numpy as np
import pytest
from scipy.special import expit, log_expit
from sklearn.linear_model import LogisticRegression

from pipeline.errors import InputError
from pipeline.scores.beta import Beta, fit_beta
from pipeline.scores.calibration import fit_platt
from pipeline.scores.class_calibration import calibration_of, described, fit_calibration

TRUE = Beta(0.4, 2.0, -0.5)


def drawn(n=6000, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, n)
    return logits, (rng.random(n) < TRUE.apply(logits)).astype(int)


def test_it_finds_the_map_by_which_labels_were_drawn():
    fitted = fit_beta(*drawn(40_000))
    assert (fitted.slope_below, fitted.slope_above, fitted.intercept) == pytest.approx((0.4, 2.0, -0.5), abs=0.1)


def test_it_is_the_logistic_regression_on_both_logarithms_of_the_score():
    logits, labels = drawn(40_000)
    design = np.stack([log_expit(logits), -log_expit(-logits)], axis=1)
    reference = LogisticRegression(C=np.inf, tol=1e-10).fit(design, labels)
    np.testing.assert_allclose(fit_beta(logits, labels).apply(logits), reference.predict_proba(design)[:, 1], atol=1e-3)


def test_scores_of_other_rows_fit_better_than_platts_where_the_two_tails_differ():
    (logits, labels), (others, truth) = drawn(), drawn(seed=1)

    def misfit(calibration):
        score = calibration.apply(others)
        return -np.mean(truth * np.log(score) + (1 - truth) * np.log(1 - score))

    assert misfit(fit_beta(logits, labels)) < misfit(fit_platt(logits, labels)) - 0.002


def test_it_rises_even_where_logits_rank_bogus_above_real(caplog):
    logits, labels = drawn(300)
    with caplog.at_level(logging.WARNING):
        calibrated = fit_beta(logits, 1 - labels).calibrated(np.linspace(-20, 20, 2001))
    assert (np.diff(calibrated) > 0).all()
    assert "do not rank real above bogus" in caplog.text


def test_two_rows_and_separated_classes_stay_finite():
    for logits, labels in (([-1.0, 1.0], [0, 1]), (np.r_[np.full(50, -9.0), np.full(50, 9.0)], [0] * 50 + [1] * 50)):
        scores = fit_beta(logits, labels).apply([-1e4, -9.0, 9.0, 1e4])
        assert np.isfinite(fit_beta(logits, labels).calibrated([-1e4, 1e4])).all()
        assert scores[1] < 0.5 < scores[2]


def test_equal_logits_get_the_share_of_reals():
    fitted = fit_beta([3.0] * 40, [1] * 10 + [0] * 30)
    assert fitted.apply(3.0) == pytest.approx(0.25, abs=0.02)
    assert np.isnan(fitted.calibrated(np.nan))


def test_one_class_is_refused():
    with pytest.raises(InputError, match="given 2 real and 0 bogus"):
        fit_beta([0.0, 1.0], [1, 1])


def test_a_package_states_it_and_gives_it_back():
    assert calibration_of({"method": "beta", "prevalence": 0.5, **described(TRUE)}) == TRUE
    logits, labels = drawn(500)
    assert fit_calibration("beta", logits[:, None], labels) == fit_beta(logits, labels)
    with pytest.raises(InputError, match="calibration is 'beta' for 3 classes; allowed for more than two: vector"):
        fit_calibration("beta", np.zeros((3, 3)), np.array([0, 1, 2]))
    assert Beta(1.5, 1.5, 0.5).apply(2.0) == pytest.approx(expit(3.5))


def test_few_rows_give_nearly_the_line_of_platt_and_no_steep_tail():
    rng = np.random.default_rng(4)
    logits = np.r_[rng.normal(-3, 1, 40), rng.normal(3, 1, 6)]  # of the reals no bogus is near
    labels = np.r_[np.zeros(40, int), np.ones(6, int)]
    fitted, line = fit_beta(logits, labels), fit_platt(logits, labels)
    assert fitted.slope_above / fitted.slope_below < 3.0
    assert fitted.calibrated(8.0) == pytest.approx(line.calibrated(8.0), rel=0.5)
    steep = fit_beta(50 * logits, labels)  # in other units the same
    np.testing.assert_allclose(steep.slope_above / steep.slope_below, fitted.slope_above / fitted.slope_below, rtol=0.5)
