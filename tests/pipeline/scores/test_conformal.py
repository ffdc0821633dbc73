import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.metrics.intervals import binomial_interval
from pipeline.scores.conformal import (
    ConformalIntervals,
    aps_scores,
    conformal_limit,
    conformal_rank,
    fit_sets,
    lac_scores,
    prediction_sets,
)

TRIALS = 4000


def within_binomial(hits, share, trials=TRIALS):
    low, high = binomial_interval(hits, trials, 0.999)
    return low <= share <= high


@pytest.mark.parametrize(
    ("n", "miscoverage", "rank"), [(9, 0.1, 9), (10, 0.1, 10), (99, 0.1, 90), (100, 0.1, 91), (19, 0.05, 19)]
)
def test_the_rank_counts_the_new_row(n, miscoverage, rank):
    assert conformal_rank(n, miscoverage) == rank


@pytest.mark.parametrize(("n", "miscoverage", "least"), [(8, 0.1, 9), (18, 0.05, 19), (0, 0.5, 1)])
def test_too_few_rows_are_refused_with_how_many_are_needed(n, miscoverage, least):
    with pytest.raises(InputError, match=f"at least {least} rows"):
        conformal_rank(n, miscoverage)
    assert conformal_rank(least, miscoverage) == least


@pytest.mark.parametrize("miscoverage", [0.0, 1.0, -0.1])
def test_a_miscoverage_outside_its_range_is_refused(miscoverage):
    with pytest.raises(InputError, match="between 0 and 1"):
        conformal_rank(100, miscoverage)


def test_the_limit_covers_exactly_as_often_as_the_rank_says():
    """With 9 rows and 20 % the eighth of ten exchangeable rows is the limit, so exactly 80 % lie below it."""
    scores = np.random.default_rng(0).random((TRIALS, 10))
    hits = sum(row[9] <= conformal_limit(row[:9], 0.2) for row in scores)
    assert within_binomial(hits, 0.8)


@pytest.mark.parametrize("method", ["residual", "normalised", "quantile"])
def test_intervals_hold_the_truth_as_often_as_promised(method):
    rng = np.random.default_rng(1)
    x = rng.random(TRIALS + 999)
    sigma = 0.02 + 0.2 * x
    truth = x + rng.standard_t(3, len(x)) * sigma
    low = high = x
    if method == "quantile":
        low, high = x - 0.3 * sigma, x + 3.0 * sigma
    scale = sigma if method == "normalised" else np.ones(len(x))
    held, new = slice(0, 999), slice(999, None)
    fitted = ConformalIntervals.fit(truth[held], low[held], high[held], scale[held], miscoverage=0.1)
    bottom, top = fitted.apply(low[new], high[new], scale[new])
    hits = int(((truth[new] >= bottom) & (truth[new] <= top)).sum())
    slack = 3 * np.sqrt(0.9 * 0.1 / 999)  # the coverage of one calibration scatters by that of its own rows
    assert 0.9 - slack < hits / TRIALS < 0.9 + slack
    assert np.ptp(top - bottom) > 0.1 or method == "residual"


def test_missing_rows_do_not_calibrate_and_get_no_interval():
    truth, value = np.arange(20.0), np.zeros(20)
    value[0], truth[1] = np.nan, np.nan
    fitted = ConformalIntervals.fit(truth, value, value, miscoverage=0.1)
    assert (fitted.n, fitted.limit) == (18, 19.0)
    assert np.isnan(fitted.apply([np.nan], [np.nan])).all()


def test_ends_that_would_cross_meet_in_the_middle():
    fitted = ConformalIntervals(limit=-2.0, miscoverage=0.1, n=9)
    assert [end.tolist() for end in fitted.apply([0.0, 0.0], [2.0, 6.0])] == [[1.0, 2.0], [1.0, 4.0]]


def test_a_scale_of_zero_is_refused():
    with pytest.raises(InputError, match="above 0; given 0"):
        ConformalIntervals.fit(np.ones(20), np.ones(20), np.ones(20), np.zeros(20), miscoverage=0.1)


def classified(n, seed=0):
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet([0.6, 0.6, 0.6], n)
    labels = np.array([rng.choice(3, p=row) for row in chances])
    return chances, labels


@pytest.mark.parametrize("kind", ["lac", "aps", "aps random"])
def test_sets_hold_the_class_as_often_as_promised(kind):
    chances, labels = classified(TRIALS + 999)
    uniform = np.random.default_rng(3).random(len(labels)) if kind == "aps random" else None
    scores = lac_scores(chances) if kind == "lac" else aps_scores(chances, uniform)
    limit = fit_sets(scores[:999], labels[:999], 0.1)
    sets = prediction_sets(scores[999:], limit)
    hits = sets[np.arange(TRIALS), labels[999:]].mean()
    slack = 3 * np.sqrt(0.9 * 0.1 / 999)
    assert 0.9 - slack < hits < 0.9 + slack
    assert 1.0 < sets.sum(axis=1).mean() < 3.0


def test_scores_of_classes_are_those_of_the_definition():
    chances = [[0.5, 0.2, 0.3]]
    np.testing.assert_allclose(lac_scores(chances), [[0.5, 0.8, 0.7]])
    np.testing.assert_allclose(aps_scores(chances), [[0.5, 1.0, 0.8]])
    np.testing.assert_allclose(aps_scores(chances, [0.5]), [[0.25, 0.9, 0.65]])


def test_a_class_without_a_column_is_refused_and_unlabelled_rows_are_left_out():
    chances, labels = classified(50)
    with pytest.raises(InputError, match="class 3 has no probability; allowed: 0 to 2"):
        fit_sets(chances, np.full(50, 3), 0.1)
    labels[:10] = -1
    assert fit_sets(lac_scores(chances), labels, 0.1) == fit_sets(lac_scores(chances)[10:], labels[10:], 0.1)


def test_a_row_that_was_not_scored_may_be_anything():
    assert prediction_sets(np.full((1, 3), np.nan), 0.5).all()
