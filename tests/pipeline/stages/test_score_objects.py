"""Scores of objects from those of their images, and the history that says which of these count."""

import numpy as np
import pandas as pd
import pytest

from pipeline.io.results.object_history import read_history
from pipeline.io.results.schema import SCORE_COLUMNS
from pipeline.io.results.scores_file import ScoresWriter
from pipeline.stages.score_objects import score_objects


@pytest.fixture
def images(make_rows, make_cutouts, tmp_path):
    """Images of one object from a survey whose telescope has no name, three, and from one called ``x``, two."""

    def made(name, telescope, score):
        ids = [f"{name}{number}" for number in range(len(score))]
        rows = make_rows(ids, object_id=["o"] * len(ids), telescope=[telescope] * len(ids))
        table = pd.DataFrame(
            {column: ["" if kind == "text" else 0] * len(ids) for column, kind in SCORE_COLUMNS.items()}
        )
        table = table.assign(candidate_id=ids, object_id="o", score=score, p_0=0.0, p_1=0.0)
        with ScoresWriter(tmp_path / f"{name}.parquet", 2, {}) as writer:
            writer.append(table)
        return tmp_path / f"{name}.parquet", make_cutouts(tmp_path / f"{name}.h5", rows), name

    return [made("a", "", [0.1, 0.2, 0.3, np.nan]), made("b", "x", [0.8, 0.9])]


@pytest.mark.parametrize(("rule", "counting"), [("longest_median", "a0 a1 a2"), ("mean", "a0 a1 a2 b0 b1")])
def test_the_visits_that_count_are_those_of_which_the_score_is_made(images, tmp_path, rule, counting):
    score_objects(tmp_path / "h.parquet", images, rule, {})
    visits = read_history(tmp_path / "h.parquet")
    assert sorted(visits["candidate_id"][visits["counts"]]) == counting.split()
    statistic = "median" if rule == "longest_median" else "mean"
    expected = visits["score"][visits["counts"]].agg(statistic)
    np.testing.assert_allclose(visits["object_score"], expected, rtol=1e-6)
