"""The figures of a night show the shares of its scores, and say when there is nothing to show."""

import numpy as np
import pytest

from pipeline.metrics import binomial_interval
from pipeline.plots.night_scores import BINS, score_distribution, share_by_night


def test_the_distribution_is_the_share_of_scored_candidates_in_each_bin():
    scores = np.array([0.01, 0.02, 0.5, 1.0])
    result = score_distribution(scores, {"2026-01-04": np.array([0.99, 0.03]), "2026-01-03": np.array([])}, 0.5)
    assert len(result.table) == BINS
    assert result.table["share"].iloc[[0, 12, 24]].tolist() == [0.5, 0.25, 0.25]
    assert result.table["share"].sum() == pytest.approx(1.0)
    assert result.table["share_2026-01-04"].iloc[[0, 24]].tolist() == [0.5, 0.5]
    assert "share_2026-01-03" not in result.table


def test_the_share_of_each_scored_night_has_its_interval():
    nights = [
        {"night": "2026-01-03", "scored": 0, "called": 0, "share": None},
        {"night": "2026-01-04", "scored": 100, "called": 10, "share": 0.1},
        {"night": "2026-01-05", "scored": 50, "called": 20, "share": 0.4},
    ]
    result = share_by_night(nights, {"low": 0.05, "high": 0.2})
    assert result.table["night"].tolist() == ["2026-01-04", "2026-01-05"]
    low, high = binomial_interval([10, 20], [100, 50])
    np.testing.assert_allclose(result.table[["low", "high"]], np.transpose([low, high]))
    panel = result.figure.axes[0]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["2026-01-04", "2026-01-05"]


def test_nothing_to_show_is_said():
    assert score_distribution(np.array([]), {}, 0.5).note == "the night has no scores"
    assert share_by_night([{"night": "n", "scored": 0, "called": 0, "share": None}], {"low": None, "high": None}).note
