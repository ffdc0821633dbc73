"""Stamps of many sizes in the middle of equal squares."""

import math

import numpy as np
import pytest

from pipeline.surveys.alerts.cutout_stack import cut_stack, middle_of_stack


def stamp_of(x, y, length):
    """Return a stamp as surveys cut it, its source the one bright pixel."""
    first_y, first_x = (math.floor(place + (length % 2) / 2) - (length - 1) // 2 for place in (y, x))
    stamp = np.ones((length, length, 2), np.float32)
    stamp[math.floor(y + 0.5) - first_y, math.floor(x + 0.5) - first_x] = 100.0
    return stamp


def stacked(stamps, side):
    stack = np.full((len(stamps), side, side, 2), np.nan, np.float32)
    for row, stamp in enumerate(stamps):
        first, length = side // 2 - len(stamp) // 2, len(stamp)
        stack[row, first : first + length, first : first + length] = stamp
    return stack


@pytest.mark.parametrize("size", [9, 10, 12, 13])
@pytest.mark.parametrize("side", [13, 16])
def test_every_source_comes_to_the_middle(side, size):
    x, y = np.array([40.2, 40.7, 40.5, 40.0, 40.49]), np.array([7.9, 7.1, 7.5, 7.0, 7.3])
    for length in (10, 11, 12, 13):
        stack = stacked([stamp_of(*place, length) for place in zip(x, y, strict=True)], side)
        found = cut_stack(stack, x, y, size)
        assert found.shape == (5, size, size, 2)
        assert (found[:, size // 2, size // 2] == 100.0).all()
        assert np.nansum(found == 100.0) == 10


def test_an_even_stack_without_nan_is_as_long_as_it_is():
    x = y = np.array([40.2, 40.7])
    stack = np.stack([stamp_of(a, b, 12) for a, b in zip(x, y, strict=True)])
    stack[1, 0] = np.nan  # the survey has no pixels there
    found = cut_stack(stack, x, y, 12)
    assert (found[:, 6, 6] == 100.0).all()
    assert np.isnan(found[0, 0]).all()
    np.testing.assert_array_equal(found[1], stack[1])


def test_without_a_place_or_a_pixel_the_middle_is_what_the_file_has():
    stack = stacked([stamp_of(40.2, 40.2, 10), stamp_of(40.2, 40.2, 11)], 13)
    stack[1] = np.nan
    nowhere = np.full(2, np.nan)
    np.testing.assert_array_equal(cut_stack(stack, nowhere, nowhere, 10), middle_of_stack(stack, 10))


def test_the_stack_stays_as_it_is():
    stack = np.full((1, 10, 10, 1), np.nan, np.float32)
    stack[0, :, :, 0] = np.arange(100).reshape(10, 10)
    before = stack.copy()
    moved = cut_stack(stack, np.array([100.3]), np.array([100.3]), 10)
    np.testing.assert_array_equal(stack, before)
    assert moved[0, 5, 5, 0] == before[0, 4, 4, 0]
