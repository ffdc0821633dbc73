import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.features.row_statistics import count_true, order_statistics


def drawn(kind, rng):
    values = {
        "sky": rng.normal(150, 3, (5, 900)),
        "wild": 1e28 * rng.standard_cauchy((5, 900)),
        "whole numbers": rng.integers(0, 4, (5, 900)),
        "constant": np.full((5, 900), 7.0),
        "short": rng.normal(size=(5, 40)),
        "two levels": np.where(rng.random((5, 900)) < 0.5, 0.0, 1e30),
    }[kind].astype(np.float32)
    values[rng.random(values.shape) < rng.random((5, 1)) ** 2] = np.nan
    values[4] = np.nan if rng.random() < 0.5 else values[4]
    return values


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["sky", "wild", "whole numbers", "constant", "short", "two levels"]), st.integers(0, 10**6))
def test_values_are_those_of_a_sort(kind, seed):
    rng = np.random.default_rng(seed)
    values = drawn(kind, rng)
    ranks = rng.integers(0, values.shape[1], (len(values), 4))
    expected = np.take_along_axis(np.sort(values, axis=1), ranks, axis=1)
    np.testing.assert_array_equal(order_statistics(values, ranks), expected)


def test_no_rows_have_no_order_statistics():
    assert order_statistics(np.zeros((0, 900), np.float32), np.zeros((0, 3), int)).shape == (0, 3)


@pytest.mark.parametrize("shape", [(3, 1), (4, 7, 9), (2, 63, 63)])
def test_flags_are_counted_as_their_sum(shape):
    flags = np.random.default_rng(2).random(shape) < 0.4
    np.testing.assert_array_equal(count_true(flags), flags.reshape(len(flags), -1).sum(axis=1))
