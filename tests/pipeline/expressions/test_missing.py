"""Numbers that mean "not known" are missing in the columns that a pattern names, and nowhere else."""

import numpy as np
import pytest

from pipeline.expressions.missing import first_known, unused_patterns, with_missing


def test_only_named_columns_lose_only_the_named_numbers():
    columns = {"DES_g": np.array([99.0, 20.0, 0.0]), "VHS_j": np.array([0.0, 99.0, 18.0])}
    cleaned = with_missing(columns, {"DES_*": (99.0, -99.0), "VHS_j": (0.0,)})
    np.testing.assert_array_equal(cleaned["DES_g"], [np.nan, 20.0, 0.0])
    np.testing.assert_array_equal(cleaned["VHS_j"], [np.nan, 99.0, 18.0])


def test_several_patterns_of_a_column_all_count():
    cleaned = with_missing({"g": np.array([99.0, -9999.0, 20.0])}, {"g": (99.0,), "*": (-9999.0,)})
    np.testing.assert_array_equal(cleaned["g"], [np.nan, np.nan, 20.0])


@pytest.mark.parametrize("kind", ["<f4", ">f4", "<f8"])
def test_a_number_that_float32_cannot_hold_is_found_as_it_was_rounded(kind):
    cleaned = with_missing({"g": np.array([99.99, 99.98], dtype=kind)}, {"g": (99.99,)})
    assert np.isnan(cleaned["g"]).tolist() == [True, False]


def test_whole_numbers_become_masked_and_keep_every_digit():
    cleaned = with_missing({"id": np.array([2**60 + 1, -9999])}, {"id": (-9999.0,)})["id"]
    assert cleaned.mask.tolist() == [False, True]
    assert cleaned[0] == 2**60 + 1


def test_a_number_beyond_the_type_of_a_column_means_nothing_there():
    assert with_missing({"flag": np.array([241, 1], dtype=np.uint8)}, {"*": (-9999.0,)})["flag"].tolist() == [241, 1]


def test_text_and_flags_are_left_alone():
    columns = {"name": np.array(["99", "a"]), "flag": np.array([True, False])}
    cleaned = with_missing(columns, {"*": (0.0, 99.0)})
    assert cleaned["name"].tolist() == ["99", "a"]
    assert cleaned["flag"].tolist() == [True, False]


def test_the_first_known_value_is_taken_row_by_row():
    spec = np.ma.MaskedArray([0.5, 0.6, 0.7], mask=[False, True, False])
    phot = np.array([1.0, 2.0, 3.0], dtype=np.float32)
    columns = {"z_spec": spec, "z_weak": np.array([np.inf, np.nan, 9.0]), "z_phot": phot}
    assert first_known(columns, ("z_weak", "z_spec", "z_phot")).tolist() == [0.5, 2.0, 9.0]


def test_patterns_that_fit_nothing_are_named():
    assert unused_patterns({"DES_*": (99.0,), "des_g": (99.0,)}, ["DES_g"]) == ["des_g"]
