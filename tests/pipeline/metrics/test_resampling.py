import numpy as np
import pytest
from scipy.stats import beta
from timing import cpu_seconds

from pipeline.errors import InputError
from pipeline.metrics import METRICS, bootstrap, bootstrap_all, bootstrap_statistic, paired_differences
from pipeline.metrics.replicates import resampled_weights


def sample(n=400, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    return labels, 1 / (1 + np.exp(-rng.normal(2.0 * labels - 1.0, 1.5)))


def generator():
    return np.random.default_rng(7)


@pytest.mark.parametrize("name", sorted(name for name in METRICS if not METRICS[name].noise_adds))
def test_a_replicate_is_the_metric_of_the_drawn_rows(name):
    labels, scores = sample(60)
    groups = np.arange(60) // 3
    weights = next(resampled_weights(groups, 5, generator()))
    interval = bootstrap(name, labels, scores, groups, replicates=5, level=0.999999, rng=generator())
    by_hand = [METRICS[name](np.repeat(labels, w.astype(int)), np.repeat(scores, w.astype(int))) for w in weights]
    assert interval.low == pytest.approx(min(by_hand), abs=1e-5)
    assert interval.high == pytest.approx(max(by_hand), abs=1e-5)


def test_whole_groups_are_drawn_and_as_many_as_there_are():
    groups = np.array(["b", "a", "b", "c"])
    for weights in resampled_weights(groups, 50, generator()):
        assert (weights[:, 0] == weights[:, 2]).all()
        assert (weights[:, 0] + weights[:, 1] + weights[:, 3] == 3).all()


def test_blocks_do_not_change_the_result(monkeypatch):
    labels, scores = sample(50)
    whole = bootstrap_all(labels, scores, np.arange(50), replicates=40, rng=generator())
    monkeypatch.setattr("pipeline.metrics.replicates.BLOCK", 500)
    assert bootstrap_all(labels, scores, np.arange(50), replicates=40, rng=generator()) == whole


def test_the_interval_of_a_mean_is_the_textbook_one():
    labels = np.r_[np.ones(300, int), np.zeros(100, int)]
    interval = bootstrap("accuracy", labels, np.full(400, 0.9), np.arange(400), replicates=4000, rng=generator())
    error = np.sqrt(0.75 * 0.25 / 400)
    assert interval.value == 0.75
    assert interval.high - interval.low == pytest.approx(2 * 0.994 * error, rel=0.08)


def test_copies_of_a_row_add_no_knowledge():
    labels, scores = sample(100)
    once = bootstrap("auc", labels, scores, np.arange(100), replicates=400, rng=generator())
    tenfold = bootstrap(
        "auc",
        np.repeat(labels, 10),
        np.repeat(scores, 10),
        np.repeat(np.arange(100), 10),
        replicates=400,
        rng=generator(),
    )
    assert (tenfold.n, tenfold.n_groups) == (1000, 100)
    assert tenfold.high - tenfold.low == pytest.approx(once.high - once.low, rel=1e-9)


def test_one_class_has_no_interval_but_a_reason():
    interval = bootstrap("auc", [1, 1], [0.2, 0.3], ["a", "b"], rng=generator())
    assert np.isnan([interval.value, interval.low, interval.high]).all()
    assert interval.reason == "only real rows"
    assert bootstrap_all([], [], [], rng=generator())["accuracy"].reason == "no rows"


def test_replicates_that_lost_a_class_are_left_out():
    labels, scores = [0, 1, 1, 1], [0.65, 0.6, 0.7, 0.8]
    interval = bootstrap("auc", labels, scores, ["a", "b", "c", "d"], replicates=200, rng=generator())
    assert 0.0 < interval.low < interval.value < interval.high <= 1.0


def test_a_paired_difference_is_far_surer_than_the_two_alone():
    labels, scores = sample(400)
    other = np.clip(scores - 0.02 * labels, 0, 1)
    groups = np.arange(400)
    apart = bootstrap("auc", labels, scores, groups, rng=generator())
    paired = paired_differences(labels, scores, other, groups, metrics=["auc"], rng=generator())["auc"]
    assert paired.value == pytest.approx(METRICS["auc"](labels, scores) - METRICS["auc"](labels, other))
    assert 0 < paired.low < paired.value < paired.high
    assert paired.high - paired.low < 0.2 * (apart.high - apart.low)


@pytest.mark.parametrize(("name", "trials"), [("auc", 8), ("equal_error", 8), ("fpr_at_mdr_1pc", 8),
                                              ("mdr_at_fpr_5pc", 40), ("f1", 40), ("accuracy", 48)])  # fmt: skip
def test_where_all_replicates_agree_jeffreys_interval_over_groups_stands(name, trials):
    labels = np.repeat(np.r_[np.zeros(8, int), np.ones(40, int)], 3)
    scores, groups = 0.05 + 0.9 * labels, np.arange(len(labels)) // 3
    interval = bootstrap(name, labels, scores, groups, replicates=100, level=0.9, rng=generator())
    if METRICS[name].larger_is_better:
        expected = (1.0, beta.ppf(0.05, trials + 0.5, 0.5), 1.0)
    else:
        expected = (0.0, 0.0, beta.ppf(0.95, 0.5, trials + 0.5))
    assert (interval.value, interval.low, interval.high) == pytest.approx(expected)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_no_interval_of_a_metric_has_zero_width(name):
    labels, groups = np.r_[np.zeros(8, int), np.ones(8, int)], np.arange(16)
    single = bootstrap(name, labels, labels.astype(float), groups, replicates=50, rng=generator())
    same = labels.astype(float)
    paired = paired_differences(labels, same, same, groups, metrics=[name], rng=generator())[name]
    if name == "log_loss":
        assert np.isnan([single.low, single.high, paired.low, paired.high]).all()
    else:
        assert METRICS[name].lowest <= single.low <= single.value <= single.high <= METRICS[name].highest
        assert single.high - single.low > 0.02
        assert paired.low < 0.0 < paired.high


def test_one_model_under_two_calibrations_differs_in_nothing_that_hangs_on_the_order():
    labels, scores = sample(300)
    found = paired_differences(labels, scores, scores**2, np.arange(300), replicates=20, rng=generator())
    of_order = {name for name in METRICS if METRICS[name].of_order}
    assert {"auc", "average_precision", "fpr_at_mdr_1pc"} <= of_order
    assert "brier" not in of_order
    assert all((found[name].low, found[name].high) == (0.0, 0.0) for name in of_order)
    assert found["brier"].low < found["brier"].high
    mixed = np.where(np.arange(300) == 0, 1 - scores, scores)
    other = paired_differences(labels, scores, mixed, np.arange(300), metrics=["auc"], replicates=20, rng=generator())
    assert other["auc"].low < other["auc"].high


@pytest.mark.parametrize("name", sorted(name for name in METRICS if METRICS[name].of_order))
def test_a_metric_of_order_is_that_of_any_scores_that_rise_with_them(name):
    labels, scores = sample(300)
    assert METRICS[name](labels, scores) == METRICS[name](labels, np.exp(5 * scores) / 200)


def test_a_statistic_of_which_all_replicates_agree_says_nothing_of_its_spread():
    interval = bootstrap_statistic(lambda weights: np.full(len(weights), 3.0), np.arange(9), rng=generator())
    assert interval.value == 3.0
    assert np.isnan([interval.low, interval.high]).all()


def test_any_statistic_of_weights_can_be_resampled():
    values = np.arange(50.0)
    interval = bootstrap_statistic(
        lambda weights: weights @ values / weights.sum(axis=1), np.arange(50), replicates=2000, rng=generator()
    )
    assert interval.value == 24.5
    assert interval.high - interval.low == pytest.approx(2 * 0.994 * values.std() / np.sqrt(50), rel=0.1)


def test_a_level_outside_0_to_1_and_missing_groups_are_refused():
    with pytest.raises(InputError, match="given 68"):
        bootstrap("auc", [0, 1], [0.1, 0.9], ["a", "b"], level=68, rng=generator())
    with pytest.raises(InputError, match="1 groups for 2 rows"):
        bootstrap("auc", [0, 1], [0.1, 0.9], ["a"], rng=generator())


def test_all_metrics_of_5000_rows_take_seconds():
    labels, scores = sample(5000)
    groups = np.arange(5000) // 3
    (seconds,) = cpu_seconds(lambda: bootstrap_all(labels, scores, groups, replicates=1000, rng=generator()), rounds=2)
    assert seconds < 8
