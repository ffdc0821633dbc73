from typing import get_args, get_origin, get_type_hints, is_typeddict

import pytest

from pipeline.metrics import METRICS, confusion
from pipeline.report import build_report
from pipeline.report.binary.measures import measure_binary
from pipeline.report.binary.numbers import BinaryNumbers
from pipeline.report.bootstrap import LEVEL, Bootstrap
from pipeline.report.measures import SCHEMA


@pytest.fixture
def numbers(report_data):
    """Return the numbers of a small report."""
    return measure_binary(report_data, Bootstrap(replicates=20, seed=3))


def test_the_counts_are_those_of_the_judged_rows(numbers, report_data):
    judged = report_data.judged("cnn")
    counts = numbers["counts"]
    assert (counts["real"], counts["bogus"]) == tuple((judged["label"] == label).sum() for label in (1, 0))
    assert counts["judged_groups"] == judged["group_id"].nunique()
    assert counts["nights"] == judged["night"].nunique()
    assert sum(counts["label_sources"]["real"].values()) == counts["real"]
    assert counts["injected"] == counts["label_sources"]["real"]["injected"]


def test_every_model_has_every_metric_and_is_held_against_the_classifier(numbers):
    assert (numbers["schema"], numbers["interval"]["level"]) == (SCHEMA, LEVEL)
    for model in numbers["models"].values():
        assert set(model["metrics"]) == set(METRICS)
    assert set(numbers["differences"]) == {"features"}


def test_the_counts_at_the_threshold_are_those_of_the_scores(numbers, report_data):
    judged = report_data.judged("cnn")
    at = numbers["models"]["cnn"]["at_threshold"]
    kept = judged["score"] >= 0.5
    assert at["recall"]["value"] == pytest.approx(kept[judged["label"] == 1].mean())
    assert at["fpr"]["value"] == pytest.approx(kept[judged["label"] == 0].mean())
    counts = confusion(judged["label"], judged["score"], 0.5)
    assert {name: at[name] for name in vars(counts)} == vars(counts)


def test_equal_seeds_give_equal_numbers_and_others_do_not(numbers, report_data):
    assert measure_binary(report_data, Bootstrap(replicates=20, seed=3)) == numbers
    assert measure_binary(report_data, Bootstrap(replicates=20, seed=4)) != numbers


def test_a_model_that_is_unlike_what_it_scores_is_told(report_data):
    from dataclasses import replace

    unlike = {"cnn": {"survey": {"trained": "ztf", "scored": "atlas"}}, "features": {}}
    numbers = measure_binary(replace(report_data, unlike=unlike), Bootstrap(replicates=2, seed=3))
    assert numbers["unlike_training"] == {"cnn": unlike["cnn"]}


def keys_missing_or_unknown(kind, numbers, where="metrics.json"):
    """Return where numbers do not have exactly the required keys of a class of metrics_json, at any depth."""
    found = [] if kind.__required_keys__ <= set(numbers) <= set(kind.__annotations__) else [where]
    for key, hint in get_type_hints(kind).items():
        inner = next((part for part in (hint, *get_args(hint)) if is_typeddict(part)), None)
        given = numbers.get(key, {})
        entries = given.items() if get_origin(hint) is dict else [("", given)] if inner else []
        for name, entry in entries if inner and key in numbers else []:
            found += keys_missing_or_unknown(inner, entry, f"{where}.{key}.{name}")
    return found


def test_the_numbers_have_the_structure_that_metrics_json_states(report_data):
    whole = build_report(report_data, plots=["roc"], replicates=5).metrics
    gate = {"rules": "default", "promote": True, "findings": []}
    if_any = {"unlike_training": {}, "unknown_training": [], "spans": {}, "trained_on": {}, "gate": gate}
    assert set(BinaryNumbers.__annotations__) - set(whole) == set(if_any)
    known = {**whole, **if_any}
    assert keys_missing_or_unknown(BinaryNumbers, known) == []
    del known["models"]["cnn"]["metrics"]["auc"]["low"]
    assert keys_missing_or_unknown(BinaryNumbers, known) == ["metrics.json.models.cnn.metrics.auc"]
