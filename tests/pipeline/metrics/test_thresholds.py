import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.metrics import METRICS, THRESHOLD_RULES, confusion

LABELS = np.array([0, 0, 0, 0, 1, 0, 1, 1, 1, 1])
SCORES = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.01, 0.1, 0.3]))
def test_a_threshold_keeps_its_promise_and_no_other_does_better(seed, target):
    rng = np.random.default_rng(seed)
    labels = np.r_[0, 1, rng.integers(0, 2, 60)]
    scores = np.round(rng.random(62), 1)
    missed = confusion(labels, scores, THRESHOLD_RULES["mdr"](labels, scores, target=target))
    false = confusion(labels, scores, THRESHOLD_RULES["fpr"](labels, scores, target=target))
    others = [confusion(labels, scores, t) for t in np.r_[np.unique(scores), 2.0]]
    assert 1 - missed.recall <= target + 1e-12
    assert missed.fpr == min(o.fpr for o in others if 1 - o.recall <= target + 1e-12)
    assert false.fpr <= target + 1e-12
    assert false.recall == max(o.recall for o in others if o.fpr <= target + 1e-12)


MERITS = {"f1": ("f1",), "mcc": ("mcc",), "f1_mcc": ("f1", "mcc")}


@pytest.mark.parametrize("rule", list(MERITS))
def test_the_best_threshold_of_a_metric_is_the_best_of_all(rule):
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 200)
    scores = np.round(np.clip(rng.normal(0.3 + 0.4 * labels, 0.2), 0, 1), 2)

    def merit(threshold):
        return sum(METRICS[name](labels, np.where(scores >= threshold, 1.0, 0.0)) for name in MERITS[rule])

    chosen = THRESHOLD_RULES[rule](labels, scores)
    assert merit(chosen) == pytest.approx(max(merit(t) for t in np.unique(scores)))


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.5, 20.0, 90.0, 400.0]), st.sampled_from([0.01, 0.3]))
def test_a_budget_is_kept_on_a_usual_night_and_not_a_look_is_wasted(seed, looks, base_rate):
    rng = np.random.default_rng(seed)
    labels = np.r_[0, 1, rng.integers(0, 2, 60)]
    scores = np.round(rng.random(62), 1)
    survey = {"base_rate": base_rate, "candidates_per_night": 300}

    def called(threshold):
        at = confusion(labels, scores, threshold)
        return 300 * (base_rate * at.recall + (1 - base_rate) * at.fpr)

    chosen = THRESHOLD_RULES["budget"](labels, scores, looks=looks, **survey)
    assert called(chosen) == max(called(t) for t in np.r_[np.unique(scores), 2.0] if called(t) <= looks * (1 + 1e-9))


def test_a_budget_that_the_sample_cannot_tell_is_said(caplog):
    labels, scores = [0] * 100 + [1] * 100, np.r_[np.linspace(0, 0.6, 100), np.linspace(0.4, 1, 100)]
    with caplog.at_level(logging.WARNING):
        THRESHOLD_RULES["budget"](labels, scores, looks=30, base_rate=0.01, candidates_per_night=1000)
        assert "lets 2 bogus of the sample pass" in caplog.text
        caplog.clear()
        THRESHOLD_RULES["budget"](labels, scores, looks=300, base_rate=0.01, candidates_per_night=1000)
        assert not caplog.text
    with pytest.raises(InputError, match="looks must be above 0; given 0"):
        THRESHOLD_RULES["budget"](labels, scores, looks=0, base_rate=0.01, candidates_per_night=1000)


def test_gmean_balances_the_two_classes():
    threshold = THRESHOLD_RULES["gmean"](LABELS, SCORES)
    at = confusion(LABELS, SCORES, threshold)
    assert (at.recall, at.fpr) == (0.8, 0.0)


def test_a_threshold_lies_half_way_between_two_scores():
    assert THRESHOLD_RULES["mdr"](LABELS, SCORES, target=0.0) == pytest.approx(0.35)
    assert THRESHOLD_RULES["fpr"](LABELS, SCORES, target=0.0) == pytest.approx(0.55)


def test_when_no_bogus_may_pass_and_one_is_on_top_nothing_passes():
    threshold = THRESHOLD_RULES["fpr"]([0, 1], [0.9, 0.4], target=0.0)
    assert confusion([0, 1], [0.9, 0.4], threshold).recall == 0.0


@pytest.mark.parametrize("top", [1e-9, 0.97, 1.0])
def test_what_nothing_passes_nothing_of_float32_passes(top):
    labels, scores = [1, 0, 0, 1], np.array([top, top, 0.1 * top, 0.2 * top])
    assert not (scores.astype(np.float32) >= THRESHOLD_RULES["fpr"](labels, scores, target=0.0)).any()


def test_fixed_ignores_the_data():
    assert THRESHOLD_RULES["fixed"]([], [], value=0.53) == 0.53


def test_a_rule_that_cannot_hold_says_why():
    with pytest.raises(InputError, match="2 real and 0 bogus"):
        THRESHOLD_RULES["mdr"]([1, 1], [0.1, 0.2])
    with pytest.raises(InputError, match="given 4"):
        THRESHOLD_RULES["mdr"](LABELS, SCORES, target=4)


def test_confusion_counts_every_row_once_and_shares_are_nan_without_their_class():
    at = confusion(LABELS, SCORES, 0.55)
    assert (at.true_positives, at.false_positives, at.false_negatives, at.true_negatives) == (4, 0, 1, 5)
    assert np.isnan(confusion([1], [0.9], 0.5).fpr)
    assert np.isnan(confusion([0], [0.1], 0.5).recall)
    assert np.isnan(confusion([0], [0.1], 0.5).precision)
