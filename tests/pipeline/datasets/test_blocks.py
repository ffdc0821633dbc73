import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.datasets.blocks import refilled


@given(lengths=st.lists(st.integers(0, 12), max_size=8), size=st.integers(1, 10))
def test_blocks_are_full_but_for_the_last_and_hold_every_row_in_its_place(lengths, size):
    numbers = np.arange(sum(lengths), dtype=np.float32).reshape(-1, 1, 1, 1)
    pieces = np.split(numbers, np.cumsum(lengths)[:-1]) if lengths else []
    blocks = list(refilled(pieces, size))
    assert [len(block) for _, block in blocks[:-1]] == [size] * (len(blocks) - 1)
    for rows, block in blocks:
        assert 0 < len(block) == rows.stop - rows.start <= size
        np.testing.assert_array_equal(block, numbers[rows])
    assert sum(len(block) for _, block in blocks) == len(numbers)


@pytest.mark.parametrize("pieces", [[], [np.empty((0, 2, 2, 1), np.float32)]])
def test_without_rows_there_is_no_block(pieces):
    assert list(refilled(pieces, 4)) == []
