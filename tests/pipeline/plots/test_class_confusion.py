import numpy as np
import pytest
import sklearn.metrics as reference

from pipeline.plots import CLASS_PLOTS


@pytest.mark.replaces("galaxy10", "Z6")
@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_each_part_has_its_matrix_raw_and_normalised_with_the_names_of_the_classes(class_report_data, part):
    table = CLASS_PLOTS["confusion"](class_report_data).table
    own, rows = table[table["part"] == part], class_report_data.rows("mlp", part)
    called = class_report_data.chances(rows).argmax(axis=1)
    counts = own.pivot_table(index="truth", columns="called", values="n", sort=False).to_numpy()
    shares = own.pivot_table(index="truth", columns="called", values="share", sort=False).to_numpy()
    np.testing.assert_array_equal(counts, reference.confusion_matrix(rows["label"], called))
    np.testing.assert_allclose(shares, reference.confusion_matrix(rows["label"], called, normalize="true"))
    assert list(dict.fromkeys(own["truth"])) == list(class_report_data.class_names)


def test_the_figure_writes_the_counts_it_shows(class_report_data):
    result = CLASS_PLOTS["confusion"](class_report_data)
    first = result.figure.axes[0]
    assert "train" in first.get_title(loc="left")
    assert [text.get_text() for text in first.texts] == [str(n) for n in result.table["n"][:16]]
    assert [label.get_text() for label in first.get_yticklabels()] == list(class_report_data.class_names)


@pytest.mark.replaces("4most", "M8")
def test_the_numbers_have_the_confusion_at_twenty_thresholds(class_report_data):
    table = CLASS_PLOTS["confusion_thresholds"](class_report_data).table
    assert table["threshold"].nunique() == 20
    kept = table.groupby("threshold")["n"].sum() / len(class_report_data.judged("mlp"))
    np.testing.assert_allclose(kept, table.groupby("threshold")["kept"].first())
