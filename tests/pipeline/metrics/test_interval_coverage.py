import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.metrics.interval_coverage import coverage, coverage_by, keeps_promise


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


def within(hits, n, groups=None):
    return coverage(np.where(np.arange(n) < hits, 0.0, 9.0), np.full(n, -1.0), np.full(n, 1.0), groups)


def test_rows_of_one_group_count_as_far_as_they_differ():
    twins = within(180, 200, np.arange(200) // 2)  # both of a pair are within, or neither is
    alone = within(90, 100)
    assert twins["effective"] == pytest.approx(100)
    assert (twins["coverage_low"], twins["coverage_high"]) == pytest.approx(
        (alone["coverage_low"], alone["coverage_high"])
    )
    assert within(180, 200, np.arange(200))["effective"] == pytest.approx(200)
    assert within(200, 200, np.arange(200) // 4)["effective"] == 50


def test_a_promise_is_broken_in_one_of_twenty_runs_of_rows_that_are_alike():
    draw, calibrated, judged = np.random.default_rng(1), 79, 188
    scores = draw.random((2000, calibrated + judged))
    limits = np.sort(scores[:, :calibrated], axis=1)[:, int(np.ceil((calibrated + 1) * 0.9)) - 1]
    hits = (scores[:, calibrated:] <= limits[:, None]).sum(axis=1)
    kept = {count: keeps_promise(within(count, judged), 0.9, calibrated) for count in set(hits.tolist())}
    assert 0.93 < np.mean([kept[count] for count in hits.tolist()]) < 0.98
    assert keeps_promise(within(120, 188), 0.9, calibrated) is False
    assert keeps_promise(within(120, 188), 0.9, 0) is None
