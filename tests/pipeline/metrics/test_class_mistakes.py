import pandas as pd

from pipeline.metrics.class_mistakes import class_mistakes

ROWS = pd.DataFrame(
    {
        "candidate_id": list("abcdefg"),
        "label": [0, 0, 0, 1, 2, -1, 1],
        "p_0": [0.1, 0.2, 0.9, 0.1, 0.2, 0.9, None],
        "p_1": [0.8, 0.6, 0.05, 0.2, 0.5, 0.05, 0.5],
        "p_2": [0.1, 0.2, 0.05, 0.7, 0.3, 0.05, 0.5],
    }
)


def test_the_commonest_pair_comes_first_and_in_it_the_surest_mistake():
    found = class_mistakes(ROWS, 3)
    assert found["candidate_id"].tolist() == ["a", "b", "d", "e"]
    assert found["called"].tolist() == [1, 1, 2, 1]
    assert found["pair_rows"].tolist() == [2, 2, 1, 1]
    assert found["p_called"].tolist() == [0.8, 0.6, 0.7, 0.5]
    assert found["p_true"].tolist() == [0.1, 0.2, 0.2, 0.3]


def test_each_pair_and_all_together_have_a_most():
    assert class_mistakes(ROWS, 3, of_pair=1)["candidate_id"].tolist() == ["a", "d", "e"]
    assert class_mistakes(ROWS, 3, most=2)["candidate_id"].tolist() == ["a", "b"]


def test_without_mistakes_there_are_no_rows():
    assert class_mistakes(ROWS.iloc[2:3], 3).empty
    assert class_mistakes(ROWS.iloc[:0], 3).empty
