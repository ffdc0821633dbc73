import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.io.results.scores_file import ScoresWriter, concatenate, read_scores, require_score
from pipeline.io.results.value_columns import distributions, value_columns

EDGES = [0.0, 0.5, 2.0]


def rows(names, split):
    numbers = {name: 0.7 for name, kind in value_columns(2).items() if kind == "float64"}
    texts = {name: "x" for name, kind in value_columns(2).items() if kind == "text"}
    masses = {"m_0": np.float32(0.25), "m_1": np.float32(0.75)}
    return pd.DataFrame({"candidate_id": list(names)}).assign(
        **(texts | {"candidate_id": list(names)}), **numbers, **masses, split=np.int8(split), flags=np.int32(0)
    )


def written(path, names="ab", split=2):
    about = {"edges": EDGES, "miscoverage": 0.1}
    with ScoresWriter(path, value_columns(2), {"task": "Infer"}, distributions=about) as writer:
        writer.append(rows(names, split))
    return path


def test_values_come_back_with_their_distributions(tmp_path):
    path = written(tmp_path / "v.parquet")
    found = read_scores(path)
    assert found["candidate_id"].tolist() == ["a", "b"]
    assert found["score"].isna().all(), "there is no score of a real"
    pdfs, miscoverage = distributions(path, found)
    assert (pdfs.edges.tolist(), pdfs.masses.tolist(), miscoverage) == (EDGES, [[0.25, 0.75]] * 2, 0.1)


def test_folds_are_put_together_with_what_they_say_of_the_bins(tmp_path):
    parts = [written(tmp_path / "1.parquet", "ba"), written(tmp_path / "2.parquet", "c"),
             written(tmp_path / "3.parquet", "d", split=0)]  # fmt: skip
    concatenate(tmp_path / "all.parquet", parts, split=2, provenance={})
    found = read_scores(tmp_path / "all.parquet")
    assert found["candidate_id"].tolist() == ["a", "b", "c"]
    assert distributions(tmp_path / "all.parquet", found)[0].edges.tolist() == EDGES


def test_what_wants_the_score_of_a_real_refuses_values(tmp_path):
    path = written(tmp_path / "v.parquet")
    with pytest.raises(InputError, match="has the values of a regressor; allowed for objects: scores of two classes"):
        require_score(read_scores(path), path, "objects")


def test_scores_without_bins_are_refused(tmp_path):
    with ScoresWriter(tmp_path / "p.parquet", value_columns(2), {}) as writer:
        writer.append(rows("a", 2))
    with pytest.raises(InputError, match="does not state the bins of its distributions"):
        distributions(tmp_path / "p.parquet", read_scores(tmp_path / "p.parquet"))
    with pytest.raises(InputError, match=r"is a CSV file, which states no bins"):
        distributions(tmp_path / "p.csv", rows("a", 2))
    path = written(tmp_path / "v.parquet")
    with pytest.raises(InputError, match="has 2 bins and no column 'm_1'"):
        distributions(path, read_scores(path).drop(columns="m_1"))
