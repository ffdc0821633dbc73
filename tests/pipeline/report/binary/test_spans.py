"""Models are judged in each span of time by themselves, without rates where a class has few rows."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline.errors import SettingsError
from pipeline.io.settings_files import ROOT
from pipeline.plots.data import ReportData
from pipeline.report import build_report
from pipeline.settings import parse
from pipeline.surveys.settings import SurveySettings

NIGHTS = ("2020-06-28", "2020-06-29", "2020-06-30", "2020-07-15")


def table_of(auc_before, auc_after, bogus=(60, 20)):
    """Return rows of which a share of the reals scores above all bogus, in each span, and the others below all."""
    tables = []
    for nights, auc, number in zip((NIGHTS[:2], NIGHTS[2:]), (auc_before, auc_after), bogus, strict=True):
        real = pd.DataFrame({"label": 1, "score": np.where(np.arange(100) < 100 * auc, 0.9, 0.1)})
        rows = pd.concat([real, pd.DataFrame({"label": 0, "score": np.full(number, 0.5)})], ignore_index=True)
        tables.append(rows.assign(night=np.resize(nights, len(rows))))
    table = pd.concat(tables, ignore_index=True)
    return table.assign(candidate_id=[f"c{row}" for row in range(len(table))])


def spans_of(*, spans=("2020-06-30",), **models):
    data = ReportData(title="t", survey="toy", scores=models, spans=spans)
    return build_report(data, plots=["roc"], replicates=20)


def test_each_model_has_the_auc_of_each_span_and_rates_only_where_a_class_has_fifty_rows():
    report = spans_of(own=table_of(0.9, 0.8), other=table_of(0.7, 0.95))
    before, after = report.metrics["spans"].values()
    assert list(report.metrics["spans"]) == ["before 2020-06-30", "since 2020-06-30"]
    assert (before["since"], before["before"], before["n_real"], before["n_bogus"]) == ("", "2020-06-30", 100, 60)
    assert (after["since"], after["before"], after["n_real"], after["n_bogus"]) == ("2020-06-30", "", 100, 20)
    found = [[span["models"][model]["auc"]["value"] for model in ("own", "other")] for span in (before, after)]
    np.testing.assert_allclose(found, [[0.9, 0.7], [0.8, 0.95]])
    assert before["models"]["own"]["mdr_at_fpr_5pc"]["value"] == pytest.approx(0.1)
    assert after["models"]["own"]["mdr_at_fpr_5pc"]["reason"] == "fewer than 50 rows of a class"
    assert after["models"]["own"]["auc"]["low"] < 0.8 < after["models"]["own"]["auc"]["high"]
    assert "before 2020-06-30" in report.html
    assert "since 2020-06-30" in report.html


def test_rows_of_no_known_night_are_in_no_span():
    table = table_of(0.9, 0.8)
    table.loc[0, "night"] = ""
    assert [span["n_real"] for span in spans_of(own=table).metrics["spans"].values()] == [99, 100]


def test_without_dates_or_nights_there_are_no_spans():
    assert "spans" not in spans_of(own=table_of(0.9, 0.8), spans=()).metrics
    report = spans_of(own=table_of(0.9, 0.8).drop(columns="night"))
    assert "spans" not in report.metrics
    assert 'id="spans"' not in report.html


@pytest.mark.parametrize(
    ("spans", "said"),
    [
        (["30.6.2020"], "spans has '30.6.2020'; allowed: nights such as \"2020-06-30\""),
        (["2020-06-31"], "spans has '2020-06-31'; allowed"),
        (["2020-06-30", "2019-01-01"], "allowed: nights in order, each once"),
    ],
)
def test_what_is_no_list_of_nights_in_order_is_refused(spans, said):
    stated = yaml.safe_load((ROOT / "config/surveys/ztf_alerts.yaml").read_text())
    settings = parse(SurveySettings, stated, "surveys/ztf_alerts.yaml")
    assert settings.spans == ("2020-06-30",)
    with pytest.raises(SettingsError, match=re.escape(said)):
        replace(settings, spans=tuple(spans))
