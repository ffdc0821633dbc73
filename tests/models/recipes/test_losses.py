import numpy as np
import pytest

from models.recipes.losses import LOSSES, row_losses

LABELS = np.array([1, 0, 1, 0])
LOGITS = np.array([[0.5], [-3.0], [-40.0], [60.0]], np.float32)


def test_the_cross_entropy_of_one_column_is_that_of_its_sigmoid_and_stays_finite():
    expected = np.log1p(np.exp(np.where(LABELS == 1, -1, 1) * LOGITS[:, 0].astype(np.float64)))
    np.testing.assert_allclose(row_losses("cross_entropy", LABELS, LOGITS), expected, rtol=1e-5)


def test_the_cross_entropy_of_more_columns_is_that_of_their_softmax():
    logits = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = -np.log(probability[np.arange(4), LABELS])
    np.testing.assert_allclose(row_losses("cross_entropy", LABELS, logits), expected, rtol=1e-5)


def test_label_smoothing_spreads_a_share_of_the_target_evenly():
    p = 1.0 / (1.0 + np.exp(-LOGITS[:2, 0]))
    target = np.array([0.95, 0.05])
    expected = -(target * np.log(p) + (1 - target) * np.log(1 - p))
    found = row_losses("cross_entropy", LABELS[:2], LOGITS[:2], label_smoothing=0.1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("columns", [1, 3])
def test_shares_of_one_class_are_its_label(name, columns):
    logits = np.random.default_rng(2).normal(size=(4, columns)).astype(np.float32)
    shares = np.eye(max(columns, 2), dtype=np.float32)[LABELS]
    of_labels = row_losses(name, LABELS, logits, label_smoothing=0.1)
    np.testing.assert_allclose(row_losses(name, shares, logits, label_smoothing=0.1), of_labels, rtol=1e-6)


def test_the_cross_entropy_of_shares_is_that_of_each_class_by_its_share():
    logits, shares = LOGITS[:2], np.array([[0.3, 0.7], [0.5, 0.5]], np.float32)
    each = [np.asarray(row_losses("cross_entropy", np.full(2, label), logits)) for label in (0, 1)]
    expected = shares[:, 0] * each[0] + shares[:, 1] * each[1]
    np.testing.assert_allclose(row_losses("cross_entropy", shares, logits), expected, rtol=1e-5)


def test_the_focal_loss_leaves_little_of_a_row_that_is_right():
    p = 1.0 / (1.0 + np.exp(-LOGITS[:2, 0].astype(np.float64)))
    of_label = np.where(LABELS[:2] == 1, p, 1 - p)
    expected = -((1 - of_label) ** 2) * np.log(of_label)
    np.testing.assert_allclose(row_losses("focal", LABELS[:2], LOGITS[:2]), expected, rtol=1e-4)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("columns", [1, 2, 4])
def test_each_row_has_a_loss_that_is_not_negative(name, columns):
    logits = np.random.default_rng(1).normal(size=(4, columns)).astype(np.float32) * 30
    found = np.asarray(row_losses(name, LABELS, logits))
    assert found.shape == (4,)
    assert (found >= 0).all()
    assert np.isfinite(found).all()
