import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.metrics.class_rows import checked_classes, judged_rows, predicted_class


def test_rows_without_label_or_with_a_missing_probability_are_not_judged():
    chances = [[0.2, 0.8], [0.2, 0.8], [np.nan, 0.8], [np.inf, 0.0]]
    assert judged_rows([0, -1, 1, 1], chances).tolist() == [True, False, False, False]
    assert judged_rows([np.nan], [[0.5, 0.5]]).tolist() == [False]


@pytest.mark.parametrize(
    ("labels", "chances", "words"),
    [
        ([0, 1], [[0.5, 0.5]], r"labels \(2,\) and probabilities \(1, 2\)"),
        ([0], [[1.0]], "with 2 classes or more"),
        ([3], [[0.5, 0.5, 0.0]], "row 0: label 3; allowed: 0 to 2"),
        ([-1], [[0.5, 0.5]], "label -1; allowed: 0 to 1; select rows first"),
        ([0], [[np.nan, 0.5]], "1 rows have no finite probabilities"),
        ([0, 1], [[0.5, 0.5], [0.5, 0.7]], "row 1: probabilities 0.5, 0.7; allowed: .* add up to 1"),
        ([0], [[-0.5, 1.5]], "row 0: probabilities -0.5, 1.5"),
    ],
)
def test_what_is_no_row_of_classes_is_refused_in_one_line(labels, chances, words):
    with pytest.raises(InputError, match=words) as error:
        checked_classes(labels, chances)
    assert "\n" not in str(error.value)


def test_the_first_of_equally_probable_classes_is_called_and_none_without_probabilities():
    assert predicted_class([[0.4, 0.4, 0.2], [0.1, 0.2, 0.7], [np.nan, 0.2, 0.8]]).tolist() == [0, 2, -1]


def test_weights_change_what_is_called():
    assert predicted_class([[0.6, 0.4]], [1.0, 2.0]).tolist() == [1]


def test_no_rows_have_no_classes():
    assert len(predicted_class(np.empty((0, 3)))) == 0
    assert checked_classes([], np.empty((0, 3)))[1].shape == (0, 3)
