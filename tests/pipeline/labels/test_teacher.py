import numpy as np
import pandas as pd
import pytest

from pipeline.classes import BOGUS, REAL, UNLABELLED
from pipeline.errors import InputError, SettingsError
from pipeline.labels.teacher import TeacherLabels, teacher_labels


def taught(make_rows, scores, **settings):
    table = pd.DataFrame({"candidate_id": list(scores), "score": list(scores.values())})
    return teacher_labels(make_rows("abcde"), {"scores": table}, TeacherLabels(**settings))


def test_the_ends_of_the_score_are_labels_and_the_middle_says_nothing(make_rows):
    verdict = taught(make_rows, {"a": 0.95, "b": 0.5, "c": 0.05, "e": np.nan})
    assert verdict.label.tolist() == [REAL, UNLABELLED, BOGUS, UNLABELLED, UNLABELLED]
    assert verdict.source.tolist() == ["teacher", "", "teacher", "", ""]


def test_the_upper_limit_is_real_and_the_lower_one_is_not_bogus(make_rows):
    scores = {"a": 0.7, "b": 0.3, "c": np.nextafter(0.3, 0)}
    verdict = taught(make_rows, scores, real_from=0.7, bogus_below=0.3)
    assert verdict.label.tolist() == [REAL, UNLABELLED, BOGUS, UNLABELLED, UNLABELLED]


def test_scores_are_joined_by_id_and_never_by_position(make_rows):
    assert taught(make_rows, {"e": 1.0, "x": 0.0}).label.tolist() == [
        UNLABELLED,
        UNLABELLED,
        UNLABELLED,
        UNLABELLED,
        REAL,
    ]


def test_a_table_without_scores_is_named(make_rows):
    with pytest.raises(InputError, match="labels 'rb': column 'score' is missing; there: candidate_id"):
        teacher_labels(make_rows("a"), {"scores": pd.DataFrame({"candidate_id": ["a"]})}, TeacherLabels(table="rb"))


@pytest.mark.parametrize(("real_from", "bogus_below"), [(0.1, 0.9), (1.1, 0.1), (0.9, -0.1), (np.nan, 0.1)])
def test_limits_out_of_order_are_refused(real_from, bogus_below):
    with pytest.raises(SettingsError, match="bogus_below <= real_from"):
        TeacherLabels(real_from=real_from, bogus_below=bogus_below)
