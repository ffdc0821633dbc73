import pytest

from pipeline.errors import InputError, SettingsError, UnknownNameError
from pipeline.report.binary.gate import Champion, judge, may_go_live
from pipeline.report.binary.gate_rules import GateRules, MetricLimit
from pipeline.report.binary.measures import measure_binary
from pipeline.report.bootstrap import Bootstrap


def interval(value, half=0.01):
    return {
        "value": value,
        "low": None if value is None else value - half,
        "high": None if value is None else value + half,
    }


def report(*, auc=0.98, gap=None, strata=(), part="test", rows="same", differences=None, name="cnn", bogus=500):
    model = {
        "metrics": {"auc": interval(auc), "mdr_at_fpr_5pc": interval(0.1, 0.02)},
        "at_threshold": {"recall": interval(0.9), "fpr": interval(0.02)},
        "strata": list(strata),
        "injection_gap": {"value": gap},
    }
    return {
        "classifier": name, "judged_part": part, "models": {name: model}, "differences": differences or {},
        "counts": {"real": 300, "bogus": bogus, "judged": 300 + bogus, "injected": 0, "rows_sha256": rows},
    }  # fmt: skip


def test_probabilities_at_the_base_rate_are_judged_on_rows_weighed_to_it():
    numbers = report()
    numbers["models"]["cnn"]["metrics"]["ece"] = interval(0.4)
    rules = {"metrics": {"ece": MetricLimit(most=0.05)}}
    assert "metrics.ece" in refused(numbers, **rules)
    numbers["models"]["cnn"]["calibration"] = {"weighed": True, "after": {"ece": interval(0.004)}}
    assert refused(numbers, **rules) == {}


def stratum(name, found, n=400):
    return {
        "column": "band", "stratum": name, "recall": found, "n_real": n, "n_real_groups": n,
        "fpr": 0.02, "n_bogus": 0, "n_bogus_groups": 0,
    }  # fmt: skip


def refused(numbers, champion=None, **rules):
    return {one.rule: one.words for one in judge(numbers, GateRules(**rules), champion) if one.verdict == "refuse"}


def test_a_report_that_keeps_every_rule_may_go_live():
    findings = judge(report(), GateRules(metrics={"auc": MetricLimit(least=0.97)}))
    assert may_go_live(findings)
    assert {one.rule for one in findings} >= {"judged_part", "least_real", "least_bogus", "metrics.auc", "weak_strata"}


@pytest.mark.parametrize(
    ("given", "rules", "broken", "words"),
    [
        ({"part": "train"}, {}, "judged_part", "judged on the part 'train'"),
        ({"bogus": 99}, {}, "least_bogus", "99 judged bogus; at least 100"),
        ({}, {"metrics": {"auc": MetricLimit(least=0.985)}}, "metrics.auc", "AUC 0.9800; at least 0.9850"),
        (
            {}, {"metrics": {"auc": MetricLimit(least=0.975, judged_at="interval")}}, "metrics.auc",
            "AUC 0.9800 (0.9700 to 0.9900); at least 0.9750",
        ),
        ({"auc": None}, {"metrics": {"auc": MetricLimit(least=0.9)}}, "metrics.auc", "AUC has no value: no rows"),
        (
            {}, {"metrics": {"mdr_at_fpr_5pc": MetricLimit(most=0.05)}}, "metrics.mdr_at_fpr_5pc",
            "MDR at FPR 5 % 10.0 %; at most 5.0 %",
        ),
        (
            {"strata": [stratum("g", 0.6)]}, {"least_recall_of_strata": 0.7}, "least_recall_of_strata",
            "band g: 60.0 % of 400 real called real; at least 70.0 %",
        ),
        (
            {"gap": 0.12}, {"injection_gap": 0.1}, "injection_gap",
            "of the injected sources 12.0 points more are found than of other reals; at most 10.0 points",
        ),
    ],
)  # fmt: skip
def test_each_rule_refuses_with_figure_and_limit(given, rules, broken, words):
    assert refused(report(**given), **rules) == {broken: words}


def test_weak_strata_warn_or_refuse_as_the_rules_say():
    numbers = report(strata=[stratum("g", 0.9), stratum("r", 0.7), stratum("i", 0.1, n=20)])
    assert refused(numbers) == {}
    (words,) = refused(numbers, weak_strata="refuse").values()
    assert words.startswith("band r: 70.0 % of 400 reals found, 90.0 % of all (p ")
    assert not [one for one in judge(numbers, GateRules(weak_strata="ignore")) if one.rule == "weak_strata"]


def test_without_injections_a_limit_of_the_gap_warns():
    (found,) = [one for one in judge(report(), GateRules(injection_gap=0.1)) if one.rule == "injection_gap"]
    assert (found.verdict, found.words[:9]) == ("warn", "not known")


@pytest.mark.parametrize(("allowed", "kept"), [(0.003, True), (0.001, False)])
def test_a_champion_of_the_same_report_is_compared_row_by_row_at_the_worse_end(allowed, kept):
    differences = {"old": {"metrics": {"auc": interval(0.001, half=0.003)}}}
    words = refused(report(differences=differences), Champion(name="old"), worse_than_champion={"auc": allowed})
    assert (words == {}) == kept
    if not kept:
        assert words["worse_than_champion.auc"] == (
            "AUC less that of 'old': +0.0010, at worst −0.0020 (paired); worse by at most 0.0010"
        )


def test_a_metric_that_should_be_small_is_worse_where_it_is_larger():
    differences = {"old": {"metrics": {"mdr_at_fpr_5pc": interval(0.01, half=0.02)}}}
    limits = {"mdr_at_fpr_5pc": 0.029}
    assert refused(report(differences=differences), Champion(name="old"), worse_than_champion=limits)
    assert not refused(
        report(differences=differences), Champion(name="old"), worse_than_champion={"mdr_at_fpr_5pc": 0.031}
    )


def test_a_champion_of_a_report_on_the_same_rows_is_compared_with_intervals_that_are_too_wide_rather_than_too_narrow():
    champion = Champion(name="old", numbers=report(auc=0.97, name="old"))
    assert refused(report(), champion, worse_than_champion={"auc": 0.005}) == {}  # 0.01 - sqrt(2) 0.01 = -0.0041
    assert refused(report(), champion, worse_than_champion={"auc": 0.004})


def test_a_champion_of_other_rows_or_of_no_report_is_an_error():
    with pytest.raises(InputError, match="judged on 800 rows that are not the 800 of this report"):
        judge(report(), GateRules(), Champion(name="old", numbers=report(rows="others", name="old")))
    with pytest.raises(UnknownNameError, match="unknown model of this report 'old'"):
        judge(report(), GateRules(), Champion(name="old"))


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"least_real": 0}, "least_real is 0; allowed: at least 1"),
        ({"least_recall_of_strata": 1.5}, "allowed: 0 to 1"),
        ({"metrics": {"auk": MetricLimit(least=0.9)}}, "unknown metric 'auk'"),
        ({"worse_than_champion": {"auc": -0.1}}, "worse_than_champion.auc is -0.1; allowed: 0 or more"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(rules, words):
    with pytest.raises(SettingsError, match=words):
        GateRules(**rules)


@pytest.mark.parametrize(("limit", "words"), [({}, "neither least nor most"), ({"least": 2, "most": 1}, "is above")])
def test_limits_that_cannot_be_meant_are_refused(limit, words):
    with pytest.raises(SettingsError, match=words):
        MetricLimit(**limit)


def test_the_numbers_of_a_real_report_have_what_a_gate_reads(report_data):
    numbers = measure_binary(report_data, Bootstrap(replicates=20, seed=3))
    rules = GateRules(
        least_real=1, least_bogus=1, least_rows_of_stratum=5, injection_gap=1, metrics={"auc": MetricLimit(least=0.0)},
        worse_than_champion={"auc": 1.0}, weak_strata="warn",
    )  # fmt: skip
    findings = judge(numbers, rules, Champion(name="features"))
    assert may_go_live(findings)
    again = judge(numbers, rules, Champion(name="cnn", numbers=numbers))
    assert "AUC less that of 'cnn': 0.0000" in again[-1].words
