import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from pipeline.scores.class_reliability import TOP_CLASS, class_reliability


def test_shares_and_means_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    label, chances = rng.integers(0, 3, 300), rng.dirichlet(np.ones(3), 300)
    table = class_reliability(label, chances)
    assert table["class_index"].unique().tolist() == [TOP_CLASS, 0, 1, 2]
    for index in range(3):
        own = table[(table["class_index"] == index) & (table["n"] > 0)]
        share, mean = calibration_curve(label == index, chances[:, index], n_bins=10)
        np.testing.assert_allclose(own["fraction_real"], share)
        np.testing.assert_allclose(own["score_mean"], mean)


def test_the_called_class_has_each_row_once():
    table = class_reliability([0, 1, 2], [[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.5, 0.3, 0.2]])
    top = table[(table["class_index"] == TOP_CLASS) & (table["n"] > 0)]
    assert top["n"].sum() == 3
    assert (top["n_real"].sum(), top["score_mean"].iloc[-1]) == (2, pytest.approx(0.9))


def test_sums_that_are_a_rounding_error_above_one_are_no_error():
    assert len(class_reliability([0], [[1.0 - 1e-9, 1e-9]])) == 30
