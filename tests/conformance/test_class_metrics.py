"""Every metric of many classes keeps the contract, be it of all classes or of each."""

import numpy as np
import pytest

from pipeline.metrics.class_metrics import CLASS_METRICS, PER_CLASS
from pipeline.metrics.class_sample import ClassSample

LABELS = np.array([0, 0, 1, 1, 2, 2])
ENTRIES = [pytest.param(registry[name], id=name) for registry in (CLASS_METRICS, PER_CLASS) for name in registry]


def value(entry, called):
    chances = 0.85 * np.eye(3)[called] + 0.05 if entry.name in ("log_loss", "brier") else np.eye(3)[called]
    found = entry.weighted(ClassSample(LABELS, chances))
    return float(np.mean(found))


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_perfect_classifier_is_better_than_a_wrong_one(entry):
    perfect, wrong = value(entry, LABELS), value(entry, (LABELS + 1) % 3)
    if entry.name == "top_3_accuracy":
        assert perfect == wrong == 1.0  # of three classes
    else:
        assert perfect > wrong if entry.larger_is_better else perfect < wrong


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_best_value_is_reached_within_the_bounds(entry):
    found = float(np.mean(entry.weighted(ClassSample(LABELS, np.eye(3)[LABELS]))))
    assert found == pytest.approx(1.0 if entry.larger_is_better else 0.0, abs=1e-6)
    assert 0.0 <= value(entry, (LABELS + 1) % 3) <= entry.highest


@pytest.mark.parametrize("entry", ENTRIES)
def test_many_weightings_at_once_are_the_same_as_one_by_one_in_any_order(entry):
    rng = np.random.default_rng(1)
    labels, chances = np.arange(30) % 3, rng.dirichlet(np.ones(3), 30)
    weights = rng.integers(0, 3, (5, 30)).astype(float)
    together = entry.weighted(ClassSample(labels, chances, weights))
    mixed = rng.permutation(30)
    alone = [entry.weighted(ClassSample(labels[mixed], chances[mixed], row[None, mixed]))[0] for row in weights]
    np.testing.assert_allclose(together, alone)


@pytest.mark.parametrize("entry", ENTRIES)
def test_it_is_named_and_explained(entry):
    assert entry.title
    assert entry.unit in ("", "%")
    assert entry.weighted.__doc__
