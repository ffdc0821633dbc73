from dataclasses import asdict

import numpy as np
import pytest
from scipy.special import expit, logit

from pipeline.errors import InputError
from pipeline.scores.verdicts import VerdictLimits

TRIALS = 300


def draw(rng, rows, share):
    """Scores and labels of a classifier that is often wrong, of which a share is real."""
    label = (rng.random(rows) < share).astype(int)
    return expit(1.2 * rng.normal(2.0 * label - 1.0, 1.3)), label


def lopsided(rng, rows, share):
    """Scores and labels of a classifier that knows the reals and takes a guess at bogus."""
    label = (rng.random(rows) < share).astype(int)
    return np.where(label == 1, rng.beta(9, 1, rows), rng.beta(2, 2, rows)), label


def errors(fit, share, *, fitted_at=0.5, rows=600, of=400, drawn=draw):
    """Return the mean share of new bogus, of new reals and of all new rows that are called the other class."""
    rng = np.random.default_rng(4)
    found = []
    for _ in range(TRIALS):
        limits = VerdictLimits.fit(*drawn(rng, rows, fitted_at), **fit)
        scores, label = drawn(rng, of, share)
        denied = limits.apply(scores) == np.where(label == 1, "bogus", "real")
        found.append([denied[label == 0].mean(), denied[label == 1].mean() if label.any() else np.nan, denied.mean()])
    return np.nanmean(found, axis=0)


def test_the_limits_are_the_ranks_of_each_class():
    scores = np.concatenate([np.arange(19) / 100, 0.5 + np.arange(19) / 100])
    overlapping = np.where(np.arange(38) == 18, 0.9, np.where(np.arange(38) == 19, 0.05, scores))
    limits = VerdictLimits.fit(overlapping, np.repeat([0, 1], 19), error=0.05)
    assert (limits.bogus_below, limits.real_above) == pytest.approx((0.05, 0.9), abs=2e-6)
    assert limits.rows == {"bogus": 19, "real": 19}
    verdicts = limits.apply([0.049, 0.05, 0.5, 0.9, 0.901, np.nan])
    assert verdicts.tolist() == ["bogus", "ask", "ask", "ask", "real", ""]


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_limits_of_each_class_hold_at_any_share_of_reals(share):
    """5 % of either class is called the other one, wherever the limits were fitted: there is nothing to weigh."""
    of_bogus, of_real, _ = errors({"error": 0.05}, share)
    assert of_bogus == pytest.approx(0.05, abs=0.005)
    assert of_real == pytest.approx(0.05, abs=0.01)


def test_one_limit_for_all_rows_needs_weights_at_another_share_of_reals():
    fit = {"error": 0.05, "promise": "all"}
    case = {"rows": 1500, "of": 1000, "drawn": lopsided}
    assert errors(fit, 0.9, fitted_at=0.9, **case)[2] == pytest.approx(0.05, abs=0.005)
    assert errors(fit, 0.1, fitted_at=0.9, **case)[2] > 0.3
    assert errors({**fit, "base_rate": 0.1}, 0.1, fitted_at=0.9, **case)[2] == pytest.approx(0.05, abs=0.005)


def test_a_classifier_that_errs_less_asks_nobody_and_keeps_its_threshold():
    scores = np.concatenate([np.linspace(0.0, 0.2, 100), np.linspace(0.8, 1.0, 100)])
    limits = VerdictLimits.fit(scores, np.repeat([0, 1], 100), error=0.05, threshold=0.6)
    assert limits.crossed
    assert limits.apply([0.59, 0.6, 0.61]).tolist() == ["bogus", "real", "real"]
    lower = VerdictLimits.fit(scores, np.repeat([0, 1], 100), error=0.05, threshold=0.01)
    assert lower.bogus_below == lower.real_above == pytest.approx(0.19, abs=0.01)


@pytest.mark.parametrize("threshold", [0.05, 0.95])
def test_equal_scores_keep_their_side_where_the_threshold_lies_beyond_them(threshold):
    scores, labels = np.repeat([0.1, 0.9], 200), np.repeat([0, 1], 200)
    limits = VerdictLimits.fit(scores, labels, error=0.05, threshold=threshold)
    assert limits.crossed
    assert limits.apply(scores.astype(np.float32)).tolist() == ["bogus"] * 200 + ["real"] * 200


@pytest.mark.parametrize("base_rate", [1e-3, 1e-6, 1e-9])
def test_verdicts_are_the_same_on_scores_at_any_base_rate(base_rate):
    rng = np.random.default_rng(5)
    label = np.repeat([0, 1], 1000)
    logits = rng.normal(3.0 * label - 1.5, 1.5)
    wanted = VerdictLimits.fit(expit(logits), label, error=0.05).apply(expit(logits))
    scores = expit(logits + logit(base_rate))
    found = VerdictLimits.fit(scores, label, error=0.05).apply(scores.astype(np.float32))
    assert found.tolist() == wanted.tolist()


@pytest.mark.parametrize(
    ("labels", "fit", "words"),
    [
        ([0, 1], {}, "bogus: 1 rows cannot calibrate a miscoverage of 0.05; allowed: at least 19 rows"),
        ([1] * 30, {}, "bogus: 0 rows cannot"),
        ([0] * 30 + [1] * 3, {}, "real: 3 rows cannot"),
        ([0, 1], {"promise": "all"}, "both classes: 2 rows cannot"),
        ([1] * 30, {"promise": "all", "base_rate": 0.1}, "30 real and 0 bogus rows; allowed at another base rate"),
        ([0] * 5 + [1] * 30, {"promise": "all", "base_rate": 0.01}, "cannot calibrate an error of 0.05 at a base rate"),
    ],
)
def test_too_few_rows_give_no_limits(labels, fit, words):
    with pytest.raises(InputError, match=words):
        VerdictLimits.fit(np.linspace(0.1, 0.9, len(labels)), labels, error=0.05, **fit)


def test_what_a_package_states_gives_the_limits_again():
    limits = VerdictLimits.fit(*draw(np.random.default_rng(0), 200, 0.5), error=0.1)
    assert VerdictLimits.of(asdict(limits)) == limits
    assert VerdictLimits.of({"error": 0.1, "why_none": "bogus: 2 rows"}) is None
