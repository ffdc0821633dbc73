import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from html_pages import Page

from pipeline.datasets.leakage import Separation
from pipeline.errors import UnknownNameError
from pipeline.metrics import METRICS
from pipeline.plots import PLOTS, Mistakes, ReportData
from pipeline.recipes.report import ReportRecipe
from pipeline.report import build_report
from pipeline.report.binary import DEFAULT_PLOTS


@pytest.fixture(scope="module")
def built():
    return {}


@pytest.fixture
def report(report_data, built):
    if "report" not in built:
        built["report"] = build_report(
            report_data, replicates=60, seed=3, provenance={"task": "PlotResults", "code": {"dirty": False}}
        )
    return built["report"]


def test_the_page_is_well_formed_and_its_own_links_lead_somewhere(report):
    page = Page(report.html)
    assert page.open == []
    assert all(link[1:] in page.ids for link in page.links if link.startswith("#"))
    files = {f"figures/{name}.png" for name in report.figures} | {f"tables/{name}.csv" for name in report.figures}
    assert {link for link in page.links if not link.startswith("#")} <= files | {"metrics.json"}


def test_nothing_is_fetched_from_elsewhere(report):
    assert "http" not in report.html
    assert "<script" not in report.html
    assert "url(" not in report.html


def test_every_image_says_in_words_what_it_shows(report):
    images = Page(report.html).images
    assert len(images) == sum(not figure.table.empty for figure in report.figures.values())
    assert all(len(image["alt"]) > 30 and image["width"] and image["height"] for image in images)


def test_what_comes_from_data_is_escaped(report):
    assert "<b>small</b>" not in report.html
    assert "cnn on a &lt;b&gt;small&lt;/b&gt; sky" in report.html


def test_the_page_states_rows_groups_nights_and_both_models(report):
    text = " ".join(Page(report.html).text.split())
    assert "judged on 180 labelled rows (part: test)" in text
    assert "in 80 independent groups from 4 nights (2026-01-01 to 2026-01-04)" in text
    assert "cnn − features" in text
    assert "mdr: at most 1 % of the validation reals missed" in text
    assert "2.0 % of the survey's candidates" in text


def test_metrics_json_holds_every_metric_with_its_interval(report):
    for model in ("cnn", "features"):
        metrics = report.metrics["models"][model]["metrics"]
        assert set(metrics) == set(METRICS)
        assert all(entry["low"] <= entry["value"] <= entry["high"] for entry in (metrics["auc"], metrics["brier"]))
        assert metrics["auc"]["n"] == 180
        assert metrics["auc"]["n_groups"] == 80
    assert set(report.metrics["differences"]) == {"features"}
    assert report.metrics["differences"]["features"]["metrics"]["auc"]["value"] > 0


def test_metrics_json_is_strict_json_and_repeats_itself(report, report_data):
    text = json.dumps(report.metrics, allow_nan=False)
    again = build_report(
        report_data,
        plots=DEFAULT_PLOTS[:0],
        replicates=60,
        seed=3,
        provenance={"task": "PlotResults", "code": {"dirty": False}},
    )
    loaded = json.loads(text)
    del loaded["figures"], again.metrics["figures"]
    assert loaded == again.metrics
    assert loaded["schema"] == 1
    assert loaded["provenance"]["task"] == "PlotResults"


def test_another_seed_moves_the_intervals_and_not_the_values(report, report_data):
    other = build_report(report_data, plots=(), replicates=60, seed=4).metrics["models"]["cnn"]["metrics"]["auc"]
    auc = report.metrics["models"]["cnn"]["metrics"]["auc"]
    assert other["value"] == auc["value"]
    assert other["low"] != auc["low"]


def test_the_other_parts_and_the_strata_stand_beside(report):
    cnn = report.metrics["models"]["cnn"]
    assert cnn["parts"]["train"]["metrics"]["auc"]["n"] == 60
    assert {row["column"] for row in cnn["strata"]} >= {"kind", "label_source", "flux_sign", "magnitude"}
    assert cnn["injection_gap"]["value"] is not None
    assert report.metrics["column_alone"]["magnitude"] < 0.65


def test_the_nightly_numbers_follow_from_the_rates(report):
    cnn = report.metrics["models"]["cnn"]
    recall, fpr = cnn["at_threshold"]["recall"]["value"], cnn["at_threshold"]["fpr"]["value"]
    survey = cnn["survey"]
    assert survey["called_real_per_night"] == pytest.approx(1500 * (0.02 * recall + 0.98 * fpr))
    assert survey["expected_purity"] == pytest.approx(0.02 * recall / (0.02 * recall + 0.98 * fpr))


def test_models_are_compared_on_the_rows_that_both_scored(report_data):
    partial = report_data.scores["features"].copy()
    partial.loc[::2, "score"] = np.nan
    data = dataclasses.replace(report_data, scores={"cnn": report_data.scores["cnn"], "rb": partial})
    metrics = build_report(data, plots=(), replicates=20).metrics
    assert metrics["differences"]["rb"]["n"] == len(data.judged("rb")) < len(data.judged("cnn"))


def test_what_the_data_set_dropped_for_shared_pixels_stands_on_the_page(report_data):
    facts = {"divided_by": "groups", "overlapping_share": 0.031, "lost_share": 0.029, "training": 12, "validation": 3}
    separation = Separation(**facts, unplaced=0, cells=0, cell_arcsec=0.0)
    built = build_report(dataclasses.replace(report_data, separations=[separation]), plots=["roc"], replicates=5)
    assert built.metrics["separations"] == [separation.facts()]
    assert f"Data set: {separation.words()}." in Page(built.html).text
    assert "12 training rows (2.9 %) and 3 validation rows that overlap another part were dropped" in separation.words()
    assert "with 3.1 % of the training rows overlapping another part" in separation.words()


def test_a_psf_that_misses_the_stars_is_a_caveat_of_the_report(report_data):
    rows = report_data.psfs.rows.assign(residual_fraction=[0.02, 0.26], chi2=[1.1, 62.0])
    poor = dataclasses.replace(report_data, psfs=dataclasses.replace(report_data.psfs, rows=rows))
    report = build_report(poor, plots=(), replicates=5)
    assert report.metrics["psfs"]["poor"] == 1
    assert "into 1 of 2 images with a PSF that puts more than 10 %" in " ".join(Page(report.html).text.split())
    good = dataclasses.replace(report_data, psfs=dataclasses.replace(report_data.psfs, rows=rows.iloc[:1]))
    assert "images with a PSF" not in build_report(good, plots=(), replicates=5).html


def test_nights_scored_as_a_whole_are_counted(report_data):
    table = report_data.scores["cnn"]
    night = table.head(50).assign(split=-1, label=-1, night="2026-02-01", candidate_id=[f"n{i}" for i in range(50)])
    data = dataclasses.replace(report_data, scores={"cnn": pd.concat([table, night], ignore_index=True)})
    report = build_report(data, plots=(), replicates=5)
    assert report.metrics["counts"]["called_real_by_night"]["2026-02-01"]["candidates"] == 50
    assert report.metrics["counts"]["judged"] == 180
    assert "Nights scored as a whole" in report.html


@pytest.mark.parametrize("rows", [slice(0, 0), slice(0, 1), slice(1, None, 2)])
def test_a_report_of_too_little_says_so_instead_of_failing(report_data, rows):
    table = report_data.scores["cnn"].iloc[rows]
    report = build_report(ReportData(title="t", survey="s", scores={"cnn": table}), replicates=5)
    assert "most metrics need both" in report.html
    assert "There is nothing to show in these figures:" in report.html
    json.dumps(report.metrics, allow_nan=False)


def test_an_unknown_plot_is_named_before_anything_is_computed(report_data):
    with pytest.raises(UnknownNameError, match="did you mean 'roc'"):
        build_report(report_data, plots=["rock"], replicates=10**9)


def test_all_plots_are_in_a_report_by_default():
    assert set(DEFAULT_PLOTS) == set(PLOTS)


def test_a_night_is_counted_with_the_rows_that_were_learned_from(report_data):
    night = report_data.scores["cnn"].head(50).assign(split=-1, night="2026-02-01")
    left_out = {"scores": {"cnn": night.iloc[20:]}, "learned_of_nights": night.iloc[:20], "candidates_per_night": None}
    metrics = build_report(dataclasses.replace(report_data, **left_out), plots=(), replicates=5).metrics
    called = int((night["score"] >= 0.5).sum())
    assert metrics["counts"]["called_real_by_night"] == {"2026-02-01": {"candidates": 50, "called_real": called}}
    assert metrics["models"]["cnn"]["survey"]["candidates_per_night"] == 50
    assert metrics["counts"]["judged"] == 30


def test_mistakes_of_a_table_are_told_by_their_features(report_data):
    rows = report_data.mistakes.rows.assign(skew=1234567.0)
    data = dataclasses.replace(report_data, mistakes=Mistakes(rows=rows, cutouts=None, features=("skew",)))
    page = Page(build_report(data, plots=["gallery"], replicates=2).html)
    assert page.text.count("1.2346e+06") == len(rows)
    assert page.images == []
    assert "look at the cutouts" not in page.text


def test_a_recipe_decides_figures_intervals_and_words(report, report_data):
    recipe = ReportRecipe(
        plots=("score_histogram", "mdr_fpr"), interval_level=0.95, guides=(0.04,), histogram_bins=7, panel_label="DR1"
    )
    other = build_report(dataclasses.replace(report_data, drawn=recipe), replicates=60, seed=3)
    assert list(other.figures) == ["score_histogram", "mdr_fpr"]
    assert len(other.figures["score_histogram"].table) == 7 * 2
    wide, narrow = (one.metrics["models"]["cnn"]["metrics"]["auc"] for one in (other, report))
    assert wide["value"] == narrow["value"]
    assert wide["low"] < narrow["low"]
    assert set(other.metrics["models"]["cnn"]["at_rates"]) == {"fpr_0.04", "mdr_0.04"}
    text = " ".join(Page(other.html).text.split())
    assert "95 % intervals" in text
    assert "Grey lines: 4 %." in text
    assert "4 % of the reals are missed" in text
    assert all(result.figure.get_suptitle() == "DR1" for result in other.figures.values())
