from dataclasses import replace

import numpy as np
import pytest

from pipeline.plots import PLOTS
from pipeline.recipes.report import ReportRecipe


@pytest.mark.replaces("psat-ml", "P8")
def test_any_column_is_counted_by_class(report_data):
    named = replace(report_data, drawn=ReportRecipe(columns=("snr", "magnitude"), histogram_bins=10))
    table = PLOTS["column_histograms"](named).table
    rows = report_data.judged("cnn")
    assert table.groupby("column")["n_real"].sum().to_dict() == {"magnitude": 60, "snr": 60}
    snr = table[table["column"] == "snr"]
    assert (snr["low"].iloc[0], snr["high"].iloc[-1]) == pytest.approx(tuple(np.percentile(rows["snr"], [1, 99])))
    middle = snr.iloc[4]
    within = rows["snr"].astype(float).between(middle["low"], middle["high"], inclusive="left")
    assert middle["n_bogus"] == int((within & (rows["label"] == 0)).sum())


def test_a_column_without_numbers_is_told(report_data):
    named = replace(report_data, drawn=ReportRecipe(columns=("<b>none</b>", "snr")))
    result = PLOTS["column_histograms"](named)
    assert result.note == "<b>none</b>: no judged row has a number in it"
    assert set(result.table["column"]) == {"snr"}
