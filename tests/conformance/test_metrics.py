"""Every metric and threshold rule of the registries keeps the contract."""

import inspect

import numpy as np
import pytest

from pipeline.metrics import METRICS, THRESHOLD_RULES, Curves, bootstrap

PERFECT = np.array([0, 0, 1, 1]), np.array([0.0, 0.0, 1.0, 1.0])
WRONG = np.array([0, 0, 1, 1]), np.array([0.9, 0.8, 0.1, 0.2])


@pytest.mark.parametrize("name", list(METRICS))
def test_a_perfect_classifier_is_better_than_a_wrong_one(name):
    perfect, wrong = METRICS[name](*PERFECT), METRICS[name](*WRONG)
    assert perfect > wrong if METRICS.metadata(name)["larger_is_better"] else perfect < wrong


@pytest.mark.parametrize("name", list(METRICS))
def test_the_best_value_is_reached(name):
    best = 1.0 if METRICS[name].larger_is_better else 0.0
    assert METRICS[name](*PERFECT) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("name", list(METRICS))
def test_the_order_of_the_rows_does_not_matter(name):
    rng = np.random.default_rng(0)
    labels, scores = np.arange(80) % 2, np.round(rng.random(80), 1)
    mixed = rng.permutation(80)
    assert METRICS[name](labels[mixed], scores[mixed]) == pytest.approx(METRICS[name](labels, scores))


@pytest.mark.parametrize("name", list(METRICS))
@pytest.mark.parametrize("labels", [[], [0, 0], [1, 1]])
def test_an_absent_class_gives_a_number_or_nan_with_a_reason(name, labels):
    scores = [0.4] * len(labels)
    assert np.isnan(METRICS[name](labels, scores)) == bool(METRICS[name].undefined(labels, scores))


@pytest.mark.parametrize("name", list(METRICS))
def test_many_weightings_at_once_are_the_same_as_one_by_one(name):
    rng = np.random.default_rng(1)
    labels, scores = np.arange(30) % 2, np.round(rng.random(30), 1)
    weights = rng.integers(0, 3, (6, 30)).astype(float)
    together = METRICS[name].weighted(Curves(labels, scores, weights))
    alone = [METRICS[name].weighted(Curves(labels, scores, row[None]))[0] for row in weights]
    np.testing.assert_allclose(together, alone)


@pytest.mark.parametrize("name", list(METRICS))
def test_it_is_named_and_explained(name):
    assert METRICS[name].name == name
    assert METRICS.metadata(name)["title"]
    assert METRICS.metadata(name)["unit"] in ("", "%")
    assert METRICS[name].weighted.__doc__


@pytest.mark.parametrize("name", list(METRICS))
def test_its_interval_holds_its_value(name):
    rng = np.random.default_rng(2)
    labels = np.arange(200) % 2
    scores = np.clip(rng.normal(0.3 + 0.4 * labels, 0.2), 0, 1)
    interval = bootstrap(name, labels, scores, np.arange(200), replicates=300, level=0.99, rng=rng)
    assert interval.low <= interval.value <= interval.high


@pytest.mark.parametrize("name", list(THRESHOLD_RULES))
def test_a_rule_gives_a_number_in_the_range_of_the_scores_and_names_its_arguments(name):
    facts = THRESHOLD_RULES.metadata(name)
    needed = {"looks": 60, "base_rate": 0.5, "candidates_per_night": 100} if facts.get("needs") else {}
    threshold = THRESHOLD_RULES[name](np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.4, 0.9]), **needed)
    assert 0.1 <= threshold <= 0.9
    assert set(facts["parameters"]) | set(facts.get("of_survey", ())) == set(
        list(inspect.signature(THRESHOLD_RULES[name]).parameters)[2:]
    )
    assert THRESHOLD_RULES.summary(name)
