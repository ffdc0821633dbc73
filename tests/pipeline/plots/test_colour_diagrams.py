"""Where in a plane of two colours each class is found, missed and contaminated."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pipeline.plots import CLASS_PLOTS
from pipeline.plots import colour_diagrams as module
from pipeline.plots.class_data import ColourDiagram


def with_diagrams(data, n=1):
    rows = data.judged("mlp")
    points = pd.DataFrame({
        "candidate_id": rows["candidate_id"], "x": rows["label"] + 0.25, "y": np.linspace(0, 1, len(rows))
    })  # fmt: skip
    points.loc[:4, "y"] = np.nan
    return replace(data, diagrams=tuple(ColourDiagram(x="g - r", y=f"r - z + {i}", points=points) for i in range(n)))


def test_each_class_has_a_panel_that_tells_found_missed_and_foreign_rows(class_report_data):
    result = CLASS_PLOTS["colour_diagrams"](with_diagrams(class_report_data, 2))
    rows = class_report_data.judged("mlp").iloc[5:]
    called = class_report_data.chances(rows).argmax(axis=1)
    assert len(result.figure.axes) == 8
    assert len(result.table) == 2 * len(rows)
    first = {drawn.get_label(): len(drawn.get_offsets()) for drawn in result.figure.axes[1].collections}
    own, so_called = rows["label"].to_numpy() == 1, called == 1
    assert first == {
        "other": (~own & ~so_called).sum(), "found": (own & so_called).sum(),
        "of another class": (~own & so_called).sum(), "missed": (own & ~so_called).sum(),
    }  # fmt: skip
    assert result.figure.axes[1].get_xlabel() == "g - r"
    assert "5 rows lack a colour of g - r against r - z + 0" in result.note


def test_large_classes_are_thinned_evenly_and_small_ones_are_whole(class_report_data, monkeypatch):
    monkeypatch.setattr(module, "MOST_OF_CLASS", 15)
    result = CLASS_PLOTS["colour_diagrams"](with_diagrams(class_report_data))
    counts = class_report_data.judged("mlp").iloc[5:]["label"].value_counts()
    expected = {name: min(15, counts[index]) for index, name in enumerate(class_report_data.class_names)}
    assert result.table["truth"].value_counts().to_dict() == expected
    assert result.note.endswith("of a class, about 15 rows are shown")


def test_without_planes_or_points_there_is_a_note(class_report_data):
    assert "the survey names none" in CLASS_PLOTS["colour_diagrams"](class_report_data).note
    nothing = ColourDiagram(x="a", y="b", points=pd.DataFrame({"candidate_id": ["?"], "x": [1.0], "y": [1.0]}))
    result = CLASS_PLOTS["colour_diagrams"](replace(class_report_data, diagrams=(nothing,)))
    assert result.note == "no judged row has both colours"
    assert result.table.empty
