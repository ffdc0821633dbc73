"""The report of a regressor: its page, its numbers, its figures and what it warns of."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from html_pages import Page

from pipeline.errors import InputError
from pipeline.metrics.redshift_residuals import REDSHIFT_METRICS
from pipeline.plots.regression_data import REGRESSION_PLOTS, RegressionReportData
from pipeline.redshifts.binned_pdfs import BinnedPdfs
from pipeline.report import build_report
from pipeline.report.regression import REGRESSION_REPORT_PLOTS
from pipeline.report.regression.caveats import regression_caveats

EDGES = np.linspace(0.0, 2.0, 101)
ROWS = 400


def model(spread, seed, *, narrow=1.0):
    """Return rows and distributions of a regressor whose error is ``spread``, and states ``narrow`` times that."""
    truth = np.random.default_rng(5).uniform(0.2, 1.5, ROWS)
    rng = np.random.default_rng(seed)
    value = truth + rng.normal(0, spread, ROWS)
    height = np.exp(-0.5 * ((0.5 * (EDGES[1:] + EDGES[:-1]) - value[:, None]) / (narrow * spread)) ** 2)
    half = 1.645 * narrow * spread
    rows = pd.DataFrame({
        "candidate_id": [f"g{row}" for row in range(ROWS)], "object_id": "", "night": "all", "label_source": "target",
        "split": np.repeat([0, 1, 2, 2], ROWS // 4), "magnitude": 18 + 3 * truth, "target": truth, "value": value,
        "q05": value - half, "q95": value + half, "low": value - half, "high": value + half,
    })  # fmt: skip
    return rows, BinnedPdfs.of(EDGES, height)


def data_of(**models):
    return RegressionReportData(
        title="photoz <b>x</b>",
        survey="toy",
        scores={name: rows for name, (rows, _) in models.items()},
        pdfs={name: pdfs for name, (_, pdfs) in models.items()},
        miscoverage=dict.fromkeys(models, 0.1),
        notes=("Drawn.",),
    )


@pytest.fixture(scope="module")
def report():
    rows, pdfs = model(0.04, 1)
    rows.loc[ROWS - 1, ["value", "low", "high"]] = np.nan
    rows.loc[ROWS - 2, "target"] = np.nan
    return build_report(data_of(network=(rows, pdfs), boosting=model(0.08, 2)), replicates=40, seed=1,
                        provenance={"task": "PlotResults"})  # fmt: skip


@pytest.mark.replaces("4most", "M12")
def test_measures_and_differences_are_those_of_the_judged_part(report):
    own = report.metrics["models"]["network"]
    assert set(own["metrics"]) == set(REDSHIFT_METRICS)
    assert own["metrics"]["bias"]["n"] == ROWS // 2 - 2
    assert 0.015 < own["metrics"]["sigma_nmad"]["value"] < 0.03
    assert set(own["parts"]) == {"train", "validation"}
    apart = report.metrics["differences"]["boosting"]
    assert apart["n"] == ROWS // 2 - 2
    assert apart["metrics"]["sigma_nmad"]["high"] < 0, "the network is better"
    other = report.metrics["models"]["boosting"]["metrics"]["crps"]["value"]
    assert apart["metrics"]["crps"]["value"] == pytest.approx(own["metrics"]["crps"]["value"] - other, abs=2e-3)
    counts = report.metrics["counts"]
    assert (counts["judged"], counts["labelled_not_scored"], counts["unlabelled_in_part"]) == (ROWS // 2 - 2, 1, 1)
    json.dumps(report.metrics, allow_nan=False)


def test_coverage_of_test_and_validation_rows_is_stated_with_what_was_promised(report):
    found = report.metrics["models"]["network"]["coverage"]
    assert list(found) == ["test", "validation"]
    assert found["test"]["promised"] == pytest.approx(0.9)
    assert found["test"]["coverage_low"] < 0.9 < found["test"]["coverage_high"]
    assert found["test"]["width"] == pytest.approx(2 * 1.645 * 0.04)


def test_the_page_is_whole_and_says_what_it_is_of(report):
    page = Page(report.html)
    assert page.open == []
    assert all(link[1:] in page.ids for link in page.links if link.startswith("#"))
    assert "<b>x</b>" not in report.html
    text = " ".join(page.text.split())
    assert f"judged on {ROWS // 2 - 2} labelled rows (part: test)" in text
    assert "network − boosting" in text
    assert "Conformal intervals" in text
    assert "Largest residuals" in text
    assert "near 0" in text
    bias = report.metrics["models"]["network"]["metrics"]["bias"]["value"]
    assert f"{bias:.4f}".replace("-", "−") in text, "three decimals would hide a bias"


def test_every_figure_is_drawn_with_its_numbers(report):
    assert tuple(report.figures) == REGRESSION_REPORT_PLOTS
    assert set(REGRESSION_REPORT_PLOTS) == set(REGRESSION_PLOTS)
    assert not any(figure.table.empty for figure in report.figures.values())
    coverage = report.figures["interval_coverage"].table
    assert set(coverage["by"]) == {"spectroscopic redshift", "magnitude (mag)"}
    assert coverage.groupby(["model", "by"])["n"].sum().min() >= ROWS // 2 - 2


def test_rows_without_target_or_magnitude_still_make_a_page():
    rows, pdfs = model(0.04, 1)
    few = data_of(network=(rows.drop(columns=["split", "magnitude"]).assign(target=np.nan), pdfs))
    report = build_report(few, replicates=10)
    assert report.metrics["counts"]["judged"] == 0
    assert Page(report.html).open == []


def test_wrong_distributions_and_intervals_are_warned_of():
    report = build_report(data_of(network=model(0.04, 1, narrow=0.4)), replicates=40)
    words = " ".join(regression_caveats(report.metrics))
    assert "where 90.0 % were promised" in words
    assert "do not take the probabilities of redshifts as they are" in words
    validation = data_of(network=model(0.04, 1))
    rows = {"network": validation.scores["network"].assign(split=1)}
    words = regression_caveats(build_report(replace(validation, scores=rows), replicates=10).metrics)
    assert words[0].startswith("There are no test rows: these are validation rows")


def test_a_table_without_a_column_is_refused():
    rows, pdfs = model(0.04, 1)
    with pytest.raises(InputError, match="network: column 'low' is missing"):
        data_of(network=(rows.drop(columns="low"), pdfs))
