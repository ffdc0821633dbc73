"""Probabilities as CSV: ids, true and called classes by name, a column for each class."""

import csv

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError, UnknownNameError
from pipeline.io.results.cutout_file import CutoutWriter
from pipeline.io.results.cutout_header import CutoutHeader
from pipeline.io.results.scores_file import ScoresWriter
from pipeline.stages.export_scores import FORMATS, export_scores
from tasks.export_scores import FORMATS as FORMATS_OF_TASK

CLASSES = ("Others", "LRG", "ELG")
IDS = ["0017", "9007199254740993", "c", "d"]
LABELS = [0, 2, -1, 1]
PARTS = [0, 1, 2, 2]


@pytest.fixture
def scored(tmp_path, make_rows):
    """Return a scores file and the rows that it is of; the last row could not be scored."""
    rows = make_rows(IDS, label=LABELS)
    header = CutoutHeader(survey="toy", channels=("g",), kind="table", class_names=CLASSES)
    with CutoutWriter(tmp_path / "rows.h5", header) as writer:
        writer.append(np.arange(4, dtype=np.float32).reshape(4, 1, 1, 1), rows)
    chances = np.array([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5], [0.0, 1.0, 0.0], [np.nan] * 3], np.float32)
    table = rows[["candidate_id", "object_id", "exposure_id", "night", "flags"]].assign(
        split=np.array(PARTS, np.int8), score=np.nan, score_std=np.nan, entropy=np.nan, bald=np.nan, model="m",
        release="r1", label_predicted=np.array([0, 2, 1, -1], np.int8),
        **{f"p_{code}": chances[:, code] for code in range(3)},
    )  # fmt: skip
    with ScoresWriter(tmp_path / "scores.parquet", 3, {}) as writer:
        writer.append(table)
    return {"scores": tmp_path / "scores.parquet", "rows": tmp_path / "rows.h5"}


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.replaces("4most", "M10")
def test_ids_classes_and_probabilities_stand_in_one_table(scored, tmp_path):
    assert export_scores(tmp_path / "p.csv", **scored, class_names=CLASSES, id_column="DES_id") == 4
    rows = read(tmp_path / "p.csv")
    assert list(rows[0]) == ["DES_id", "y_true", "y_pred", "p_Others", "p_LRG", "p_ELG"]
    assert [row["DES_id"] for row in rows] == IDS
    assert [row["y_true"] for row in rows] == ["Others", "ELG", "", "LRG"]
    assert [row["y_pred"] for row in rows] == ["Others", "ELG", "LRG", ""]
    assert [float(rows[1][f"p_{name}"]) for name in CLASSES] == [0.25, 0.25, 0.5]
    assert rows[3]["p_LRG"] == "", "what could not be scored has no probability"


@pytest.mark.replaces("4most", "M10")
def test_one_part_of_a_data_set_is_written_alone(scored, tmp_path):
    assert export_scores(tmp_path / "p.csv", **scored, class_names=CLASSES, id_column="id", part="test") == 2
    assert pd.read_csv(tmp_path / "p.csv", dtype=str)["id"].tolist() == ["c", "d"]
    with pytest.raises(UnknownNameError, match="part"):
        export_scores(tmp_path / "p.csv", **scored, class_names=CLASSES, id_column="id", part="tests")


def test_scores_of_other_classes_or_other_rows_are_refused(scored, tmp_path, make_rows):
    with pytest.raises(InputError, match="has p_0, p_1, p_2; the package has the classes bogus, real"):
        export_scores(tmp_path / "p.csv", **scored, class_names=("bogus", "real"), id_column="id")
    with CutoutWriter(tmp_path / "x.h5", CutoutHeader(survey="toy", channels=("g",), kind="table")) as writer:
        writer.append(np.zeros((1, 1, 1, 1), np.float32), make_rows(["c"]))
    with pytest.raises(InputError, match="has no row '0017', which"):
        export_scores(
            tmp_path / "p.csv", scores=scored["scores"], rows=tmp_path / "x.h5", class_names=CLASSES, id_column="id"
        )


def test_the_task_knows_the_same_formats():
    assert FORMATS_OF_TASK == FORMATS
