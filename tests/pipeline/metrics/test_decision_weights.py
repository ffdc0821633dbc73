from itertools import product

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.metrics.class_rows import predicted_class
from pipeline.metrics.decision_weights import decision_weights, macro_f1_of


def rows(seed, n=60, k=3, shares=(8.0, 1.0, 1.0)):
    rng = np.random.default_rng(seed)
    label = rng.choice(k, n, p=np.array(shares[:k]) / sum(shares[:k]))
    chances = rng.dirichlet(np.array(shares[:k]), n) * 0.7 + 0.3 * np.eye(k)[label]
    return label, chances


def macro(label, chances, weights=None):
    return macro_f1_of(np.asarray(label), predicted_class(chances, weights), np.shape(chances)[1])


@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_macro_f1_is_never_below_that_of_the_most_probable_class(seed):
    label, chances = rows(seed)
    weights = decision_weights(label, chances)
    assert macro(label, chances, weights) >= macro(label, chances) - 1e-12
    assert np.log(weights).mean() == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_of_two_classes_no_weight_is_better(seed):
    label, chances = rows(seed, k=2, shares=(5.0, 1.0))
    best = macro(label, chances, decision_weights(label, chances))
    tried = [macro(label, chances, [1.0, factor]) for factor in np.geomspace(0.01, 100, 800)]
    assert best >= max(tried) - 1e-12


def test_of_three_classes_it_comes_close_to_the_best_of_a_fine_grid():
    label, chances = rows(7, n=120)
    best = macro(label, chances, decision_weights(label, chances))
    grid = np.geomspace(0.1, 10, 25)
    assert best >= max(macro(label, chances, [1.0, a, b]) for a, b in product(grid, grid)) - 0.01


def test_equal_rows_give_equal_weights_in_any_order():
    label, chances = rows(1)
    mixed = np.random.default_rng(0).permutation(len(label))
    np.testing.assert_allclose(decision_weights(label, chances), decision_weights(label[mixed], chances[mixed]))


def test_rows_of_one_class_none_or_with_certain_probabilities_change_nothing():
    np.testing.assert_allclose(decision_weights([1, 1], [[0.6, 0.4], [0.3, 0.7]]), 1.0)
    np.testing.assert_allclose(decision_weights([], np.empty((0, 3))), 1.0)
    weights = decision_weights([0, 1, 2], np.eye(3))
    assert macro([0, 1, 2], np.eye(3), weights) == 1.0


def test_the_figure_is_that_of_scikit_learn():
    label, chances = rows(2)
    called = chances.argmax(axis=1)
    expected = reference.f1_score(label, called, average="macro", labels=np.unique(label), zero_division=0)
    assert macro_f1_of(label, called, 3) == pytest.approx(expected)
    assert np.isnan(macro_f1_of(np.array([], dtype=int), np.array([], dtype=int), 3))
