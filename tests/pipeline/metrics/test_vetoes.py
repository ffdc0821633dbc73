import numpy as np
import pytest
import sklearn.metrics as reference

from pipeline.errors import InputError
from pipeline.metrics.vetoes import apply_vetoes, veto_effect


@pytest.mark.replaces("4most", "M9")
def test_a_rule_acts_on_the_rows_called_its_class_alone():
    forbids = np.array([True, True, False, True])
    assert apply_vetoes([1, 2, 1, -1], {1: forbids}, n_classes=3).tolist() == [0, 2, 1, -1]


@pytest.mark.replaces("4most", "M9")
def test_the_figures_before_and_after_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    label, before = rng.integers(0, 3, 200), rng.integers(0, 3, 200)
    after = apply_vetoes(before, {1: rng.random(200) < 0.4, 2: rng.random(200) < 0.2}, n_classes=3)
    table = veto_effect(label, before, after, 3)
    for ending, called in (("before", before), ("after", after)):
        precision, recall, f1, support = reference.precision_recall_fscore_support(label, called)
        np.testing.assert_allclose(table[f"precision_{ending}"], precision)
        np.testing.assert_allclose(table[f"recall_{ending}"], recall)
        np.testing.assert_allclose(table[f"f1_{ending}"], f1)
        np.testing.assert_array_equal(table["n_class"], support)
        expected = [((called == c) & (label != c)).sum() / (label != c).sum() for c in range(3)]
        np.testing.assert_allclose(table[f"fpr_{ending}"], expected)
    assert table["n_vetoed"].tolist() == [0, *((before == c).sum() - (after == c).sum() for c in (1, 2))]


def test_a_row_that_is_called_nothing_counts_as_missed():
    table = veto_effect([1, 1], [1, -1], [1, -1], 2)
    assert table["recall_before"][1] == 0.5
    assert table["precision_before"][1] == 1.0


@pytest.mark.parametrize(
    ("vetoed", "fallback", "words"),
    [
        ({0: [True]}, 0, "a veto for class 0; allowed: 0 to 2 without the fallback class 0"),
        ({3: [True]}, 0, "a veto for class 3"),
        ({1: [True, False]}, 0, r"the veto of class 1 has bool \(2,\); allowed: bool \(1,\)"),
        ({1: [1.0]}, 0, "has float64"),
        ({}, 5, "fallback class 5; allowed: 0 to 2"),
    ],
)
def test_strange_rules_are_refused(vetoed, fallback, words):
    with pytest.raises(InputError, match=words):
        apply_vetoes([1], vetoed, n_classes=3, fallback=fallback)
