"""A table looked up by id gives the rows of the ids asked for, all of them, in its own order."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipeline.labels.joined_table import JoinedTable

NAMES = st.lists(st.sampled_from(["a", "b", "c", "0017", "17", str(2**53 + 1)]), max_size=12)


@given(stored=NAMES, asked=NAMES)
def test_the_rows_are_those_that_a_search_through_the_whole_table_finds(stored, asked):
    table = pd.DataFrame({"id": pd.Series(stored, dtype="str"), "row": range(len(stored))})
    found = JoinedTable(table, "id").rows_of(pd.Series(asked, dtype="str"))
    assert found["row"].tolist() == [row for row, name in enumerate(stored) if name in asked]
