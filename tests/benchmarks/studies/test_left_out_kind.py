"""The study of kinds that are left out, on rows whose right rates are known."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies import left_out_kind as study
from benchmarks.studies.left_out_kind import Scored


@pytest.fixture
def rows():
    return pd.DataFrame(
        {
            "kind": ["injected_host", "injected_host", "injected_host", "transient", "bogus", "bogus", "bogus"],
            "label": [1, 1, 1, 1, 0, 0, 0],
            "snr": [6.0, 6.0, 20.0, 6.0, 6.0, 6.0, 30.0],
            "split": [0, 2, 0, 0, 0, 2, 2],
            "group_id": ["a", "b", "c", "a", "d", "e", "f"],
        }
    )


def test_nothing_teaches_that_is_of_a_kind_or_a_group_that_is_judged(rows):
    parts, chosen = study.divided(rows, ["injected_host"], ["injected_host"])
    assert chosen.index.size == 3
    assert chosen["group_id"].tolist() == ["a", "b", "e"]
    assert parts["train"]["group_id"].tolist() == ["d"]


def test_of_kinds_that_teach_the_test_part_alone_is_judged(rows):
    parts, chosen = study.divided(rows, [], ["injected_host"])
    assert chosen["group_id"].tolist() == ["b", "e"]
    assert parts["train"]["group_id"].tolist() == ["a", "c", "a", "d"]


def scored(limit, times=1):
    """Ten reals with scores 1 ... 10 and four bogus, by two models, of which the second gives half of each score."""
    scores = np.tile(np.r_[np.arange(1.0, 11.0), [0.5, 1.5, 2.5, 9.5]], times)
    n = len(scores)
    one = {
        "is_real": np.arange(n) % 14 < 10,
        "groups": np.arange(n).astype(str),
        "model": np.zeros(n, dtype=np.int64),
    }
    models = [Scored(scores=np.array([scores * by]), limits=np.array([[limit * by]]), **one) for by in (1.0, 0.5)]
    return study.joined(models)


def test_the_threshold_is_the_highest_that_nine_of_ten_pass_by_each_model():
    completeness, fpr = study.rates(scored(0.0), np.ones((1, 28)), own=True)
    assert completeness.tolist() == [0.9]
    assert fpr.tolist() == [0.5]  # 2.5 and 9.5 pass 2
    completeness, fpr = study.rates(scored(9.2), np.ones((1, 28)), own=False)
    assert (completeness.tolist(), fpr.tolist()) == ([0.1], [0.25])


def test_a_row_counts_as_often_as_its_weight():
    weights = np.ones((1, 28))
    weights[0, [0, 14]] = 11.0  # the faintest real is now most of them
    completeness, fpr = study.rates(scored(0.0), weights, own=True)
    assert completeness.tolist() == [1.0]
    assert fpr.tolist() == [0.75]


def test_purity_falls_with_the_share_of_reals():
    assert study.purity(np.array(0.9), np.array(0.05), 0.18) == pytest.approx(0.162 / (0.162 + 0.041))


def test_the_line_has_counts_and_intervals_around_their_points():
    line = study.line("its own kind", scored(0.0, times=10), 0.18)
    assert line.startswith("| its own kind | 200 | 40 | 90.0 % | 64.3 (")
