import numpy as np
import pytest
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from pipeline.errors import InputError
from pipeline.scores.class_calibration import calibration_of, described, fit_calibration
from pipeline.scores.isotonic import Isotonic, fit_isotonic


def drawn(n=4000, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, n)
    return logits, (rng.random(n) < expit(3.0 * np.tanh(logits))).astype(int)


def test_shares_are_those_of_isotonic_regression_and_no_row_is_quite_sure():
    logits, labels = drawn()
    fitted = fit_isotonic(logits, labels)
    scores = fitted.apply(np.array(fitted.knots))
    reference = IsotonicRegression(out_of_bounds="clip").fit(logits, labels).predict(fitted.knots)
    np.testing.assert_allclose(scores[2:-2], reference[2:-2], atol=0.06)
    assert 0 < scores[0] < scores[-1] < 1
    np.testing.assert_allclose(fitted.apply(logits), expit(3.0 * np.tanh(logits)), atol=0.12)


def test_it_rises_everywhere_so_that_no_rows_change_places():
    logits, labels = drawn(300, seed=1)
    along = np.linspace(-20, 20, 2001)
    assert (np.diff(fit_isotonic(logits, labels).calibrated(along)) > 0).all()


def test_logits_that_tell_nothing_get_the_share_of_reals():
    fitted = fit_isotonic([1.0, 2.0, 3.0, 4.0], [1, 1, 0, 0])
    assert len(fitted.knots) == 1
    assert fitted.apply(2.5) == pytest.approx(0.5)
    assert np.isnan(fitted.calibrated(np.nan))


def test_a_package_states_it_and_gives_it_back():
    isotonic = Isotonic((0.0, 2.0), (-1.0, 3.0))
    assert calibration_of({"method": "isotonic", **described(isotonic)}) == isotonic
    logits, labels = drawn(500)
    assert fit_calibration("isotonic", logits[:, None], labels) == fit_isotonic(logits, labels)


def test_more_classes_and_one_class_alone_are_refused():
    with pytest.raises(InputError, match="calibration is 'isotonic' for 3 classes; allowed for more than two: vector"):
        fit_calibration("isotonic", np.zeros((3, 3)), np.array([0, 1, 2]))
    with pytest.raises(InputError, match="given 2 real and 0 bogus"):
        fit_isotonic([0.0, 1.0], [1, 1])
