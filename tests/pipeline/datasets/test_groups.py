"""Rows that share anything are one group, whatever their order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.datasets.groups import join_groups
from pipeline.ids.text_blocks import HeldTexts


def joined(keys, texts):
    """Return the names of the groups of rows."""
    return np.asarray(texts)[join_groups(keys, HeldTexts(texts)).row]


def test_rows_that_share_any_key_through_others_are_one_group():
    objects = np.array(["a", "a", "b", "c", "d"])
    movers = np.array(["", "m", "m", "", ""])
    sky = np.array([0, 1, 2, 2, 3])
    found = joined([objects, movers, sky], np.array(["a", "a", "b", "c", "d"]))
    assert found.tolist() == ["a", "a", "a", "a", "d"]


@pytest.mark.parametrize("empty", ["", np.nan])
def test_an_empty_key_shares_nothing(empty):
    key = np.array([empty, empty, empty])
    assert joined([key], np.array(["x", "y", "z"])).tolist() == ["x", "y", "z"]


def test_one_row_and_no_row_are_groups_as_well():
    assert joined([np.array(["a"])], np.array(["a"])).tolist() == ["a"]
    assert joined([np.array([], dtype=str)], np.array([], dtype=str)).tolist() == []


def walk(pairs, start):
    """Return the smallest name that can be reached from a row by shared keys."""
    seen, open_rows = set(), {start}
    while open_rows:
        here = open_rows.pop()
        seen.add(here)
        open_rows |= {
            row
            for row, pair in enumerate(pairs)
            if row not in seen and (pair[0] == pairs[here][0] or pair[1] == pairs[here][1] != "")
        }
    return min(pairs[row][0] for row in seen)


@settings(max_examples=60, deadline=None)
@given(
    pairs=st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from(["", "m1", "m2", "m3"])), min_size=1, max_size=20
    ),
    turn=st.randoms(use_true_random=False),
)
def test_joining_equals_walking_from_row_to_row_in_any_order(pairs, turn):
    turn.shuffle(pairs)
    keys = [np.array(column) for column in zip(*pairs, strict=True)]
    found = joined(keys, keys[0]).tolist()
    assert found == [walk(pairs, row) for row in range(len(pairs))]
