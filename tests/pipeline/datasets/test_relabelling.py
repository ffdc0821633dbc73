import pandas as pd
import pytest

from pipeline.datasets.relabelling import relabel
from pipeline.errors import InputError
from pipeline.ids.text_blocks import HeldTexts

IDS = HeldTexts(["a", "b", "c"])


def rows():
    return pd.DataFrame({"label": [1, 0, -1], "label_source": ["list", "list", ""], "row": [2, 1, 0]})


def test_only_the_named_rows_change_and_say_who_changed_them():
    found = relabel(rows(), IDS, pd.Series([1, 1, 0], index=["b", "c", "a"]), "new.csv")
    assert found["label"].tolist() == [0, 1, 1]
    found = relabel(rows(), IDS, pd.Series([1], index=["c"]), "new.csv")
    assert found["label_source"].tolist() == ["list", "list", "eyeball"]
    assert found["row"].tolist() == [2, 1, 0]


def test_an_id_of_no_row_is_named():
    with pytest.raises(InputError, match=r"new\.csv: candidate_id 'z' belongs to no row"):
        relabel(rows(), IDS, pd.Series([1, 0], index=["a", "z"]), "new.csv")
