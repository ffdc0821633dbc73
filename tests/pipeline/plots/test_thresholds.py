from dataclasses import replace

import numpy as np
import pytest

from pipeline.metrics import confusion
from pipeline.plots import PLOTS


@pytest.mark.replaces("gmadet", "O11")
def test_the_curves_of_f1_and_mcc_are_drawn_from_their_numbers(report_data):
    result = PLOTS["f1_mcc"](report_data)
    f1, mcc = result.figure.axes[0].get_lines()[0], result.figure.axes[0].get_lines()[2]
    assert f1.get_ydata() == pytest.approx(result.table["f1"].to_numpy(), abs=1e-12)
    assert mcc.get_ydata() == pytest.approx(result.table["mcc"].to_numpy(), abs=1e-12)
    peak = result.figure.axes[0].get_lines()[1].get_xdata()[0]
    assert peak == result.table["threshold"][result.table["f1"].idxmax()]


def test_errors_are_those_of_the_rows(report_data):
    rows = report_data.judged("cnn")
    for point in PLOTS["error_rates"](report_data).table.iloc[::40].itertuples():
        at = confusion(rows["label"], rows["score"], point.threshold)
        assert (point.fnr, point.fpr) == pytest.approx((1 - at.recall, at.fpr), abs=1e-9)
        assert point.mmce == pytest.approx((at.false_negatives + at.false_positives) / len(rows), abs=1e-9)


def test_a_night_is_as_pure_and_as_long_as_its_rates_make_it(report_data):
    rows = report_data.judged("cnn")
    for point in PLOTS["purity_completeness"](report_data).table.iloc[:180:30].itertuples():
        at = confusion(rows["label"], rows["score"], point.threshold)
        real, bogus = 1500 * 0.02 * at.recall, 1500 * 0.98 * at.fpr
        assert point.called_real == pytest.approx(real + bogus, abs=1e-9)
        assert point.bogus_among_them == pytest.approx(bogus, abs=1e-9)
        assert point.purity == pytest.approx(real / (real + bogus), abs=1e-9)
        assert point.completeness == pytest.approx(at.recall, abs=1e-12)


def test_without_a_base_rate_or_a_night_it_says_so(report_data):
    none = PLOTS["purity_completeness"](replace(report_data, base_rate=None))
    assert (len(none.table), none.note) == (0, "the survey states no base rate")
    unknown = replace(report_data, candidates_per_night=None)
    result = PLOTS["purity_completeness"](unknown)
    assert np.unique(result.table["candidates"]).tolist() == [1000.0]
    assert "lists are of 1,000" in result.note
