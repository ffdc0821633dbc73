"""Scores come in blocks, with ids as text, from a file whose seal was verified first."""

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError, MissingInputError
from pipeline.io.results import score_blocks
from pipeline.io.results.scores_file import ScoresWriter, score_columns

IDS = ["0017", "9007199254740993", "c", "d", "e"]


@pytest.fixture
def path(tmp_path):
    frame = pd.DataFrame({name: ["x"] * 5 if kind == "text" else [1] * 5 for name, kind in score_columns(2).items()})
    with ScoresWriter(tmp_path / "scores.parquet", 2, {}) as writer:
        writer.append(frame.assign(candidate_id=IDS, p_1=np.linspace(0, 1, 5)))
    return tmp_path / "scores.parquet"


def test_blocks_hold_some_columns_of_all_rows_in_their_order(path, monkeypatch):
    monkeypatch.setattr(score_blocks, "ROWS_AT_ONCE", 2)
    assert score_blocks.score_names(path) == list(score_columns(2))
    blocks = list(score_blocks.score_blocks(path, ["candidate_id", "p_1"]))
    assert [len(block) for block in blocks] == [2, 2, 1]
    assert [name for block in blocks for name in block["candidate_id"]] == IDS
    assert blocks[2]["p_1"].tolist() == [1.0]


def test_a_file_that_was_changed_or_is_absent_is_refused(path):
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"scores.parquet was changed after it was written"):
        score_blocks.score_names(path)
    with pytest.raises(MissingInputError, match="no scores file"):
        score_blocks.score_names(path.with_name("other.parquet"))
