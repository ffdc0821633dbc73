import numpy as np
import pandas as pd
import pytest

from pipeline.errors import SettingsError
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter
from pipeline.stages.class_vetoes import vetoed_rows

NAMES = ("Others", "BG", "QSO")
ROWS = pd.DataFrame({"candidate_id": ["a", "b", "c"], "magnitude": [17.0, 21.0, np.nan]})


@pytest.mark.replaces("4most", "M9")
def test_a_condition_on_a_column_says_which_rows_may_not_be_called_so():
    found = vetoed_rows(ROWS, {"BG": "not (16 < magnitude < 18)"}, [], NAMES)
    assert {index: rows.tolist() for index, rows in found.items()} == {1: [False, True, True]}


@pytest.mark.replaces("4most", "M9")
def test_features_of_a_table_are_columns_too_in_the_order_of_the_rows(make_rows, tmp_path):
    header = CutoutHeader(survey="sky", size_pixel=1, channels=("J", "K"), class_names=NAMES, kind="table")
    with CutoutWriter(tmp_path / "table.h5", header) as writer:
        features = np.array([[18.0, 17.0], [18.0, 17.9], [18.0, np.nan]], dtype="f4")
        writer.append(features.reshape(3, 1, 1, 2), make_rows(["c", "a", "b"], label=[0, 1, 2]))
    found = vetoed_rows(ROWS, {"QSO": "J - K < 0.5", "BG": "magnitude > 20"}, [tmp_path / "table.h5"], NAMES)
    assert found[2].tolist() == [True, False, False]  # a; b has no K, c has 1.0
    assert found[1].tolist() == [False, True, False]


def test_a_column_that_there_is_not_is_named_with_those_there_are():
    with pytest.raises(SettingsError, match=r"vetoes: BG: the expression 'magnitud > 3' names no column"):
        vetoed_rows(ROWS, {"BG": "magnitud > 3"}, [], NAMES)
