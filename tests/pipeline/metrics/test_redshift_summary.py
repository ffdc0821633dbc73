import numpy as np
import pytest
from scipy.stats import norm

from pipeline.errors import InputError
from pipeline.metrics.redshift_residuals import REDSHIFT_METRICS, JudgedRedshifts
from pipeline.metrics.redshift_summary import redshift_differences, redshift_summary, redshift_summary_by
from pipeline.redshifts.binned_pdfs import BinnedPdfs

EDGES = np.linspace(-0.5, 1.5, 201)


def generator():
    return np.random.default_rng(7)


def sample(n=300, seed=0, sigma=0.03):
    rng = np.random.default_rng(seed)
    centre = rng.uniform(0.2, 0.8, n)
    truth = rng.normal(centre, sigma)
    pdfs = BinnedPdfs.of_cumulative(EDGES, norm.cdf(EDGES[None, :], centre[:, None], sigma))
    return truth, JudgedRedshifts.of(centre, truth, pdfs)


def test_every_measure_has_a_value_within_its_interval():
    _, judged = sample()
    found = redshift_summary(judged, np.arange(300), replicates=200, rng=generator())
    assert set(found) == set(REDSHIFT_METRICS)
    for name, one in found.items():
        assert one.low <= one.value <= one.high, name
        assert (one.n, one.n_groups, one.level) == (300, 300, 0.95)


def test_a_share_of_zero_has_the_binomial_interval():
    _, judged = sample(50)
    one = redshift_summary(judged, np.arange(50), metrics=["outliers"], replicates=50, rng=generator())["outliers"]
    assert (one.value, one.low) == (0.0, 0.0)
    assert 0.03 < one.high < 0.06


@pytest.mark.parametrize(("name", "truth"), [("sigma_nmad", 0.03), ("mean_residual", 0.0), ("bias", 0.0)])
def test_intervals_cover_as_often_as_they_say(name, truth):
    covered = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        judged = JudgedRedshifts.of(rng.normal(0.0, 0.03, 150), np.zeros(150))
        one = redshift_summary(judged, np.arange(150), metrics=[name], replicates=200, level=0.8, rng=rng)[name]
        covered.append(one.low <= truth <= one.high)
    assert np.mean(covered) == pytest.approx(0.8, abs=0.11)


def test_rows_of_a_group_are_drawn_together_so_the_interval_widens():
    _, judged = sample(60)
    repeated = judged.rows(np.repeat(np.arange(60), 6))
    apart, together = (
        redshift_summary(repeated, groups, metrics=["mean_residual"], replicates=400, rng=generator())["mean_residual"]
        for groups in (np.arange(360), np.repeat(np.arange(60), 6))
    )
    assert together.high - together.low > 1.8 * (apart.high - apart.low)


def test_rows_without_a_prediction_are_counted_out():
    truth, _ = sample(20)
    judged = JudgedRedshifts.of(np.where(np.arange(20) < 5, np.nan, truth), truth)
    found = redshift_summary(judged, np.arange(20), metrics=["bias", "pit_ks"], replicates=20, rng=generator())
    assert found["bias"].n == 15
    assert (found["pit_ks"].n, found["pit_ks"].reason) == (0, "no rows")


def test_bins_hold_their_rows_and_say_how_many():
    truth, judged = sample()
    table = redshift_summary_by(
        judged, truth, [0.2, 0.5, 0.8, 9.0], np.arange(300), metrics=["bias"], replicates=20, rng=generator()
    )
    inside = [(truth >= low) & (truth < high) for low, high in ((0.2, 0.5), (0.5, 0.8), (0.8, 9.0))]
    assert table["n"].tolist() == [mask.sum() for mask in inside]
    np.testing.assert_allclose(table["value"], [np.median(judged.residual[mask]) for mask in inside])


def test_an_empty_bin_has_no_value_and_an_upper_edge_belongs_to_the_last_bin():
    judged = JudgedRedshifts.of(np.full(3, 0.5), np.full(3, 0.5))
    table = redshift_summary_by(
        judged, [1.0, 2.0, np.nan], [0.0, 0.5, 2.0], range(3), metrics=["bias"], replicates=9, rng=generator()
    )
    assert table["n"].tolist() == [0, 2]
    assert np.isnan(table["value"][0])


@pytest.mark.parametrize(
    ("change", "message"),
    [({"groups": np.arange(4)}, "one group a row"), ({"level": 1.5}, "between 0 and 1; given 1.5")],
)
def test_what_cannot_be_summed_up_is_refused(change, message):
    _, judged = sample(5)
    arguments = {"groups": np.arange(5), "level": 0.9} | change
    with pytest.raises(InputError, match=message):
        redshift_summary(judged, arguments.pop("groups"), replicates=5, rng=generator(), **arguments)


@pytest.mark.parametrize(
    ("by", "edges", "message"), [(np.ones(5), [1.0, 1.0], "increasing"), (np.ones(4), [0.0, 1.0], "one number a row")]
)
def test_bins_that_are_none_are_refused(by, edges, message):
    _, judged = sample(5)
    with pytest.raises(InputError, match=message):
        redshift_summary_by(judged, by, edges, np.arange(5), rng=generator())


def test_differences_are_paired_and_of_the_rows_that_both_have():
    rng = np.random.default_rng(3)
    truth = rng.uniform(0.1, 1.0, 300)
    one = JudgedRedshifts.of(truth + rng.normal(0, 0.02, 300), truth)
    two = JudgedRedshifts.of(np.where(np.arange(300) < 10, np.nan, truth + rng.normal(0, 0.05, 300)), truth)
    found = redshift_differences(one, two, np.arange(300), replicates=200, rng=np.random.default_rng(1))
    alone = redshift_summary(one.rows(np.arange(300) >= 10), np.arange(290), replicates=1, rng=rng)
    other = redshift_summary(two, np.arange(300), replicates=1, rng=rng)
    apart = found["sigma_nmad"]
    assert apart.n == 290
    assert apart.value == pytest.approx(alone["sigma_nmad"].value - other["sigma_nmad"].value)
    assert apart.low < apart.value < apart.high < 0
    same = redshift_differences(one, one, np.arange(300), replicates=50, rng=np.random.default_rng(1))
    assert (same["bias"].value, same["bias"].low, same["bias"].high) == (0.0, 0.0, 0.0)
    assert same["crps"].reason == "no rows"
    with pytest.raises(InputError, match="allowed: equally many"):
        redshift_differences(one, two.rows([0]), np.arange(300), rng=rng)
