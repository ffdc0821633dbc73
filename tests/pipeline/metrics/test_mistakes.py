import numpy as np
import pandas as pd

from pipeline.metrics import worst_mistakes


def test_the_furthest_on_the_wrong_side_come_first():
    rows = pd.DataFrame({"label": [0, 0, 1, 1, 1, -1, 0], "score": [0.6, 0.9, 0.1, 0.4, 0.8, 0.0, np.nan]})
    found = worst_mistakes(rows, threshold=0.5)
    assert found["score"].tolist() == [0.9, 0.6, 0.1, 0.4]
    assert found["mistake"].tolist() == ["false alarm", "false alarm", "missed real", "missed real"]
    assert found.index.tolist() == [1, 0, 2, 3]


def test_no_more_than_asked_for_and_none_where_there_are_none():
    rows = pd.DataFrame({"label": [0] * 9, "score": np.linspace(0.5, 0.9, 9)})
    assert len(worst_mistakes(rows, threshold=0.5, per_class=3)) == 3
    assert worst_mistakes(rows, threshold=1.0).empty
