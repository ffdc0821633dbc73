import numpy as np
import pandas as pd
import pytest
from scipy.stats import betabinom

from pipeline.metrics.verdict_coverage import VerdictPromise, holm, verdict_coverage

PROMISE = VerdictPromise(error=0.05, rows={"bogus": 99, "real": 199}, by_class=True)


def table(bogus, real, **columns):
    """Rows of which so many bogus are called bogus, real and are asked about, and so many reals."""
    rows = [(label, word) for label, counts in enumerate((bogus, real)) for word, n in counts.items() for _ in range(n)]
    frame = pd.DataFrame(rows, columns=["label", "verdict"])
    return frame.assign(candidate_id=[f"c{row}" for row in range(len(frame))], **columns)


def test_rows_that_are_asked_about_deny_nothing_and_are_counted():
    found = verdict_coverage(table({"bogus": 80, "real": 10, "ask": 10}, {"real": 45, "bogus": 1, "ask": 4}), PROMISE)
    assert found["stratum"].tolist() == ["all", "bogus", "real"]
    assert found["n"].tolist() == [150, 100, 50]
    assert found["asked"].tolist() == pytest.approx([14 / 150, 0.1, 0.08])
    assert found["coverage"].tolist() == pytest.approx([139 / 150, 0.9, 0.98])


def test_the_chance_of_so_few_hits_is_beta_binomial():
    found = verdict_coverage(table({"bogus": 90, "real": 10}, {"real": 50}), PROMISE).set_index("stratum")
    # rank 95 of 99 rows and rank 190 of 199; reals are all within, as good as 50 rows of their own
    bogus, real = betabinom(100, 95, 5), betabinom(50, 190, 10)
    assert found.loc["bogus", "p_value"] == pytest.approx(bogus.cdf(90))
    assert found.loc["bogus", "expected_low"] == pytest.approx(bogus.ppf(0.025) / 100)
    both = sum(bogus.pmf(k) * real.cdf(140 - k) for k in range(101))
    assert found.loc["all", "p_value"] == pytest.approx(both)


def test_a_broken_promise_is_said_to_be_broken_and_a_kept_one_kept():
    found = verdict_coverage(table({"bogus": 70, "real": 30}, {"real": 190, "bogus": 10}), PROMISE).set_index("stratum")
    assert found["kept"].to_dict() == {"all": False, "bogus": False, "real": True}
    more = verdict_coverage(table({"bogus": 100}, {"real": 200}), PROMISE)
    assert more["kept"].tolist() == [True] * 3


def test_without_a_promise_nothing_is_judged_but_all_is_counted():
    found = verdict_coverage(table({"bogus": 70, "real": 30}, {"real": 20}), None)
    assert found["kept"].tolist() == [None] * 3
    assert found["coverage"].tolist() == pytest.approx([0.75, 0.7, 1.0])
    of_all = VerdictPromise(error=0.05, rows=PROMISE.rows, by_class=False)
    assert verdict_coverage(table({"bogus": 95, "real": 5}, {"real": 9}), of_all)["kept"].tolist() == [True, None, None]


def test_one_limit_for_all_rows_is_drawn_once():
    """Two draws, one a class, would narrow what chance gives, and call kept promises broken."""
    of_all = VerdictPromise(error=0.05, rows={"bogus": 99, "real": 100}, by_class=False)
    rows = table({"bogus": 500}, {"real": 450, "bogus": 50}, object_id=[f"o{row}" for row in range(1000)])
    found = verdict_coverage(rows, of_all).set_index("stratum")
    assert found.loc["all", "p_value"] == pytest.approx(betabinom(1000, 190, 10).cdf(950))


def test_strata_of_200_rows_are_judged_together():
    rng = np.random.default_rng(0)
    rows = table({"bogus": 950, "real": 50}, {"real": 480, "bogus": 20})
    night = rng.permutation(np.repeat(["n1", "n2", "n3"], [700, 700, 100]))
    found = verdict_coverage(rows.assign(night=night), PROMISE)
    assert found["stratum"].tolist()[3:] == ["n1", "n2"]
    assert found["kept"].tolist() == [True] * 5
    worse = rows.assign(night="n1").copy()
    worse.loc[:299, "night"] = "bad"
    worse.loc[:59, "verdict"] = "real"
    assert verdict_coverage(worse, PROMISE).set_index("stratum").loc["bad", "kept"] is False


def test_rows_of_one_group_count_once():
    rows = table({"bogus": 90, "real": 10}, {"real": 200})
    group = np.r_[np.repeat([f"b{i}" for i in range(10)], 10), [f"r{i}" for i in range(200)]]
    found = verdict_coverage(rows.assign(group_id=group), PROMISE).set_index("stratum")
    assert found.loc["bogus", "effective"] == pytest.approx(10, rel=0.05)
    assert found.loc["bogus", "kept"]


def test_no_rows_and_rows_without_verdict_give_no_numbers():
    found = verdict_coverage(table({"": 3}, {"": 2}), PROMISE)
    assert found["n"].tolist() == [0, 0, 0]
    assert found["coverage"].isna().all()
    assert found["kept"].tolist() == [None] * 3


def test_holms_correction_is_the_published_one():
    """The example of Holm's procedure: 0.005, 0.01, 0.03, 0.04 of four give 0.02, 0.03, 0.06, 0.06."""
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
