"""The figures of merit of each class, and the grid of panels that figures with one for each class share."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.metrics.class_resampling import class_bootstrap
from pipeline.plots import CLASS_PLOTS


def test_points_have_the_measured_intervals(class_report_data):
    rows = class_report_data.judged("mlp")
    found = class_bootstrap(
        rows["label"], class_report_data.chances(rows), rows["group_id"], replicates=20, rng=np.random.default_rng(0)
    )
    result = CLASS_PLOTS["class_scores"](replace(class_report_data, intervals={"mlp": found}))
    table = result.table.set_index(["model", "class", "metric"])
    entry = table.loc[("mlp", "LRG", "recall")]
    assert (entry["value"], entry["low"]) == (found.per_class[2]["recall"].value, found.per_class[2]["recall"].low)
    assert np.isnan(table.loc[("forest", "LRG", "recall")]["low"])
    assert CLASS_PLOTS["class_scores"](class_report_data).note == "the intervals were not measured"


def test_completeness_and_purity_of_a_bin_are_counted_rows(class_report_data):
    rows = class_report_data.judged("mlp")
    called = class_report_data.chances(rows).argmax(axis=1)
    table = CLASS_PLOTS["class_magnitude"](class_report_data).table
    own = table[(table["class"] == "BG") & (table["measure"] == "purity")]
    assert own["n"].sum() == (called == 1).sum()
    assert (own["value"] * own["n"]).sum() == pytest.approx(((called == 1) & (rows["label"] == 1)).sum())
    whole = table[table["measure"] == "completeness"]
    assert whole["n"].sum() == len(rows)


def test_more_classes_than_panels_are_named_in_the_note(class_report_data):
    rows = class_report_data.scores["mlp"].assign(**{f"p_{index}": 0.0 for index in range(4, 14)})
    names = tuple(f"c{index}" for index in range(14))
    data = replace(class_report_data, class_names=names, scores={"mlp": rows}, mistakes=None)
    result = CLASS_PLOTS["class_magnitude"](data)
    assert result.note == "not shown: c12, c13; the numbers have them"
    assert len(result.figure.axes) == 12
    assert result.table["class"].nunique() == 14


def test_the_training_is_drawn_as_that_of_two_classes(class_report_data):
    assert CLASS_PLOTS["training_history"](class_report_data).table["loss"].tolist() == [1.2, 0.8]
