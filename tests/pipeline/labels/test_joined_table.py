"""A table looked up by id gives the rows of the ids asked for, all of them, in its own order."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.labels import joined_table
from pipeline.labels.joined_table import JoinedTable

NAMES = st.lists(st.sampled_from(["a", "b", "c", "0017", "17", str(2**53 + 1)]), max_size=12)


@given(stored=NAMES, asked=NAMES)
def test_the_rows_are_those_that_a_search_through_the_whole_table_finds(stored, asked):
    table = pd.DataFrame({"id": pd.Series(stored, dtype="str"), "row": range(len(stored))})
    found = JoinedTable(table, "id").rows_of(pd.Series(asked, dtype="str"))
    assert found["row"].tolist() == [row for row, name in enumerate(stored) if name in asked]


@given(stored=NAMES, rows=st.integers(1, 5))
def test_the_pieces_are_all_rows_once_and_no_id_is_in_two(stored, rows):
    table = pd.DataFrame({"id": pd.Series(stored, dtype="str"), "row": range(len(stored))})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joined_table, "PIECE_ROWS", rows)
        pieces = list(JoinedTable(table, "id").pieces())
    assert sorted(row for piece in pieces for row in piece["row"]) == list(range(len(stored)))
    assert sum(piece["id"].nunique() for piece in pieces) == len(set(stored))
