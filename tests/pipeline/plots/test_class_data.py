from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.plots import ClassReportData


def test_the_test_part_is_judged_and_the_parts_come_in_the_order_of_a_training(class_report_data):
    assert class_report_data.classifier == "mlp"
    assert class_report_data.part == "test"
    assert class_report_data.parts("mlp") == ["train", "validation", "test"]
    assert set(class_report_data.judged("mlp")["split"]) == {2}


def test_unlabelled_unscored_and_repeated_rows_are_not_judged(class_report_data):
    table = class_report_data.scores["mlp"].copy()
    table.loc[0, "label"] = -1
    table.loc[1, "p_2"] = np.nan
    table = pd.concat([table, table.iloc[2:4]], ignore_index=True)
    data = replace(class_report_data, scores={"mlp": table})
    assert len(data.judged("mlp")) == len(class_report_data.judged("mlp")) - 2


def test_without_parts_all_rows_are_judged(class_report_data):
    bare = class_report_data.scores["mlp"].drop(columns="split")
    data = replace(class_report_data, scores={"mlp": bare})
    assert (data.part, data.parts("mlp"), len(data.judged("mlp"))) == ("all", ["all"], 240)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scores": {}}, "there are no scores"),
        ({"class_names": ("one",)}, "classes are one; allowed: two or more different names"),
        ({"class_names": ("a", "a", "b", "c")}, "allowed: two or more different names"),
        ({"class_names": tuple("abcde")}, "scores of 'mlp': p_4 missing"),
        ({"class_names": tuple("abc")}, "mlp: label 3 is of no class; allowed: 0 to 2, and -1 for none"),
    ],
)
def test_what_cannot_be_reported_is_refused(class_report_data, change, words):
    with pytest.raises(InputError, match=words):
        replace(class_report_data, **change)


def test_probabilities_are_read_in_the_order_of_the_classes(class_report_data):
    table = pd.DataFrame({"candidate_id": ["a"], "label": [1], "p_1": [0.9], "p_0": [0.1]})
    data = ClassReportData(title="t", survey="s", class_names=("a", "b"), scores={"m": table})
    assert data.chances(table).tolist() == [[0.1, 0.9]]
