from dataclasses import replace
from typing import get_type_hints

import numpy as np
import pytest
import sklearn.metrics as reference

from pipeline.metrics.class_rows import predicted_class
from pipeline.report.bootstrap import Bootstrap
from pipeline.report.classes.measures import measure_classes, with_intervals
from pipeline.report.classes.numbers import (
    ClassCounts,
    ClassDifference,
    ClassModel,
    ClassNumbers,
    DecisionNumbers,
    OneClass,
    VetoNumbers,
)
from pipeline.report.metrics_json import PartNumbers

HOW = Bootstrap(replicates=40, seed=1)


@pytest.fixture(scope="module")
def numbers(class_report_data):
    return measure_classes(with_intervals(class_report_data, HOW), HOW)


@pytest.mark.replaces("4most", "M8")
def test_macro_means_with_and_without_class_0_and_the_rates_of_each_class_are_those_of_scikit_learn(
    numbers, class_report_data
):
    rows = class_report_data.judged("mlp")
    called = predicted_class(class_report_data.chances(rows))
    model = numbers["models"]["mlp"]
    assert model["metrics"]["macro_f1"]["value"] == pytest.approx(
        reference.f1_score(rows["label"], called, average="macro")
    )
    assert model["metrics"]["macro_f1_without_0"]["value"] == pytest.approx(
        reference.f1_score(rows["label"], called, average="macro", labels=[1, 2, 3])
    )
    recall = reference.recall_score(rows["label"], called, average=None)
    assert [one["metrics"]["recall"]["value"] for one in model["classes"].values()] == pytest.approx(recall.tolist())
    assert len(model["abstention"]) == 20 * 4


@pytest.mark.replaces("galaxy10", "Z6")
def test_every_part_has_its_confusion_matrix(numbers, class_report_data):
    for part in ("train", "validation", "test"):
        rows = class_report_data.rows("mlp", part)
        expected = reference.confusion_matrix(rows["label"], predicted_class(class_report_data.chances(rows)))
        assert numbers["models"]["mlp"]["confusion"][part] == expected.tolist()


def test_the_structure_is_what_the_classes_say(numbers):
    optional = {"unlike_training", "figures", "provenance", "overrides"}
    assert set(numbers) == set(get_type_hints(ClassNumbers)) - optional
    assert set(numbers["counts"]) == set(get_type_hints(ClassCounts))
    model = numbers["models"]["forest"]
    assert set(model) == set(get_type_hints(ClassModel))
    assert set(model["classes"]["BG"]) == set(get_type_hints(OneClass))
    assert set(model["parts"]["train"]) == set(get_type_hints(PartNumbers))
    assert set(model["decision"]) == set(get_type_hints(DecisionNumbers))
    assert set(numbers["differences"]["forest"]) == set(get_type_hints(ClassDifference))
    assert numbers["kind"] == "classes"


def test_equal_seeds_give_equal_numbers(numbers, class_report_data):
    again = measure_classes(class_report_data, HOW)  # measured within
    assert again["models"]["mlp"]["metrics"] == numbers["models"]["mlp"]["metrics"]


def test_differences_are_paired_on_the_rows_that_both_scored(numbers, class_report_data):
    fewer = class_report_data.scores["forest"].iloc[:100]
    data = replace(class_report_data, scores={**class_report_data.scores, "forest": fewer})
    apart = measure_classes(data, HOW)["differences"]["forest"]
    assert apart["n"] == int((fewer["split"] == 2).sum())
    own = numbers["differences"]["forest"]["metrics"]["accuracy"]["value"]
    values = [numbers["models"][name]["metrics"]["accuracy"]["value"] for name in ("mlp", "forest")]
    assert own == pytest.approx(values[0] - values[1])


def test_weights_are_fitted_on_validation_rows_alone(numbers, class_report_data):
    decision = numbers["models"]["mlp"]["decision"]
    assert decision["fitted_on"] == len(class_report_data.rows("mlp", "validation"))
    rows = class_report_data.judged("mlp")
    called = predicted_class(class_report_data.chances(rows), list(decision["weights"].values()))
    expected = reference.f1_score(rows["label"], called, average="macro")
    assert decision["macro_f1"]["value"] == pytest.approx(expected)
    plain = numbers["models"]["mlp"]["metrics"]["macro_f1"]["value"]
    assert decision["macro_f1_gain"]["value"] == pytest.approx(expected - plain)
    held = class_report_data.scores["mlp"][lambda rows: rows["split"] != 1]
    without = measure_classes(replace(class_report_data, scores={"mlp": held}), HOW)
    assert without["models"]["mlp"]["decision"] is None


def test_a_part_without_rows_of_a_class_and_without_any_gives_none_and_reasons(class_report_data):
    rows = class_report_data.scores["mlp"]
    found = measure_classes(replace(class_report_data, scores={"mlp": rows[rows["label"] < 3]}), HOW)
    last = found["models"]["mlp"]["classes"]["<QSO>"]
    assert (last["rows"], last["metrics"]["recall"]["value"]) == (0, None)
    assert last["metrics"]["recall"]["reason"] == "no rows of this class"
    nothing = measure_classes(replace(class_report_data, scores={"mlp": rows.assign(label=-1)}), HOW)
    assert nothing["counts"]["judged"] == 0
    assert nothing["models"]["mlp"]["metrics"]["macro_f1"]["reason"] == "no rows"
    assert not np.isfinite(nothing["counts"]["unlabelled_in_part"]) or nothing["counts"]["unlabelled_in_part"] == 240


@pytest.mark.replaces("4most", "M9")
def test_vetoes_show_the_figures_before_and_after(class_report_data):
    rows = class_report_data.scores["mlp"]
    called = predicted_class(class_report_data.chances(rows))
    decided = np.where((called == 2) & (rows["magnitude"] > 20), 0, called)
    data = replace(
        class_report_data, scores={"mlp": rows.assign(label_decided=decided)}, vetoes={"LRG": "magnitude > 20"}
    )
    found = measure_classes(data, HOW)
    effect = found["models"]["mlp"]["vetoes"]
    assert set(effect) == set(get_type_hints(VetoNumbers))
    judged = data.judged("mlp")
    before = predicted_class(data.chances(judged))
    after = np.where((before == 2) & (judged["magnitude"] > 20), 0, before)
    assert effect["vetoed"] == effect["classes"]["LRG"]["n_vetoed"] == int((before != after).sum()) > 0
    assert effect["macro_f1"]["value"] == pytest.approx(reference.f1_score(judged["label"], after, average="macro"))
    precision = reference.precision_score(judged["label"], after, average=None, zero_division=np.nan)
    assert effect["classes"]["LRG"]["precision_after"] == pytest.approx(precision[2])
    gain = effect["macro_f1"]["value"] - found["models"]["mlp"]["metrics"]["macro_f1"]["value"]
    assert effect["macro_f1_gain"]["value"] == pytest.approx(gain)
    assert found["vetoes"] == {"LRG": "magnitude > 20"}
