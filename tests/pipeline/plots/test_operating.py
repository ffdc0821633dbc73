from dataclasses import replace

import numpy as np
import pytest

from pipeline.metrics import METRICS, confusion
from pipeline.plots import PLOTS


def test_the_curve_drawn_has_the_area_that_the_metric_states(report_data):
    table = PLOTS["roc"](report_data).table
    rows = report_data.judged("cnn")
    curve = table[table["model"] == "cnn"]
    area = np.trapezoid(curve["tpr"], curve["fpr"])
    assert area == pytest.approx(METRICS["auc"](rows["label"], rows["score"]), abs=1e-9)


def test_thinning_a_long_curve_keeps_its_ends_and_its_area(report_data, monkeypatch):
    whole = PLOTS["mdr_fpr"](report_data).table
    monkeypatch.setattr("pipeline.plots.operating.MOST_POINTS", 15)
    thin = PLOTS["mdr_fpr"](report_data).table
    for model in ("cnn", "features"):
        few, many = thin[thin["model"] == model], whole[whole["model"] == model]
        assert len(few) <= 15 < len(many)
        assert few["fpr"].iloc[[0, -1]].tolist() == [0.0, 1.0]
        assert np.trapezoid(few["tpr"], few["fpr"]) == pytest.approx(np.trapezoid(many["tpr"], many["fpr"]), abs=0.03)


def test_purity_at_the_base_rate_is_below_the_precision_of_a_balanced_sample(report_data):
    table = PLOTS["precision_recall"](report_data).table.dropna()
    assert (table["purity_at_base_rate"] <= table["precision"] + 1e-12).all()
    assert table["purity_at_base_rate"].iloc[-1] == pytest.approx(report_data.base_rate)


def test_the_scan_agrees_with_the_confusion_at_each_threshold(report_data):
    rows = report_data.judged("cnn")
    for point in PLOTS["threshold_scan"](report_data).table.iloc[::40].itertuples():
        at = confusion(rows["label"], rows["score"], point.threshold)
        assert (point.recall, point.rejection) == pytest.approx((at.recall, 1 - at.fpr))


def test_train_rows_are_in_no_curve(report_data):
    table = PLOTS["roc"](report_data).table
    assert table.loc[table["model"] == "cnn", "n"].unique().tolist() == [180]


def marks(panel):
    """Return the places of the stored thresholds."""
    return [tuple(float(x[0]) for x in line.get_data()) for line in panel.lines if line.get_linestyle() == "None"]


def test_a_threshold_that_finds_less_than_the_zoom_shows_is_not_drawn_at_its_frame(report_data):
    data = replace(report_data, thresholds={"cnn": 0.5, "features": 1.0})
    whole, zoom = PLOTS["roc"](data).figure.axes
    assert marks(whole)[1][1] < zoom.get_ylim()[0]
    assert len(marks(zoom)) == 1
    assert marks(zoom)[0][1] == marks(whole)[0][1]
