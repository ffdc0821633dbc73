from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit
from sklearn.metrics import brier_score_loss, f1_score, log_loss

from pipeline.report import build_report
from pipeline.report.binary.calibration import calibration_numbers, threshold_numbers
from pipeline.report.binary.measures import measure_binary
from pipeline.report.bootstrap import Bootstrap
from pipeline.scores.calibration import Platt
from pipeline.scores.class_calibration import described

HOW = Bootstrap(replicates=40, seed=3)
PLATT = Platt(0.4, -0.3)


def with_package(data, **stated):
    """Return a report whose first model says which package made its scores, and how this is calibrated."""
    calibration = {"method": "platt", **described(PLATT), "prevalence": 0.5, **stated}
    scores = {**data.scores, "cnn": data.scores["cnn"].assign(model="cnn-1")}
    return replace(data, scores=scores, calibrations={"cnn": {"cnn-1": calibration}})


def test_scores_before_calibration_are_those_of_the_raw_logits(report_data):
    found = calibration_numbers(with_package(report_data), "cnn", HOW)
    judged = report_data.judged("cnn")
    before = 1 / (1 + np.exp(-(logit(judged["score"].astype(float)) - PLATT.intercept) / PLATT.slope))
    assert found["before"]["brier"].value == pytest.approx(brier_score_loss(judged["label"], before), rel=1e-6)
    assert found["after"]["log_loss"].value == pytest.approx(log_loss(judged["label"], judged["score"]), rel=1e-5)
    assert found["after"]["ece"].low <= found["after"]["ece"].value <= found["after"]["ece"].high
    assert (found["prevalence"], found["weighed"]) == (pytest.approx(judged["label"].mean()), False)


def test_rows_stand_for_the_base_rate_that_a_package_is_calibrated_to(report_data):
    found = calibration_numbers(with_package(report_data, prevalence=0.02, fitted_prevalence=0.5), "cnn", HOW)
    judged = report_data.judged("cnn")
    label, score = judged["label"].to_numpy(), judged["score"].to_numpy(float)
    weights = np.where(label == 1, 0.02 / label.mean(), 0.98 / (1 - label.mean()))
    assert found["after"]["brier"].value == pytest.approx(np.average((score - label) ** 2, weights=weights), rel=1e-6)
    assert (found["prevalence"], found["weighed"]) == (0.02, True)


def test_models_of_unknown_packages_or_without_calibration_have_none(report_data):
    assert calibration_numbers(report_data, "cnn", HOW) == {}
    assert calibration_numbers(with_package(report_data, method="none"), "cnn", HOW) == {}
    other = replace(
        with_package(report_data), calibrations={"cnn": {"another": {"method": "platt", **described(PLATT)}}}
    )
    assert calibration_numbers(other, "cnn", HOW) == {}


@pytest.mark.replaces("gmadet", "O10")
def test_precision_f1_mcc_and_the_best_threshold_by_each_rule_are_in_the_numbers_and_on_the_page(report_data):
    data = replace(with_package(report_data), best_thresholds={"cnn": {"gmean": 0.4, "f1": 0.45, "f1_mcc": 0.55}})
    numbers, judged = measure_binary(data, HOW)["models"], report_data.judged("cnn")
    found = numbers["cnn"]["best_thresholds"]
    for rule, threshold in data.best_thresholds["cnn"].items():
        assert found[rule]["threshold"] == threshold
        assert found[rule]["f1"] == pytest.approx(f1_score(judged["label"], judged["score"] >= threshold))
    assert numbers["features"]["best_thresholds"] == {}
    assert {"precision", "f1", "mcc", "true_positives"} <= set(numbers["cnn"]["at_threshold"])
    assert "average_precision" in numbers["cnn"]["metrics"]
    assert found["gmean"] == threshold_numbers(data, "cnn")["gmean"]
    page = build_report(data, plots=["roc"], replicates=5).html
    assert "Before and after calibration" in page
    assert "f1_mcc" in page


def test_the_figures_after_calibration_are_those_of_the_table_of_metrics(report_data):
    model = measure_binary(with_package(report_data), HOW)["models"]["cnn"]
    for name in ("ece", "brier", "log_loss"):
        after = model["calibration"]["after"][name]
        assert [after[end] for end in ("value", "low", "high")] == pytest.approx(
            [model["metrics"][name][end] for end in ("value", "low", "high")]
        )
