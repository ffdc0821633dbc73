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
        found, is_unsure = cut_stack(stack, x, y, size)
        assert not is_unsure.any()
        assert found.shape == (5, size, size, 2)
        assert (found[:, size // 2, size // 2] == 100.0).all()
        assert np.nansum(found == 100.0) == 10


def test_an_even_stack_without_nan_is_as_long_as_it_is():
    x = y = np.array([40.2, 40.7])
    stack = np.stack([stamp_of(a, b, 12) for a, b in zip(x, y, strict=True)])
    stack[1, 0] = np.nan  # the survey has no pixels there
    found, _ = cut_stack(stack, x, y, 12)
    assert (found[:, 6, 6] == 100.0).all()
    assert np.isnan(found[0, 0]).all()
    np.testing.assert_array_equal(found[1], stack[1])


def test_without_a_place_or_a_pixel_the_middle_is_what_the_file_has():
    stack = stacked([stamp_of(40.2, 40.2, 10), stamp_of(40.2, 40.2, 11)], 13)
    stack[1] = np.nan
    nowhere = np.full(2, np.nan)
    np.testing.assert_array_equal(cut_stack(stack, nowhere, nowhere, 10).pixels, middle_of_stack(stack, 10))


def test_the_stack_stays_as_it_is():
    stack = np.full((1, 10, 10, 1), np.nan, np.float32)
    stack[0, :, :, 0] = np.arange(100).reshape(10, 10)
    before = stack.copy()
    moved, _ = cut_stack(stack, np.array([100.3]), np.array([100.3]), 10)
    np.testing.assert_array_equal(stack, before)
    assert moved[0, 5, 5, 0] == before[0, 4, 4, 0]


BEFORE = np.array([40.2])
"""A place whose source lies one pixel before the middle of a stamp of even side."""
LINES = {
    "first row": np.s_[0, :],
    "last row": np.s_[-1, :],
    "first column": np.s_[:, 0],
    "last column": np.s_[:, -1],
}


def cut_off(length, side, *missing):
    """Return a stack of one stamp about `BEFORE` that lacks lines at the border of its image."""
    stamp = stamp_of(BEFORE[0], BEFORE[0], length)
    for lines in missing:
        stamp[lines] = np.nan
    return stacked([stamp], side)


def is_centred(stack, *, size=None, one_size=False):
    """Tell whether the source of a stack of one stamp comes to the middle, and whether it is called unsure."""
    size = size or stack.shape[1]
    (cutout,), (is_unsure,) = cut_stack(stack, BEFORE, BEFORE, size, one_size=one_size)
    return cutout[size // 2, size // 2, 0] == 100.0, is_unsure


@pytest.mark.parametrize("one_size", [True, False])
@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("length", [12, 13])
def test_a_whole_stamp_that_lacks_a_line_is_not_a_shorter_one(length, line, one_size):
    assert is_centred(cut_off(length, length, LINES[line]), one_size=one_size) == (True, False)


@pytest.mark.parametrize("one_size", [True, False])
@pytest.mark.parametrize("lines", [np.s_[:2, :], np.s_[-2:, :], np.s_[:, :2], np.s_[:, -2:]])
@pytest.mark.parametrize("length", [12, 13])
def test_nor_is_one_that_lacks_two_lines(length, lines, one_size):
    assert is_centred(cut_off(length, length, lines), one_size=one_size) == (True, False)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("length", [10, 11])
@pytest.mark.parametrize("side", [14, 15])
def test_a_shorter_stamp_that_lacks_a_line_keeps_its_side(side, length, line):
    assert is_centred(cut_off(length, side, LINES[line]), size=9) == (True, False)


@pytest.mark.parametrize("one_size", [True, False])
@pytest.mark.parametrize(("length", "side"), [(12, 13), (13, 14), (10, 13), (11, 14)])
def test_a_smaller_square_in_the_middle_is_a_shorter_stamp(length, side, one_size):
    assert is_centred(cut_off(length, side), one_size=one_size) == (True, False)


@pytest.mark.parametrize("one_size", [True, False])
def test_a_line_that_one_channel_lacks_is_not_missing(one_size):
    stack = cut_off(13, 13)
    stack[0, -1, :, 1] = np.nan
    found, is_unsure = cut_stack(stack, BEFORE, BEFORE, 13, one_size=one_size)
    np.testing.assert_array_equal(found, stack)
    assert not is_unsure.any()


@pytest.mark.parametrize("length", [12, 13])
@pytest.mark.parametrize("corner", [("first row", "first column"), ("last row", "last column")])
def test_in_a_corner_of_the_image_the_stamps_of_one_size_are_known(length, corner):
    rows, columns = (LINES[line] for line in corner)
    more = np.s_[:3, :] if corner[0] == "first row" else np.s_[-3:, :]
    assert is_centred(cut_off(length, length, rows, columns, more), one_size=True) == (True, False)


def test_in_a_corner_a_shorter_stamp_may_be_even_or_odd_and_is_called_unsure_only_where_that_matters():
    odd, even = (cut_off(length, 15, np.s_[-3:, :], np.s_[:, -4:]) for length in (11, 10))
    stack = np.concatenate([odd, even, even])
    x = np.array([40.2, 40.2, 40.7])
    found, is_unsure = cut_stack(stack, x, x, 9)
    np.testing.assert_array_equal(found, middle_of_stack(stack, 9))
    assert is_unsure.tolist() == [True, True, False]


def test_a_corner_that_leaves_the_stack_no_longer_stamp_is_known():
    assert is_centred(cut_off(13, 13, np.s_[:2, :], np.s_[:, :5])) == (True, False)
    assert is_centred(cut_off(12, 12, np.s_[-2:, :], np.s_[:, -5:])) == (True, False)
    assert is_centred(cut_off(13, 13, np.s_[-2:, :], np.s_[:, -5:])) == (True, True)
