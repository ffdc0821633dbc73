import numpy as np
import pytest
import sklearn.metrics as reference

from pipeline.metrics.class_confusion import class_confusion, counts_of


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    return rng.integers(0, 4, 300), rng.dirichlet(np.ones(4), 300)


@pytest.mark.parametrize("threshold", [0.0, 0.5, 0.8])
def test_counts_and_shares_are_those_of_scikit_learn(rows, threshold):
    label, chances = rows
    found = class_confusion(label, chances, threshold=threshold)
    kept = chances.max(axis=1) >= threshold
    truth, called = label[kept], chances[kept].argmax(axis=1)
    np.testing.assert_array_equal(found.counts, reference.confusion_matrix(truth, called, labels=range(4)))
    np.testing.assert_allclose(
        found.shares, reference.confusion_matrix(truth, called, labels=range(4), normalize="true")
    )
    assert found.kept == pytest.approx(kept.mean())
    assert found.dropped.sum() == (~kept).sum()


def test_a_class_without_rows_has_no_shares():
    found = class_confusion([0, 0], [[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]])
    assert found.shares[0].tolist() == [0.5, 0.5, 0.0]
    assert np.isnan(found.shares[1:]).all()


def test_without_rows_nothing_is_counted():
    found = class_confusion([], np.empty((0, 3)))
    assert found.counts.sum() == 0
    assert np.isnan(found.kept)
    assert counts_of([], [], 3).shape == (3, 3)
