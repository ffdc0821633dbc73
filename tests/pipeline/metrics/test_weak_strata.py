import numpy as np
import pytest
from scipy.stats import binomtest

from pipeline.metrics.weak_strata import holm, weak_strata


def stratum(name, *, found=0.9, n_real=400, passed=0.02, n_bogus=1000, groups=1.0, column="band"):
    return {
        "column": column, "stratum": name,
        "recall": found, "n_real": n_real, "n_real_groups": round(n_real * groups),
        "fpr": passed, "n_bogus": n_bogus, "n_bogus_groups": round(n_bogus * groups),
    }  # fmt: skip


def test_the_stratum_that_finds_too_few_is_named_with_its_figures():
    (weak,) = weak_strata([stratum("g"), stratum("r", found=0.7)], recall=0.9, fpr=0.02)
    assert (weak.column, weak.stratum, weak.rate, weak.value, weak.whole, weak.n) == (
        "band", "r", "recall", 0.7, 0.9, 400,
    )  # fmt: skip


def test_its_chance_is_that_of_the_binomial_test_times_the_tests_there_are():
    (weak,) = weak_strata([stratum("g"), stratum("r", found=0.85)], recall=0.9, fpr=0.02)
    alone = binomtest(340, 400, 0.9, alternative="less").pvalue
    assert weak.p == pytest.approx(4 * alone)  # two strata, two rates each


def test_bogus_that_pass_too_often_are_weak_and_fewer_are_not():
    (weak,) = weak_strata([stratum("g", passed=0.1), stratum("r", passed=0.0)], recall=0.9, fpr=0.02)
    assert (weak.stratum, weak.rate) == ("g", "fpr")


def test_many_rows_of_few_groups_are_few_trials():
    given = {"found": 0.8, "n_real": 400}
    assert weak_strata([stratum("r", **given)], recall=0.9, fpr=0.02)
    assert not weak_strata([stratum("r", **given, groups=0.05)], recall=0.9, fpr=0.02)


def test_a_small_stratum_and_a_rate_without_rows_are_not_judged():
    assert not weak_strata([stratum("r", found=0.1, n_real=199)], recall=0.9, fpr=0.02)
    assert not weak_strata([stratum("r", found=0.1)], recall=float("nan"), fpr=0.02)
    assert not weak_strata([], recall=0.9, fpr=0.02)


def test_a_sound_classifier_is_called_weak_in_one_report_of_twenty_at_most():
    rng = np.random.default_rng(5)
    alarms = 0
    for _ in range(400):
        found = rng.binomial(300, 0.9, 20) / 300
        passed = rng.binomial(500, 0.05, 20) / 500
        strata = [
            stratum(str(index), found=one, n_real=300, passed=other, n_bogus=500)
            for index, (one, other) in enumerate(zip(found, passed, strict=True))
        ]
        alarms += bool(weak_strata(strata, recall=found.mean(), fpr=passed.mean()))
    assert alarms <= 31  # 99 % of binomial(400, 0.05)


def test_holm_is_that_of_a_published_example():
    """Four tests of Holm's procedure as worked by hand: 4 p1, 3 p2, 2 p3, p4, none below an earlier one."""
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]).tolist() == []
