import datetime
import decimal
import uuid

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.io.database.typed_columns import TypedColumns, bound_values, in_order, to_frame


def frame(*blocks, names=("a",), ids=(), keys=()):
    columns = TypedColumns(names, ids, "query s/n")
    for rows in blocks:
        columns.append([row if isinstance(row, tuple) else (row,) for row in rows])
    return to_frame(in_order(columns.table(), keys))


@pytest.mark.parametrize(
    ("blocks", "dtype", "values"),
    [
        ([[1, 2]], "int64", [1, 2]),
        ([[1, None]], "float64", [1.0, None]),
        ([[1], [2.5]], "float64", [1.0, 2.5]),
        ([[None], [3]], "float64", [3.0, None]),
        ([[True, False]], "int64", [0, 1]),
        ([[decimal.Decimal("1.5"), 2]], "float64", [1.5, 2.0]),
        ([["b", None, "a"]], "str", ["a", "b", None]),
        ([["b"], [1]], "str", ["1", "b"]),
        ([[b"\xc3\x84"]], "str", ["Ä"]),
        ([[datetime.date(2026, 1, 5)]], "str", ["2026-01-05"]),
        ([[datetime.datetime(2026, 1, 5, 12)]], "str", ["2026-01-05T12:00:00"]),
        ([[uuid.UUID(int=1)]], "str", ["00000000-0000-0000-0000-000000000001"]),
        ([[["a.fits", "b.fits"]]], "str", ["a.fits;b.fits"]),
        ([[2**64]], "str", [str(2**64)]),
        ([[None]], "object", [None]),
        ([], "object", []),
    ],
)
def test_a_column_has_the_widest_type_that_it_needs(blocks, dtype, values):
    found = frame(*blocks)["a"]
    assert str(found.dtype) == dtype
    np.testing.assert_array_equal([None if value != value else value for value in found], values)


@pytest.mark.parametrize(
    ("value", "text"),
    [(2**63 + 1, str(2**63 + 1)), ("007", "007"), (decimal.Decimal("9007199254740993"), "9007199254740993"),
     (b"007", "007"), (None, ""), (17.0, "17")],
)  # fmt: skip
def test_ids_are_text_whatever_their_type(value, text):
    found = frame([(value, 1)], names=("candidate_id", "x"), ids=("candidate_id",))["candidate_id"]
    assert found.tolist() == [text]
    assert str(found.dtype) == "str"


def test_ids_of_no_row_are_text():
    assert str(frame(names=("candidate_id",), ids=("candidate_id",))["candidate_id"].dtype) == "str"


def test_rows_are_ordered_by_bytes_then_by_the_rest():
    rows = [("b", 2.0), ("10", None), ("9", 1.0), ("b", 1.0), ("Ä", 0.0), ("B", 0.0)]
    found = frame(rows[:3], rows[3:], names=("k", "x"), ids=("k",), keys=("k",))
    assert list(found["k"]) == ["10", "9", "B", "b", "b", "Ä"]
    assert found["x"].tolist()[3:5] == [1.0, 2.0]
    assert list(found) == ["k", "x"]


def test_numbers_are_ordered_as_text_where_they_are_the_key():
    assert frame([10, 9, 100], keys=("a",))["a"].tolist() == [10, 100, 9]


def test_bytes_that_are_no_text_are_named():
    with pytest.raises(InputError, match="query s/n: column 'a' holds bytes that are not UTF-8 text"):
        frame([b"\xff"])


def test_a_column_that_stands_there_twice_is_named():
    with pytest.raises(InputError, match="query s/n: column 'a' appears twice"):
        frame([(1, 2)], names=("a", "a"))


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_a_text_that_no_database_takes_is_refused(value):
    with pytest.raises(InputError, match=r"query s/n: parameter 'night' is .*; allowed: text without NUL") as caught:
        bound_values({"night": value}, "query s/n")
    assert "\0" not in str(caught.value)


def test_the_blanks_of_a_fixed_width_are_no_part_of_an_id():
    assert frame(["17   ", " x ", "y"], ids=("a",))["a"].tolist() == [" x", "17", "y"]
