from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as reference

from pipeline.plots import CLASS_PLOTS


@pytest.mark.replaces("4most", "M8")
def test_each_class_has_its_curves_with_lines_of_equal_f1_and_the_point_of_another_choice(class_report_data):
    result = CLASS_PLOTS["class_precision_recall"](class_report_data)
    panel = result.figure.axes[1]
    assert panel.get_title(loc="left") == "BG"
    drawn = {line.get_label(): line for line in panel.get_lines()}
    assert {"mlp", "forest", "colour cuts"} <= set(drawn)
    assert drawn["colour cuts"].get_xydata().tolist() == [[0.5, 0.7]]
    assert {"0.2", "0.9"} <= {text.get_text() for text in panel.texts}


def test_the_area_below_the_drawn_curve_is_that_of_scikit_learn(class_report_data):
    table = CLASS_PLOTS["class_roc"](class_report_data).table
    rows = class_report_data.judged("mlp")
    for index in range(4):
        own = table[(table["model"] == "mlp") & (table["class_index"] == index)]
        expected = reference.roc_auc_score(rows["label"] == index, rows[f"p_{index}"])
        assert np.trapezoid(own["tpr"], own["fpr"]) == pytest.approx(expected)


def test_long_curves_are_thinned_and_keep_their_ends(class_report_data):
    rng = np.random.default_rng(0)
    chances = rng.random(3000)
    rows = pd.DataFrame({"candidate_id": np.arange(3000).astype(str), "label": rng.integers(0, 2, 3000)})
    rows = rows.assign(p_0=1 - chances, p_1=chances)
    data = replace(class_report_data, class_names=("a", "b"), scores={"m": rows}, mistakes=None)
    table = CLASS_PLOTS["class_roc"](data).table
    own = table[table["class_index"] == 1]
    assert len(own) <= 2000
    assert own["tpr"].iloc[[0, -1]].tolist() == [0.0, 1.0]
