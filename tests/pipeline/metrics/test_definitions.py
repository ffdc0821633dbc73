import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.metrics import METRICS, summary


@st.composite
def samples(draw):
    """Labels with both classes, and scores on a coarse grid so that ties are frequent."""
    n = draw(st.integers(2, 40))
    labels = np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    labels[:2] = (0, 1)
    scores = np.array(draw(st.lists(st.integers(0, 12), min_size=n, max_size=n))) / 12
    return labels, scores


def thresholds_of(scores):
    return [*np.unique(scores), np.inf]


def rates(labels, scores, threshold):
    passed = scores >= threshold
    return np.mean(passed[labels == 1]), np.mean(passed[labels == 0])


def brute_mdr_at_fpr(labels, scores, limit):
    points = (rates(labels, scores, t) for t in thresholds_of(scores))
    return min(1 - tpr for tpr, fpr in points if fpr <= limit + 1e-12)


def brute_fpr_at_mdr(labels, scores, limit):
    points = (rates(labels, scores, t) for t in thresholds_of(scores))
    return min(fpr for tpr, fpr in points if 1 - tpr <= limit + 1e-12)


@settings(max_examples=60)
@given(samples())
def test_metrics_agree_with_scikit_learn(sample):
    labels, scores = sample
    passed = scores >= 0.5
    clipped = scores.astype(np.float32)
    assert METRICS["auc"](labels, scores) == pytest.approx(reference.roc_auc_score(labels, scores))
    assert METRICS["average_precision"](labels, scores) == pytest.approx(
        reference.average_precision_score(labels, scores)
    )
    assert METRICS["accuracy"](labels, scores) == pytest.approx(reference.accuracy_score(labels, passed))
    assert METRICS["mcc"](labels, scores) == pytest.approx(reference.matthews_corrcoef(labels, passed))
    assert METRICS["f1"](labels, scores) == pytest.approx(reference.f1_score(labels, passed))
    assert METRICS["brier"](labels, scores) == pytest.approx(reference.brier_score_loss(labels, scores))
    assert METRICS["log_loss"](labels, clipped) == pytest.approx(reference.log_loss(labels, clipped), rel=1e-4)


@settings(max_examples=60)
@given(samples())
def test_rates_at_a_limit_are_the_best_of_all_thresholds(sample):
    labels, scores = sample
    for name, limit in (("1pc", 0.01), ("5pc", 0.05)):
        assert METRICS[f"mdr_at_fpr_{name}"](labels, scores) == pytest.approx(
            brute_mdr_at_fpr(labels, scores, limit), abs=1e-12
        )
        assert METRICS[f"fpr_at_mdr_{name}"](labels, scores) == pytest.approx(
            brute_fpr_at_mdr(labels, scores, limit), abs=1e-12
        )


def test_rates_at_a_limit_agree_with_the_roc_curve_of_scikit_learn():
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 2, 2000)
    scores = np.round(rng.normal(labels, 1.0), 1)
    fpr, tpr, _ = reference.roc_curve(labels, scores, drop_intermediate=False)
    assert METRICS["mdr_at_fpr_5pc"](labels, scores) == pytest.approx(1 - tpr[fpr <= 0.05].max())
    assert METRICS["fpr_at_mdr_1pc"](labels, scores) == pytest.approx(fpr[tpr >= 0.99].min())


def test_a_limit_that_is_a_whole_number_of_rows_is_used_in_full():
    labels = np.r_[np.zeros(300, int), np.ones(100, int)]
    scores = np.r_[np.linspace(0, 0.8, 297), 0.95, 0.95, 0.95, np.full(100, 0.9)]
    assert METRICS["mdr_at_fpr_1pc"](labels, scores) == 0.0


def test_ties_across_the_classes_pass_together_or_not_at_all():
    labels, scores = [0, 1, 1, 1], [0.7, 0.7, 0.7, 0.9]
    assert METRICS["mdr_at_fpr_1pc"](labels, scores) == pytest.approx(2 / 3)
    assert METRICS["fpr_at_mdr_1pc"](labels, scores) == 1.0


def test_equal_error_is_where_two_gaussians_cross():
    rng = np.random.default_rng(3)
    labels = np.repeat([0, 1], 40_000)
    scores = rng.normal(2.0 * labels, 1.0)
    assert METRICS["equal_error"](labels, scores) == pytest.approx(0.1587, abs=0.004)


def test_equal_error_of_a_perfect_and_of_an_upside_down_classifier():
    assert METRICS["equal_error"]([0, 0, 1], [0.1, 0.2, 0.9]) == 0.0
    assert METRICS["equal_error"]([0, 0, 1], [0.8, 0.9, 0.1]) == 1.0


def test_ece_is_the_mean_gap_of_score_and_fraction():
    labels = np.r_[np.ones(6), np.zeros(4), np.ones(1), np.zeros(9)].astype(int)
    scores = np.r_[np.full(10, 0.9), np.full(10, 0.1)]
    assert METRICS["ece"](labels, scores) == pytest.approx(0.5 * 0.3 + 0.5 * 0.0)


def test_one_class_gives_nan_and_a_reason_but_no_exception():
    found = summary([1, 1], [0.4, 0.9])
    assert np.isnan(found["auc"])
    assert np.isnan(found["mdr_at_fpr_1pc"])
    assert found["accuracy"] == 0.5
    assert METRICS["auc"].undefined([1, 1], [0.4, 0.9]) == "only real rows"
    assert METRICS["auc"].undefined([], []) == "no rows"


def test_calibration_of_what_is_no_probability_is_undefined():
    assert np.isnan(METRICS["brier"]([0, 1], [-3.0, 4.0]))
    assert METRICS["auc"]([0, 1], [-3.0, 4.0]) == 1.0
    assert "0 ... 1" in METRICS["ece"].undefined([0, 1], [-3.0, 4.0])


@pytest.mark.parametrize(
    ("labels", "scores", "words"),
    [
        ([0, 1], [0.5, np.nan], "1 scores are not finite"),
        ([0, 1, -1], [0.1, 0.2, 0.3], "given -1"),
        ([0, 1], [0.5], "one length"),
    ],
)
def test_rows_that_cannot_be_measured_are_refused_by_name(labels, scores, words):
    with pytest.raises(InputError, match=words):
        METRICS["auc"](labels, scores)
