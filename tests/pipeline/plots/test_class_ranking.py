from dataclasses import replace

import numpy as np
import pytest

from pipeline.plots import CLASS_PLOTS


def test_each_class_has_its_recall_among_the_first(class_report_data):
    result = CLASS_PLOTS["class_recall_at"](class_report_data)
    rows = class_report_data.judged("mlp")
    own = result.table[(result.table["model"] == "mlp") & (result.table["class_index"] == 1)]
    assert own["places"].iloc[[0, -1]].tolist() == [1, len(rows)]
    assert own["recall"].iloc[-1] == 1.0
    order = np.argsort(-rows["p_1"].to_numpy())
    for places, recall in zip(own["places"], own["recall"], strict=True):
        assert recall == pytest.approx(
            (rows["label"].to_numpy()[order[:places]] == 1).sum() / (rows["label"] == 1).sum()
        )
    assert ((own["low"] <= own["recall"] + 1e-9) & (own["recall"] <= own["high"] + 1e-9)).all()
    labels = [line.get_label() for line in result.figure.axes[1].get_lines()]
    assert labels == ["mlp", "best possible", "forest"]


def test_without_labelled_rows_it_says_so(class_report_data):
    rows = class_report_data.scores["mlp"].assign(label=-1)
    result = CLASS_PLOTS["class_recall_at"](replace(class_report_data, scores={"mlp": rows}, mistakes=None))
    assert result.note.startswith("mlp: no labelled, scored rows")
    assert not len(result.table)
