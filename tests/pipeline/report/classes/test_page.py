import json
from dataclasses import replace

import numpy as np
import pytest
from html_pages import Page

from pipeline.plots import CLASS_PLOTS, Mistakes
from pipeline.report import build_report
from pipeline.report.classes import CLASS_REPORT_PLOTS


@pytest.fixture(scope="module")
def report(class_report_data):
    return build_report(class_report_data, replicates=30, seed=3, provenance={"task": "PlotResults"})


def test_the_page_has_every_figure_of_the_registry(report):
    assert sorted(CLASS_REPORT_PLOTS) == list(CLASS_PLOTS)
    assert list(report.figures) == list(CLASS_REPORT_PLOTS)


def test_the_page_is_well_formed_loads_nothing_and_its_links_lead_somewhere(report):
    page = Page(report.html)
    assert page.open == []
    assert all(link[1:] in page.ids for link in page.links if link.startswith("#"))
    assert "http" not in report.html
    assert "<script" not in report.html
    assert all(len(image["alt"]) > 30 and image["width"] and image["height"] for image in page.images)


def test_what_comes_from_data_is_escaped(report):
    assert "<b>small</b>" not in report.html
    assert "<QSO>" not in report.html
    assert "&lt;QSO&gt;" in report.html


@pytest.mark.replaces("galaxy10", "Z6")
def test_the_page_begins_with_accuracy_and_macro_f1_with_their_intervals(report):
    page = " ".join(Page(report.html).text.split())
    accuracy = report.metrics["models"]["mlp"]["metrics"]["accuracy"]
    assert f"Accuracy {100 * accuracy['value']:.1f} % {100 * accuracy['low']:.1f} to" in page
    assert "Macro F1 without Others" in page
    assert "mlp − forest" in page
    assert "With weights of the classes fitted on 60 validation rows" in page


def test_numbers_of_the_page_are_plain_json(report):
    assert json.loads(json.dumps(report.metrics, allow_nan=False)) == report.metrics
    assert set(report.metrics["figures"]) == set(CLASS_REPORT_PLOTS)


def test_without_baseline_validation_cutouts_or_labels_there_is_still_a_page(class_report_data):
    rows = class_report_data.scores["mlp"].drop(columns=["split", "magnitude", "night", "group_id"])
    bare = replace(class_report_data, scores={"mlp": rows}, mistakes=None, history={})
    page = Page(build_report(bare, replicates=10).html)
    assert "With weights of the classes" not in page.text
    assert "There is nothing to show in these figures" in page.text
    unlabelled = replace(bare, scores={"mlp": rows.assign(label=-1)})
    assert "no rows" in Page(build_report(unlabelled, replicates=10).html).text


@pytest.mark.replaces("4most", "M9")
def test_vetoes_stand_on_the_page_with_their_condition(class_report_data):
    rows = class_report_data.scores["mlp"].assign(label_decided=0)
    rules = {"vetoes": {"BG": "magnitude < 99"}, "overrides": {"LRG": "z_mass > 0.95"}}
    data = replace(class_report_data, scores={"mlp": rows}, **rules, mistakes=None)
    page = Page(build_report(data, replicates=10).html)
    assert "magnitude < 99" in page.text
    assert "z_mass > 0.95" in page.text
    assert "vetoes" in page.ids
    assert page.open == []


def test_confused_rows_of_a_table_stand_on_the_page_with_their_features(class_report_data):
    rows = class_report_data.mistakes.rows.assign(g_r=-0.123456, w=np.nan)
    mistakes = Mistakes(rows=rows, cutouts=None, features=("g_r", "magnitude", "w"))
    page = Page(build_report(replace(class_report_data, mistakes=mistakes), plots=["gallery"], replicates=2).html)
    text = " ".join(page.text.split())
    assert "magnitudeg_rw" in text
    assert f"{rows['magnitude'].iloc[0]:.2f}−0.12346" in text
    assert "compare the features with those of other rows" in text
    assert page.images == []
