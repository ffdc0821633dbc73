import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from models.recipes.class_merits import CLASS_MERITS, class_merits, history_columns, safe_names


@pytest.mark.parametrize("seed", range(3))
def test_merits_are_those_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    labels, predicted = rng.integers(0, 4, 200), rng.integers(0, 3, 200)  # the last class is never predicted
    merits = class_merits(labels, predicted, 5)  # and one is not there
    expected = precision_recall_fscore_support(labels, predicted, labels=range(5), zero_division=0)
    for found, wanted in zip((merits.precision, merits.recall, merits.f1), expected[:3], strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-15)
    assert CLASS_MERITS["macro_f1"](merits) == pytest.approx(expected[2].mean())
    assert CLASS_MERITS["macro_f1_without_first"](merits) == pytest.approx(expected[2][1:].mean())
    assert CLASS_MERITS["macro_precision"](merits) == pytest.approx(expected[0].mean())
    assert CLASS_MERITS["macro_recall"](merits) == pytest.approx(expected[1].mean())


def test_columns_are_named_by_class_each_name_once():
    merits = class_merits(np.array([0, 1, 2]), np.array([0, 1, 1]), 3)
    columns = history_columns(merits, ["Others", "a/b", "a b"])
    assert columns == {
        "precision_Others": 1.0,
        "precision_a_b_1": 0.5,
        "precision_a_b_2": 0.0,
        "recall_Others": 1.0,
        "recall_a_b_1": 1.0,
        "recall_a_b_2": 0.0,
        "f1_Others": 1.0,
        "f1_a_b_1": pytest.approx(2 / 3),
        "f1_a_b_2": 0.0,
    }
    assert safe_names(["\x1b[0m", "é"]) == ("0m", "class")
