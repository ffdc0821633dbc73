"""Sizes of training samples as a user states them."""

import pytest

from pipeline.datasets.sample_sizes import MOST_SIZES, SampleSize, parse_sizes
from pipeline.errors import SettingsError


def test_a_size_up_to_one_is_a_share_and_a_larger_one_a_number_of_rows():
    assert [size.rows(1000) for size in parse_sizes("0.25,1,2,700")] == [250, 1000, 2, 700]


def test_a_share_of_hardly_anything_is_one_row():
    assert SampleSize(1e-9).rows(100) == 1


def test_equal_sizes_are_equal_however_they_are_written():
    assert parse_sizes("1.0, 2e2,0.10") == parse_sizes("0.1,200,1,")


@pytest.mark.parametrize("word", ["0", "-0.1", "1.5", "nan", "inf", "ten", "-3"])
def test_what_is_no_size_is_named_with_what_is_allowed(word):
    with pytest.raises(SettingsError, match=rf"--sizes holds '{word}'; allowed: shares above 0 up to 1, or whole"):
        parse_sizes(f"0.5,{word}")


@pytest.mark.parametrize("text", ["", " , ", ",".join(str(rows) for rows in range(2, MOST_SIZES + 3))])
def test_there_is_at_least_one_size_and_not_too_many(text):
    with pytest.raises(SettingsError, match=f"allowed: 1 to {MOST_SIZES} sizes"):
        parse_sizes(text)


def test_a_size_is_stated_once():
    with pytest.raises(SettingsError, match=r"states 0\.1 2 times"):
        parse_sizes("0.1,1,0.10")
