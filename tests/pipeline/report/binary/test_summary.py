import dataclasses

import numpy as np
import pandas as pd
import pytest
from html_pages import Page
from small_packages import write_small_package

from pipeline.errors import InputError
from pipeline.io.packages.package_file import learned_from
from pipeline.report import build_report
from pipeline.report.binary.gate_rules import GateRules, MetricLimit
from pipeline.report.binary.summary import summary, trained_words


def interval(value):
    return {"value": value, "low": None, "high": None}


def stratum(name, found, n=400):
    return {
        "column": "kind", "stratum": name, "recall": found, "n_real": n, "n_real_groups": n,
        "fpr": None, "n_bogus": 0, "n_bogus_groups": 0,
    }  # fmt: skip


def answers(*strata, recall=0.9, survey=None, **whole):
    """Return the answers of the first screen by question, of a report with these strata."""
    model = {
        "threshold": 0.99987, "at_threshold": {"recall": interval(recall), "fpr": interval(0.01)},
        "metrics": {"auc": interval(0.98)}, "survey": survey or {"base_rate": None}, "strata": list(strata),
    }  # fmt: skip
    lines = summary({"classifier": "cnn", "models": {"cnn": model}, **whole})
    return {line["what"]: (line["words"], line["look"]) for line in lines}


def test_strata_that_are_worse_beyond_chance_are_called_by_name():
    words, look = answers(stratum("transient", 0.92), stratum("variable", 0.8))["What is weak"]
    assert words.startswith("kind variable (80.0 % of 400 reals found, 90.0 % of all). Each is worse than the whole")
    assert look == "bad"


def test_strata_like_the_whole_are_not_weak():
    words, look = answers(stratum("transient", 0.92), stratum("variable", 0.88))["What is weak"]
    assert (words[:33], look) == ("No stratum is worse than the whol", "good")


def test_small_strata_are_not_judged():
    assert answers(stratum("transient", 0.1, n=199))["What is weak"] == (
        "Not judged: no stratum has 200 rows of a class.", "",
    )  # fmt: skip


def test_of_many_weak_strata_the_surest_are_named():
    words, _ = answers(*(stratum(str(index), 0.5) for index in range(8)))["What is weak"]
    assert "; and 2 more." in words


def test_how_good_it_is_is_said_for_a_night_of_the_survey():
    survey = {
        "base_rate": 0.02, "expected_purity": 0.6, "candidates_per_night": 1500.0, "called_real_per_night": 45.0,
        "bogus_among_them": 18.0,
    }  # fmt: skip
    words, _ = answers(survey=survey)["How good"]
    assert words == (
        "At its threshold of 0.99987 cnn finds 90.0 % of the reals and calls real 1.0 % of the bogus. AUC 0.9800. Of "
        "the 1\u202f500 candidates of a night it calls 45 real, 18 of them bogus."
    )


def test_without_rows_nothing_is_claimed():
    found = build_report(
        dataclasses.replace(empty_night(), scores={"cnn": empty_night().scores["cnn"].assign(label=-1)}),
        plots=(), replicates=5,
    )  # fmt: skip
    text = " ".join(Page(found.html).text.split())
    assert "Not known: no row has both a label and a score." in text
    assert "Not judged: no stratum has 200 rows of a class." in text


def empty_night():
    from pipeline.plots import ReportData

    rows = pd.DataFrame({"candidate_id": ["a", "b"], "label": [0, 1], "score": [0.1, 0.9]})
    return ReportData(title="night", survey="s", scores={"cnn": rows})


def test_what_it_learned_from_is_that_of_its_package(tmp_path):
    counts = {"train": {"class": {"bogus": 700, "real": 30}, "label_source": {"eyeball": 700, "list": 30}}}
    seen = {"rows": 730, "nights": 2, "first_night": "2026-01-01", "last_night": "2026-01-09"}
    folder = write_small_package(tmp_path / "package", counts=counts, seen=seen)
    assert trained_words(learned_from([folder, folder])) == (
        "700 bogus and 30 real of toy, labelled by eyeball, list, from 2 nights (2026-01-01 to 2026-01-09); the first "
        "of 2 folds."
    )
    assert trained_words(learned_from([])).startswith("Not known")
    assert trained_words(learned_from([write_small_package(tmp_path / "older")])) == (
        "rows that it does not count of toy."
    )


def test_a_gate_says_yes_or_no_with_its_reasons(report_data):
    named = dataclasses.replace(report_data, drawn=dataclasses.replace(report_data.drawn, gate="strict"))
    metrics = {"auc": MetricLimit(least=0.999)}
    rules = GateRules(metrics=metrics, least_real=1, least_bogus=1)
    refused = build_report(named, plots=(), replicates=5, gate=rules)
    assert not refused.metrics["gate"]["promote"]
    assert "No: 1 of" in refused.html
    assert "gates/strict refuse. AUC 0.98" in refused.html
    promoted = build_report(named, plots=(), replicates=5, gate=dataclasses.replace(rules, metrics={}))
    assert promoted.metrics["gate"]["promote"]
    assert "Yes: it keeps all rules of gates/strict." in promoted.html
    assert "Nobody asked" in build_report(report_data, plots=(), replicates=5).html


def test_classes_have_no_such_gate(class_report_data):
    with pytest.raises(InputError, match="allowed with a gate: real and bogus"):
        build_report(class_report_data, plots=(), replicates=5, gate=GateRules())


def test_a_hostile_name_stays_a_name():
    hostile = "<script>alert(1)</script>"
    rng = np.random.default_rng(3)
    rows = pd.DataFrame(
        {
            "candidate_id": [f"{index}" for index in range(900)],
            "label": np.arange(900) % 2,
            "score": np.where(np.arange(900) % 6 == 1, 0.1, np.where(np.arange(900) % 2, 0.9, rng.random(900) / 4)),
            "kind": np.where(np.arange(900) % 6 == 1, hostile, "other"),
        }
    )
    rows.loc[rows["label"] == 0, "kind"] = "other"
    from pipeline.plots import ReportData

    rows = pd.concat([rows, rows.assign(candidate_id=[f"x{index}" for index in range(900)])], ignore_index=True)
    page = build_report(ReportData(title=hostile, survey=hostile, scores={"cnn": rows}), plots=(), replicates=5).html
    assert "<script" not in page
    assert "kind &lt;script&gt;alert(1)&lt;/script&gt; (0.0 % of 300 reals found" in page
