import pandas as pd
import pytest

from pipeline.datasets.listed_rows import listed_rows
from pipeline.errors import InputError
from pipeline.ids.text_blocks import HeldTexts


def test_each_row_gets_its_place_in_the_list_or_none():
    ids = HeldTexts(["007", "7", "b", "007"])
    assert listed_rows(ids, pd.Index(["7", "007"]), "list.csv").tolist() == [1, 0, -1, 1]


def test_an_id_of_no_row_is_named_with_the_list():
    with pytest.raises(InputError, match=r"list\.csv: candidate_id 'z' belongs to no row of the data set"):
        listed_rows(HeldTexts(["a"]), pd.Index(["a", "z"]), "list.csv")
