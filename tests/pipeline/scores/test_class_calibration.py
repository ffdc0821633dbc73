import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from pipeline.errors import InputError
from pipeline.scores.calibration import IDENTITY, Platt, fit_platt
from pipeline.scores.class_calibration import (
    ClassScaling,
    calibration_of,
    described,
    fit_calibration,
    fit_temperature,
    fit_vector_scaling,
    probabilities_of,
)


def drawn(n=4000, n_classes=4, seed=1):
    """Return logits whose softmax is the chance of each class, and classes drawn by it."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0.0, 2.0, (n, n_classes))
    chances = softmax(logits, axis=1).cumsum(axis=1)
    return logits, (rng.random(n)[:, None] > chances[:, :-1]).sum(axis=1)


def loss_of(calibration, logits, labels):
    return log_loss(labels, probabilities_of(calibration, logits), labels=np.arange(logits.shape[1]))


def test_probabilities_are_the_softmax_of_scaled_and_shifted_logits():
    scaling = ClassScaling((2.0, 1.0, 0.5), (0.0, 1.0, -1.0))
    logits = np.array([[1.0, -1.0, 3.0], [np.nan, 0.0, 0.0]])
    odds = np.exp([2.0, 0.0, 0.5])
    np.testing.assert_allclose(scaling.probabilities(logits)[0], odds / odds.sum())
    assert np.isnan(scaling.probabilities(logits)[1]).all()


@pytest.mark.parametrize("factor", [0.25, 1.0, 5.0])
def test_the_temperature_of_logits_that_were_stretched_is_found(factor):
    logits, labels = drawn()
    scaling = fit_temperature(factor * logits, labels)
    assert len(set(scaling.scale)) == 1
    assert set(scaling.shift) == {0.0}
    assert scaling.scale[0] * factor == pytest.approx(1.0, abs=0.05)


def test_scales_and_shifts_of_each_class_are_found():
    logits, labels = drawn(n=20000)
    scale, shift = np.array([0.5, 1.0, 2.0, 1.0]), np.array([1.0, 0.0, -1.0, 0.0])
    found = fit_vector_scaling((logits - shift) / scale, labels)
    np.testing.assert_allclose(found.scale, scale, atol=0.06)
    np.testing.assert_allclose(found.shift, shift - shift.mean(), atol=0.06)


def test_of_many_rows_it_is_as_good_as_the_best_line_of_each_class():
    logits, labels = drawn(n=6000, n_classes=2)
    logits = 3.0 * logits + [0.0, 1.0]
    alike = np.stack([-logits[:, 1], logits[:, 1]], axis=1)
    line = LogisticRegression(C=1e6).fit(alike[:, 1:], labels)
    wanted = log_loss(labels, line.predict_proba(alike[:, 1:]))
    assert loss_of(fit_vector_scaling(alike, labels), alike, labels) == pytest.approx(wanted, abs=2e-4)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n_classes=st.integers(2, 5),
    stretch=st.sampled_from([1e-3, 0.3, 1.0, 20.0, 1e4]),
    method=st.sampled_from([fit_temperature, fit_vector_scaling]),
)
def test_the_log_loss_is_never_worse_than_without(seed, n_classes, stretch, method):
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(0.0, stretch, (8 * n_classes, n_classes)), np.arange(8 * n_classes) % n_classes
    none = ClassScaling((1.0,) * n_classes, (0.0,) * n_classes)
    found = method(logits, labels)
    assert np.isfinite(found.scale + found.shift).all()
    assert min(found.scale) > 0
    own = np.arange(len(labels)), labels
    fitted, plain = (-np.log(np.maximum(one.probabilities(logits)[own], 1e-300)).mean() for one in (found, none))
    assert fitted <= plain + 1e-9


def test_a_few_rows_that_are_separated_perfectly_cannot_blow_it_up():
    labels = np.arange(9) % 3
    scaling = fit_vector_scaling(4.0 * np.eye(3)[labels], labels)
    assert max(scaling.scale) < 4.0
    assert max(map(abs, scaling.shift)) < 0.5


def test_equal_logits_give_the_shares_of_the_classes():
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    found = fit_vector_scaling(np.zeros((1000, 3)), labels).probabilities(np.zeros((1, 3)))
    np.testing.assert_allclose(found[0], [0.6, 0.3, 0.1], atol=0.01)


def test_equal_shares_are_those_of_the_rows_weighed_alike():
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    found = fit_calibration("platt_prior", np.zeros((1000, 3)), labels)
    np.testing.assert_allclose(found.probabilities(np.zeros((1, 3)))[0], [1 / 3] * 3, atol=0.01)


def test_of_two_classes_a_temperature_is_a_slope_and_all_else_is_platt():
    rng = np.random.default_rng(2)
    logits = rng.normal(0.0, 2.0, (3000, 1))
    labels = (rng.random(3000) < expit(logits[:, 0])).astype(np.int64)
    found = fit_calibration("temperature", 4.0 * logits, labels)
    assert isinstance(found, Platt)
    assert (found.slope, found.intercept) == (pytest.approx(0.25, abs=0.02), 0.0)
    assert fit_calibration("platt", logits, labels) == fit_calibration("vector", logits, labels)
    assert fit_calibration("platt", logits, labels) == fit_platt(logits[:, 0], labels)
    assert fit_calibration("none", logits, labels) == IDENTITY
    np.testing.assert_allclose(probabilities_of(found, logits)[:, 1], found.apply(logits[:, 0]))


def test_other_shares_move_the_odds_by_their_ratio():
    scaling, logits = ClassScaling((1.0, 2.0, 0.5), (0.1, 0.0, -0.1)), np.array([[0.3, -0.2, 1.0]])
    fitted, wanted = [0.5, 0.3, 0.2], [0.1, 0.1, 0.8]
    odds = scaling.probabilities(logits)[0] * np.array(wanted) / np.array(fitted)
    np.testing.assert_allclose(scaling.at_shares(fitted, wanted).probabilities(logits)[0], odds / odds.sum())
    assert scaling.at_shares(fitted, fitted) == scaling
    for bad in ([0.5, 0.5], [0.5, 0.5, 0.0], [0.5, 0.5, 0.5]):
        with pytest.raises(InputError, match=r"shares wanted are .*; allowed: 3 numbers above 0 with the sum 1"):
            scaling.at_shares(fitted, bad)


@pytest.mark.parametrize("calibration", [Platt(2.0, -1.0), ClassScaling((1.0, 2.0, 0.5), (0.1, 0.0, -0.1))])
def test_what_a_package_states_is_read_back(calibration):
    assert calibration_of({"method": "any", "prevalence": None, **described(calibration)}) == calibration


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (np.zeros((4, 3)), [0, 1, 1, 0], r"needs rows of every class; given \[2, 2, 0\] of classes 0 to 2"),
        (np.full((3, 3), np.inf), [0, 1, 2], "needs finite logits; 3 of 3 rows have others"),
        (np.zeros((3, 3)), [0, 1, -1], "needs labels from 0 to 2; given others"),
        (np.zeros((3, 3)), [0, 1], r"was given labels \(2,\) and logits \(3, 3\); allowed"),
        (np.zeros((3, 1)), [0, 1, 0], r"and logits \(3, 1\); allowed: .n,. and .n, k."),
    ],
)
def test_rows_that_cannot_calibrate_are_refused(logits, labels, message):
    for fit in (fit_temperature, fit_vector_scaling):
        with pytest.raises(InputError, match=message):
            fit(logits, labels)


def test_negative_weights_are_refused():
    with pytest.raises(InputError, match="calibration weights must be one number per row, none negative"):
        fit_vector_scaling(np.eye(3), [0, 1, 2], [1.0, -1.0, 1.0])
