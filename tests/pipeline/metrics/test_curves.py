import numpy as np
import pytest
import sklearn.metrics as reference

from pipeline.metrics import Curves, operating_points, scored_mask


def test_operating_points_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 500)
    scores = np.round(rng.random(500), 2)
    points = operating_points(labels, scores)
    fpr, tpr, thresholds = reference.roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(points["fpr"], fpr)
    np.testing.assert_allclose(points["tpr"], tpr)
    np.testing.assert_allclose(points["threshold"][1:], thresholds[1:])
    assert points["threshold"][0] > scores.max()


def test_precision_is_undefined_where_nothing_passes():
    points = operating_points([0, 1], [0.2, 0.8])
    assert np.isnan(points["precision"][0])
    assert points["precision"].tolist()[1:] == [1.0, 0.5]


def test_operating_points_of_nothing_are_one_empty_threshold():
    assert len(operating_points([], [])) == 1


def test_a_weight_of_two_is_the_row_given_twice():
    labels, scores = np.array([0, 1, 1, 0]), np.array([0.1, 0.8, 0.4, 0.6])
    twice = Curves(labels, scores, np.array([[1.0, 2.0, 0.0, 1.0]]))
    plain = Curves([0, 1, 1, 0], [0.1, 0.8, 0.8, 0.6])
    assert twice.counts_at(0.5) == plain.counts_at(0.5)
    assert twice.n_real == plain.n_real


def test_rows_without_label_or_score_are_masked_out():
    mask = scored_mask([0, 1, -1, 1], [0.1, np.nan, 0.3, 0.4])
    assert mask.tolist() == [True, False, False, True]


def test_counts_at_a_threshold_include_the_rows_on_it():
    real, bogus = Curves([1, 0, 1], [0.5, 0.5, 0.4]).counts_at(0.5)
    assert (real[0], bogus[0]) == pytest.approx((1, 1))
