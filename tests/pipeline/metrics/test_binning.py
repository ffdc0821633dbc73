import numpy as np
import pandas as pd
import pytest

from pipeline.metrics.binning import (
    MISSING,
    MOST_CATEGORIES,
    OTHERS,
    STRATA,
    Stratification,
    in_order,
    is_empty,
    measured,
    numbers_of,
    part_rows,
    quantile_edges,
)

NUMBER = Stratification(column="snr", title="Signal to noise", numeric=True)
WORD = Stratification(column="kind", title="Kind")


def test_bins_by_quantile_hold_about_equal_numbers():
    values = np.random.default_rng(1).exponential(size=1000)
    counts, _ = np.histogram(values, quantile_edges(values, 4))
    assert counts.tolist() == [250, 250, 250, 250]


def test_edges_do_not_repeat_where_a_value_does():
    assert quantile_edges(np.array([1.0] * 99 + [2.0])).tolist() == [1.0, 2.0]


def test_one_value_is_one_bin_and_none_is_no_bin():
    assert quantile_edges(np.array([3.0, np.nan])).tolist() == [3.0, 3.0]
    assert quantile_edges(np.array([np.nan])).tolist() == []


def test_a_value_on_an_edge_lies_in_the_bin_above_and_the_ends_are_open():
    names, low, high = part_rows(pd.Series([0.0, 1.0, 2.0, -9.0, 9.0, np.nan]), NUMBER, [0.0, 1.0, 2.0], 5)
    assert names.tolist() == ["0 to 1", "1 to 2", "1 to 2", "0 to 1", "1 to 2", MISSING]
    assert (low, high) == ({"0 to 1": 0.0, "1 to 2": 1.0}, {"0 to 1": 1.0, "1 to 2": 2.0})


def test_names_of_bins_have_as_many_digits_as_tell_their_edges_apart():
    names, _, _ = part_rows(pd.Series([1.00001]), NUMBER, [1.0, 1.00002, 2.0], 5)
    assert names.tolist() == ["1 to 1.00002"]


def test_a_rule_with_names_takes_its_own_edges():
    names, _, _ = part_rows(pd.Series([0.0, 0.05, 0.9]), STRATA["edge_fraction"], None, 5)
    assert names.tolist() == ["none", "up to 10 %", "above 50 %"]


def test_words_are_strata_and_what_says_nothing_is_missing():
    names, low, high = part_rows(pd.Series(["mover", "", None]), WORD, None, 5)
    assert names.tolist() == ["mover", MISSING, MISSING]
    assert not low
    assert not high


def test_the_rarest_of_many_words_are_told_together():
    words = [f"w{number}" for number in range(MOST_CATEGORIES + 5) for _ in range(number + 1)]
    names, _, _ = part_rows(pd.Series(words), WORD, None, 5)
    assert len(set(names)) == MOST_CATEGORIES
    assert (names == OTHERS).sum() == sum(range(1, 7))  # w0 to w5


def test_bins_stand_by_their_low_ends_and_the_rest_last():
    names = np.array([MISSING, "10 to 20", "2 to 10", OTHERS])
    assert in_order(names, {"10 to 20": 10.0, "2 to 10": 2.0}) == ["2 to 10", "10 to 20", OTHERS, MISSING]


def test_values_stand_as_numbers_where_they_are_numbers():
    assert in_order(np.array(["10", "9", "-1"]), {}) == ["-1", "9", "10"]


def test_a_magnitude_of_0_or_99_was_not_measured_but_a_signal_of_0_was():
    values = pd.Series([0.0, 99.0, 19.0, np.inf])
    assert measured(values, STRATA["magnitude"]).tolist() == pytest.approx([np.nan, np.nan, 19.0, np.nan], nan_ok=True)
    assert measured(values, NUMBER).tolist() == pytest.approx([0.0, 99.0, 19.0, np.nan], nan_ok=True)


def test_what_is_no_number_is_missing():
    assert numbers_of(pd.Series(["1.5", "x", None])).tolist() == pytest.approx([1.5, np.nan, np.nan], nan_ok=True)


@pytest.mark.parametrize(("values", "empty"), [(["", None], True), ([], True), (["", "a"], False), ([0.0], False)])
def test_a_column_is_empty_where_nothing_is_said(values, empty):
    assert is_empty(pd.Series(values, dtype=object)) is empty
