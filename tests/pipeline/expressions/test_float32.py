"""Numbers as float32: what does not fit is missing, and digits are not lost without a word."""

import numpy as np
import pytest

from pipeline.expressions import float32
from pipeline.expressions.float32 import as_float32


@pytest.fixture(autouse=True)
def untold(monkeypatch):
    monkeypatch.setattr(float32, "_WARNED", set())


def test_what_float32_does_not_hold_is_missing(caplog):
    values = np.array([0.1, -np.inf, np.nan, 1e39, -3e38, 2.0**24, 2.0**24 + 2, 16777217.5])
    wanted = np.float32([0.1, np.nan, np.nan, np.nan, -3e38, 2**24, 2**24 + 2, 16777218])
    np.testing.assert_array_equal(as_float32(values[[0, 1, 2, 3, 5, 6, 7]], "x", "y"), wanted[[0, 1, 2, 3, 5, 6, 7]])
    assert not caplog.records, "numbers with a fraction are rounded as all are"
    assert as_float32(values, "x", "y").dtype == np.float32


def test_true_and_false_are_one_and_zero():
    assert as_float32(np.array([True, False]), "x", "y").tolist() == [1, 0]


def test_whole_numbers_that_lose_digits_are_told_once_a_name(caplog):
    for name in ("a", "b", "a"):
        as_float32(np.array([7, 2**24 + 1]), f"feature {name!r}", "features")
    first, second = (record.message for record in caplog.records)
    assert first == (
        "feature 'a': 1 of 2 values are whole numbers above 16777216 that float32 rounds, 16777217 to 16777216 first; "
        "ids have no place among features"
    )
    assert second.startswith("feature 'b': 1 of 2")
