import dataclasses

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.plots import ReportData
from pipeline.plots.data import labelled_rows
from pipeline.recipes.report import ReportRecipe


def table(**columns):
    rows = {"candidate_id": ["a", "b", "c"], "label": [0, 1, 1], "score": [0.1, 0.9, float("nan")]}
    return pd.DataFrame(rows | columns)


def data(rows):
    return ReportData(title="t", survey="s", scores={"cnn": rows})


@pytest.mark.parametrize(
    ("split", "part"),
    [([2, 0, 0], "test"), ([1, 0, 0], "validation"), ([0, -1, 0], "nights"), ([0, 0, 0], "train")],
)
def test_the_fittest_part_is_judged(split, part):
    assert data(table(split=split)).part == part


def test_without_splits_all_rows_are_judged():
    assert data(table()).part == "all"
    assert len(data(table()).judged("cnn")) == 2


def test_a_candidate_given_twice_counts_once():
    twice = pd.concat([table(), table()])
    assert labelled_rows(twice, "all")["candidate_id"].tolist() == ["a", "b"]


def test_scores_without_a_needed_column_are_refused_by_name():
    with pytest.raises(InputError, match="scores of 'cnn': label missing"):
        data(table().drop(columns="label"))
    with pytest.raises(InputError, match="there are no scores"):
        ReportData(title="t", survey="s", scores={})


def test_report_data_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        data(table()).title = "other"


def test_a_reference_whose_scores_are_no_probabilities_is_judged_at_the_recall_of_the_classifier():
    label = [0, 0, 1, 1, 1, 1]
    rows = pd.DataFrame({"candidate_id": list("abcdef"), "label": label, "score": [0.1, 0.6, 0.4, 0.7, 0.8, 0.9]})
    other = rows.assign(score=[-21.0, -19.0, -20.0, -18.0, -17.0, -16.0])
    report = ReportData(title="t", survey="s", scores={"cnn": rows, "magnitude": other})
    assert report.threshold("cnn") == 0.5
    assert (other["score"] >= report.threshold("magnitude")).tolist() == [False, False, False, True, True, True]
    assert "as many reals as cnn" in report.threshold_rule("magnitude")
    assert report.threshold_rule("cnn") == "none stated; 0.5"


def test_a_score_at_the_threshold_of_the_recipe_reaches_it():
    rows = table(score=np.array([0.1, 0.9, 0.2], np.float32))
    report = ReportData(title="t", survey="s", scores={"cnn": rows}, drawn=ReportRecipe(threshold=0.9))
    assert rows["score"][1] >= np.float64(report.threshold("cnn"))
    assert report.threshold_rule("cnn") == "none stated; 0.9"


def test_a_score_that_a_package_calls_real_reaches_its_threshold_in_a_report_too():
    rows = table(score=np.array([0.9, 0.1, 0.2], np.float32).astype(np.float64))
    report = ReportData(title="t", survey="s", scores={"cnn": rows}, thresholds={"cnn": 0.9})
    assert (rows["score"] >= report.threshold("cnn")).tolist() == [True, False, False]
