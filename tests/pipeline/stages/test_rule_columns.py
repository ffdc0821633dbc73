import numpy as np
import pandas as pd
import pytest

from pipeline.errors import SettingsError
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter
from pipeline.scores.deciding_rules import DecidingRules
from pipeline.stages.rule_columns import rule_columns

NAMES = ("Others", "BG", "QSO")
ROWS = pd.DataFrame({"candidate_id": ["a", "b", "c"], "magnitude": [17.0, 21.0, np.nan], "label": [0, 1, 2]})


def vetoed(vetoes, files=()):
    rules = DecidingRules.of(vetoes, {}, NAMES)
    return {index: rows.tolist() for index, rows in rules.vetoed(rule_columns(ROWS, rules, files)).items()}


@pytest.mark.replaces("4most", "M9")
def test_features_of_a_table_are_columns_too_in_the_order_of_the_rows(make_rows, tmp_path):
    header = CutoutHeader(survey="sky", size_pixel=1, channels=("J", "K"), class_names=NAMES, kind="table")
    with CutoutWriter(tmp_path / "table.h5", header) as writer:
        features = np.array([[18.0, 17.0], [18.0, 17.9], [18.0, np.nan]], dtype="f4")
        writer.append(features.reshape(3, 1, 1, 2), make_rows(["c", "a", "b"], label=[0, 1, 2]))
    found = vetoed({"QSO": "J - K < 0.5", "BG": "magnitude > 20"}, [tmp_path / "table.h5"])
    assert found[2] == [True, False, False]  # a; b has no K, c has 1.0
    assert found[1] == [False, True, False]


def test_a_feature_comes_before_a_column_of_its_name(make_rows, tmp_path):
    header = CutoutHeader(survey="sky", size_pixel=1, channels=("magnitude",), class_names=NAMES, kind="table")
    with CutoutWriter(tmp_path / "table.h5", header) as writer:
        writer.append(np.array([5.0, 0.6, 5.0], "f4").reshape(3, 1, 1, 1), make_rows(["a", "b", "c"], label=[0, 1, 2]))
    assert vetoed({"BG": "magnitude > 0.6"}, [tmp_path / "table.h5"])[1] == [True, False, True], "0.6 is not above 0.6"


@pytest.mark.parametrize("column", ["magnitud", "label"])
def test_a_column_that_there_is_not_or_that_is_the_truth_is_refused(column):
    with pytest.raises(SettingsError, match=f"vetoes: BG: the expression '{column} > 3' names no column"):
        vetoed({"BG": f"{column} > 3"})
