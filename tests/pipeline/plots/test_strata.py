from dataclasses import replace

import numpy as np
import pytest

from pipeline.plots import PLOTS


def test_recall_by_magnitude_counts_every_real_of_each_sign_once(report_data):
    table = PLOTS["recall_magnitude"](report_data).table
    reals = report_data.judged("cnn").query("label == 1")
    found = table[table["model"] == "cnn"].groupby("flux_sign")["n_real"].sum()
    assert found.to_dict() == reals["flux_sign"].value_counts().to_dict()


def test_recall_of_a_kind_is_the_share_above_the_models_own_threshold(report_data):
    table = PLOTS["recall_kind"](report_data).table.set_index(["model", "column", "stratum"])
    rows = report_data.judged("features").query("kind == 'mover'")
    assert table.loc[("features", "kind", "mover"), "recall"] == pytest.approx((rows["score"] >= 0.4).mean())


def test_reals_of_unknown_sign_have_a_panel_beside_the_others(report_data):
    unknown = {
        name: rows.assign(flux_sign=np.where(np.arange(len(rows)) % 10 < 5, 0, rows["flux_sign"]))
        for name, rows in report_data.scores.items()
    }
    data = replace(report_data, scores=unknown)
    result = PLOTS["recall_magnitude"](data)
    titles = [axes.get_title() or axes.get_title(loc="left") for axes in result.figure.axes]
    assert titles == ["positive difference", "negative difference", "sign not known"]
    assert set(result.table["flux_sign"]) == {1, -1, 0}
    assert {"0", "1", "-1"} <= set(PLOTS["recall_kind"](data).table["stratum"])


def test_a_figure_by_sign_of_unknown_signs_alone_is_not_empty(report_data):
    unknown = {name: rows.assign(flux_sign=0) for name, rows in report_data.scores.items()}
    result = PLOTS["recall_magnitude"](replace(report_data, scores=unknown))
    assert (result.note, set(result.table["flux_sign"])) == ("", {0})


@pytest.mark.parametrize("sign", [None, np.nan, 77, "unknown"])
def test_a_sign_that_nobody_stated_is_not_known(report_data, sign):
    rows = report_data.scores["cnn"]
    rows = rows.drop(columns="flux_sign") if sign is None else rows.assign(flux_sign=sign)
    result = PLOTS["recall_magnitude"](replace(report_data, scores={"cnn": rows}))
    assert (result.note, set(result.table["flux_sign"])) == ("", {0})
