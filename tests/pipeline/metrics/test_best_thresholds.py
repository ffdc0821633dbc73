import numpy as np
import pytest
from sklearn.metrics import f1_score, matthews_corrcoef, precision_score, recall_score

from pipeline.errors import InputError
from pipeline.metrics import THRESHOLD_RULES, confusion
from pipeline.metrics.best_thresholds import best_thresholds, merits_at


def drawn(n=500):
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, n)
    return labels, np.clip(rng.normal(0.3 + 0.4 * labels, 0.2), 0, 1)


def test_each_rule_says_what_it_chose_and_what_that_gives():
    labels, scores = drawn()
    found = best_thresholds(labels, scores, {"mdr": {"target": 0.1}})
    assert set(found) == set(THRESHOLD_RULES) - {"budget"}
    assert found["mdr"]["target"] == 0.1
    for entry in found.values():
        called = scores >= entry["threshold"]
        assert entry["recall"] == pytest.approx(recall_score(labels, called))
        assert entry["precision"] == pytest.approx(precision_score(labels, called))
        assert entry["f1"] == pytest.approx(f1_score(labels, called))
        assert entry["mcc"] == pytest.approx(matthews_corrcoef(labels, called))
    assert 1 - found["mdr"]["recall"] <= 0.1


def test_no_other_threshold_has_more_of_what_a_rule_asks_for():
    labels, scores = drawn()
    found = best_thresholds(labels, scores, {})
    every = [merits_at(confusion(labels, scores, t)) for t in np.unique(scores)]
    assert found["f1"]["f1"] == max(one["f1"] for one in every)
    assert found["mcc"]["mcc"] == max(one["mcc"] for one in every)
    assert sum(found["f1_mcc"][name] for name in ("f1", "mcc")) == max(one["f1"] + one["mcc"] for one in every)
    kept = [np.sqrt(one["recall"] * (1 - one["fpr"])) for one in every]
    assert np.sqrt(found["gmean"]["recall"] * (1 - found["gmean"]["fpr"])) == pytest.approx(max(kept))


def test_a_budget_is_among_them_where_its_arguments_are():
    survey = {"looks": 20.0, "base_rate": 0.1, "candidates_per_night": 200.0}
    found = best_thresholds(*drawn(), {"budget": survey})["budget"]
    assert 200 * (0.1 * found["recall"] + 0.9 * found["fpr"]) <= 20
    assert found["looks"] == 20.0


def test_one_class_alone_is_refused():
    with pytest.raises(InputError, match="2 real and 0 bogus"):
        best_thresholds([1, 1], [0.1, 0.2], {})
