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
