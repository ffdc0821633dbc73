import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.metrics.interval_coverage import coverage, coverage_by


def test_the_share_within_has_its_binomial_interval():
    truth = np.arange(100.0)
    found = coverage(truth, np.zeros(100), np.full(100, 89.0))
    assert (found["n"], found["hits"], found["coverage"], found["width"]) == (100, 90, 0.9, 89.0)
    assert (round(found["coverage_low"], 3), round(found["coverage_high"], 3)) == (0.830, 0.947)


def test_rows_without_an_interval_or_a_truth_are_left_out():
    found = coverage([1.0, np.nan, 1.0], [0.0, 0.0, np.nan], [2.0, 2.0, 2.0])
    assert (found["n"], found["hits"]) == (1, 1)
    assert np.isnan(coverage([], [], [])["coverage"])
    with pytest.raises(InputError, match="allowed: one of each a row"):
        coverage([1.0], [0.0], [])


def test_bins_hold_their_lower_edge_and_the_last_one_its_upper_edge():
    found = coverage_by([1.0, 5.0, 1.0, 1.0], [0.0] * 4, [2.0] * 4, [0.0, 1.0, 2.0, np.nan], np.array([0.0, 1.0, 2.0]))
    assert found[["low", "high", "n", "hits"]].to_numpy().tolist() == [[0.0, 1.0, 1.0, 1.0], [1.0, 2.0, 2.0, 1.0]]
