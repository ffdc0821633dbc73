import numpy as np
import pytest
import sklearn.metrics as reference

from pipeline.errors import InputError
from pipeline.metrics.class_curves import CURVE_COLUMNS, class_curves, precision_of_f1


@pytest.mark.replaces("4most", "M8")
def test_the_curve_of_each_class_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    label, chances = rng.integers(0, 3, 200), rng.dirichlet(np.ones(3), 200)
    curves = class_curves(label, chances)
    assert list(curves) == CURVE_COLUMNS
    for index in range(3):
        own = curves[curves["class_index"] == index]
        fpr, tpr, _ = reference.roc_curve(label == index, chances[:, index], drop_intermediate=False)
        np.testing.assert_allclose(own["fpr"], fpr)
        np.testing.assert_allclose(own["tpr"], tpr)
        precision, recall, _ = reference.precision_recall_curve(label == index, chances[:, index])
        np.testing.assert_allclose(own["precision"][1:], precision[:-1][::-1])
        np.testing.assert_allclose(own["tpr"][1:], recall[:-1][::-1])


def test_only_the_wanted_classes_are_drawn_and_an_absent_class_has_no_rates():
    curves = class_curves([0, 0, 1], np.full((3, 3), 1 / 3), [2])
    assert set(curves["class_index"]) == {2}
    assert curves["tpr"].isna().all()
    assert list(class_curves([0], [[1.0, 0.0]], [])) == CURVE_COLUMNS


def test_precision_and_recall_on_a_line_have_its_f1():
    recall = np.linspace(0.35, 1.0, 9)
    precision = precision_of_f1(0.5, recall)
    np.testing.assert_allclose(2 * precision * recall / (precision + recall), 0.5)
    assert np.isnan(precision_of_f1(0.5, 0.25))
    with pytest.raises(InputError, match="F1 must lie between 0 and 1; given 1"):
        precision_of_f1(1.0, recall)
