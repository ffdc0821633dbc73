from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.io.database.row_spool import RowSpool, merged_groups

NAMES, IDS = ["exposure_id", "candidate_id", "x"], ("exposure_id", "candidate_id")
ids = st.text(alphabet="aB_1ä-\U0001f4a5", max_size=3)
tables = st.lists(st.tuples(ids, ids, st.none() | st.integers(-9, 9)), max_size=30)


def by_bytes(rows):
    """Return rows in the order of the bytes of their two ids."""
    return sorted(rows, key=lambda row: (row[0].encode(), row[1].encode()))


def filled(rows, block=4):
    """Return a spool to which rows were given so many at a time."""
    spool = RowSpool(NAMES, IDS, IDS, "query s/n")
    for start in range(0, len(rows), block):
        spool.append(rows[start : start + block])
    spool.close_writing()
    return spool


def texts_of(table):
    return list(zip(table["exposure_id"].to_pylist(), table["candidate_id"].to_pylist(), strict=True))


def grouped(rows):
    return [(name, [row[:2] for row in mine]) for name, mine in groupby(by_bytes(rows), key=lambda row: row[0])]


@settings(max_examples=100, deadline=None)
@given(rows=tables, block=st.integers(1, 7), as_given=st.booleans())
def test_rows_come_back_by_group_whatever_their_order_and_the_blocks(rows, block, as_given):
    with filled(rows if as_given else by_bytes(rows), block) as spool:
        for _ in range(2):
            assert [(name, texts_of(table)) for name, table in spool.groups()] == grouped(rows)
        assert spool.rows == len(rows)


@settings(max_examples=50, deadline=None)
@given(first=tables, second=tables)
def test_groups_of_several_spools_come_together(first, second):
    with filled(first) as one, filled(second) as other:
        found = [(name, [texts_of(table) for table in both]) for name, both in merged_groups([one, other])]
    expected = [dict(grouped(rows)) for rows in (first, second)]
    assert [name for name, _ in found] == [name for name, _ in grouped(first + second)]
    assert dict(found) == {name: [rows.get(name, []) for rows in expected] for name in {**expected[0], **expected[1]}}


def test_every_group_has_the_widest_types_and_no_rows_have_them_too():
    rows = [("a", "1", None), ("a", "2", 1), ("b", "3", 2.5), ("c", "4", None)]
    with filled(rows, block=1) as spool:
        assert {str(table["x"].type) for _, table in spool.groups()} == {"double"}
        assert str(spool.no_rows()["x"].type) == "double"
        assert [table["x"].to_pylist() for _, table in spool.groups()] == [[None, 1.0], [2.5], [None]]


def test_a_spool_of_no_rows_has_its_columns():
    with filled([]) as spool:
        assert list(spool.groups()) == []
        assert str(spool.no_rows()["candidate_id"].type) == "large_string"


def test_nothing_is_left_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with filled([("a", "1", 1)] * 3):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_column_that_stands_there_twice_is_named():
    with pytest.raises(InputError, match="query s/n: column 'x' appears twice"):
        RowSpool([*NAMES, "x"], IDS, IDS, "query s/n")
