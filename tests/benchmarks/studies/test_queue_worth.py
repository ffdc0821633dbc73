import numpy as np
import pytest

from benchmarks.studies import learning_curves, queue_worth
from benchmarks.studies.learning_curves import Rows


def rows(n, seed):
    """Return rows whose first feature decides their class, with a rare kind that only the second tells."""
    features = np.random.default_rng(seed).normal(size=(n, 3))
    return Rows(features=features, labels=(features[:, 0] + 0.3 * features[:, 1] > 0.5).astype(int))


def test_both_ways_begin_with_the_same_labels_and_end_with_as_many(monkeypatch):
    monkeypatch.setattr(queue_worth, "ROUND", 10)
    monkeypatch.setattr(learning_curves, "TREES", 5)
    pool, known = rows(200, 1), np.arange(200) < 20
    for way in ("random", "margin"):
        after = queue_worth.labelled(pool, known, way, 1)
        assert after.sum() == 40
        assert after[known].all()


def test_wrong_verdicts_spare_the_first_labels_and_the_test_rows(monkeypatch):
    asked = []
    monkeypatch.setattr(queue_worth, "auc", lambda *given: asked.append(given[:3]) or 0.5)
    monkeypatch.setattr(queue_worth, "labelled", lambda *given: given[1])
    pool, test = rows(1000, 1), rows(10, 2)
    queue_worth.compared(pool, test, "margin", 0.05, 1)
    said, first, judged = asked[0]
    assert (said.labels != pool.labels).mean() == pytest.approx(0.045, abs=0.02)
    assert (said.labels[first] == pool.labels[first]).all()
    assert first.sum() == queue_worth.FIRST
    assert judged is test


def test_the_interval_is_that_of_the_table_of_student():
    mean, low, high = queue_worth.paired(np.arange(10.0))
    half = 2.262157 * np.sqrt(55 / 6) / np.sqrt(10)
    assert (mean, low, high) == pytest.approx((4.5, 4.5 - half, 4.5 + half), abs=1e-5)
    assert queue_worth.line(0.05, "margin", np.array([[0.8, 0.9, 0.85], [0.8, 0.92, 0.87]])) == (
        "| 5 % | `margin` | 0.8000 | 0.9100 | 0.8600 | +0.0500 (+0.0500 to +0.0500) |"
    )
