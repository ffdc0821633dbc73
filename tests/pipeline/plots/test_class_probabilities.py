import numpy as np
import pytest

from pipeline.plots import CLASS_PLOTS


@pytest.mark.replaces("4most", "M8")
def test_abstention_shows_precision_and_a_recall_that_counts_dropped_rows(class_report_data):
    result = CLASS_PLOTS["abstention"](class_report_data)
    panel = result.figure.axes[1]
    assert [line.get_label() for line in panel.get_lines()] == ["precision", "recall", "recall of kept rows"]
    assert result.table.groupby("class", sort=False).size().tolist() == [20] * 4
    shares = result.table["recall"] / result.table["recall_of_kept"]
    known = shares.notna()
    np.testing.assert_allclose(shares[known], (result.table["n_kept"] / result.table["n_class"])[known])


def test_reliability_has_a_panel_for_the_called_and_every_class(class_report_data):
    result = CLASS_PLOTS["class_reliability"](class_report_data)
    assert [axes.get_title(loc="left") for axes in result.figure.axes] == [
        "the called class",
        *class_report_data.class_names,
    ]
    counts = result.table.groupby(["model", "class"])["n"].sum()
    assert set(counts) == {len(class_report_data.judged("mlp"))}
