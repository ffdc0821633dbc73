import numpy as np
import pytest

from pipeline.cutouts.missing import mark_missing, to_missing


@pytest.mark.parametrize("value", [3.4e38, -3.4e38, np.inf, -np.inf, 1.1e30, -1.1e30])
def test_huge_and_infinite_values_become_missing_and_are_counted(value):
    cleaned, number = to_missing(np.array([[1.0, value], [2.0, 3.0]], dtype=np.float32))
    np.testing.assert_array_equal(cleaned, np.array([[1, np.nan], [2, 3]], dtype=np.float32))
    assert number == 1


def test_what_was_nan_before_is_not_counted():
    cleaned, number = to_missing(np.array([np.nan, np.inf, 0.0]))
    assert np.isnan(cleaned).tolist() == [True, True, False]
    assert number == 1


def test_magic_values_in_whole_numbers_become_missing():
    cleaned, number = to_missing(np.array([[-31415, 7], [-31414, -31415]], dtype=np.int16), (-31415.0,))
    np.testing.assert_array_equal(cleaned, np.array([[np.nan, 7], [-31414, np.nan]], dtype=np.float32))
    assert cleaned.dtype == np.float32
    assert number == 2


def test_a_magic_value_that_float32_rounds_is_still_found():
    assert to_missing(np.array([-9999.99, 1.0], dtype=np.float32), (-9999.99,))[1] == 1


def test_doubles_too_large_for_float32_become_missing():
    cleaned, number = to_missing(np.array([1e300, 1e29]))
    assert np.isnan(cleaned).tolist() == [True, False]
    assert number == 1


def test_big_endian_pixels_as_fits_stores_them_are_read():
    cleaned, number = to_missing(np.array([1.5, np.nan], dtype=">f4"))
    assert cleaned[0] == 1.5
    assert number == 0


def test_the_input_is_left_alone():
    pixels = np.array([np.inf], dtype=np.float32)
    to_missing(pixels)
    assert np.isinf(pixels[0])


@pytest.mark.parametrize("magic", [(), (7.0,)])
def test_where_pixels_are_missing_is_where_nan_stands(magic):
    pixels = np.array([[1.0, np.nan, -np.inf], [1e31, 7.0, 3.0]])
    cleaned, missing = mark_missing(pixels, magic)
    np.testing.assert_array_equal(missing, np.isnan(cleaned))
    np.testing.assert_array_equal(to_missing(pixels, magic)[0], cleaned)
    assert to_missing(pixels, magic)[1] == 2 + len(magic)
