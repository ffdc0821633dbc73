"""Maps show the rows that have a place, and bars the features with their errors."""

import numpy as np
import pandas as pd

from pipeline.plots.explained import MOST_FEATURES, importance_of_features, map_of_vectors


def test_a_map_shows_the_rows_of_its_table():
    table = pd.DataFrame({
        "candidate_id": list("abc"), "group": ["mistake", "random", "random"], "label": [0, 1, 1],
        "score": [0.9, 0.8, 0.1], "pca_1": [1.0, 2.0, np.nan], "pca_2": [3.0, 4.0, np.nan],
    })  # fmt: skip
    result = map_of_vectors(table, "pca", ("bogus", "real"), ("x", "y"))
    assert result.table["candidate_id"].tolist() == ["a", "b"]
    by_label = result.figure.axes[0].collections
    assert [np.asarray(one.get_offsets()).tolist() for one in by_label] == [[[1, 3]], [[2, 4]], [[1, 3]]]
    assert map_of_vectors(table[2:], "pca", ("bogus", "real"), ("x", "y")).note


def test_bars_are_the_importance_with_the_most_important_on_top():
    n = MOST_FEATURES + 2
    table = pd.DataFrame({
        "feature": [f"f{place}" for place in range(n)], "importance": np.linspace(1, 0, n), "error": np.full(n, 0.1)
    })  # fmt: skip
    result = importance_of_features(table)
    panel = result.figure.axes[0]
    assert panel.patches[0].get_width() == 1.0
    assert panel.get_yticklabels()[0].get_text() == "f0"
    assert result.note == "2 less important ones are left out"
    assert len(result.table) == n
