"""Probabilities as CSV: ids, true and called classes by name, a column for each class."""

import csv
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError, UnknownNameError
from pipeline.io.results import score_blocks
from pipeline.io.results.cutout_file import CutoutWriter
from pipeline.io.results.cutout_header import CutoutHeader
from pipeline.io.results.scores_file import ScoresWriter
from pipeline.stages import scored_files
from pipeline.stages.export_probabilities import ScoredRows, export_performances, export_probabilities

CLASSES = ("Others", "LRG", "ELG")
IDS = ["0017", "9007199254740993", "c", "d"]
LABELS = [0, 2, -1, 1]
PARTS = [0, 1, 2, 2]


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(scored_files, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(score_blocks, "ROWS_AT_ONCE", 3)


@pytest.fixture
def write_scored(tmp_path, make_rows):
    """Return a function that writes scores and the rows that they are of; the last row could not be scored."""

    def written(**decided):
        rows = make_rows(IDS, label=LABELS)
        header = CutoutHeader(survey="toy", channels=("g",), kind="table", class_names=CLASSES)
        with CutoutWriter(tmp_path / "rows.h5", header) as writer:
            writer.append(np.arange(4, dtype=np.float32).reshape(4, 1, 1, 1), rows)
        chances = np.array([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5], [0.0, 1.0, 0.0], [np.nan] * 3], np.float32)
        table = rows[["candidate_id", "object_id", "exposure_id", "night", "flags"]].assign(
            split=np.array(PARTS, np.int8), score=np.nan, score_std=np.nan, entropy=np.nan, bald=np.nan, model="m",
            release="r1", label_predicted=np.array([0, 2, 1, -1], np.int8), **decided,
            **{f"p_{code}": chances[:, code] for code in range(3)},
        )  # fmt: skip
        with ScoresWriter(tmp_path / "scores.parquet", 3, {}, decided=bool(decided)) as writer:
            writer.append(table)
        return ScoredRows(
            scores=tmp_path / "scores.parquet", rows=tmp_path / "rows.h5", class_names=CLASSES, id_column="DES_id"
        )

    return written


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.replaces("4most", "M10")
def test_ids_classes_and_probabilities_stand_in_one_table(write_scored, tmp_path):
    assert export_probabilities(tmp_path / "p.csv", write_scored()) == 4
    rows = read(tmp_path / "p.csv")
    assert list(rows[0]) == ["DES_id", "y_true", "y_pred", "p_Others", "p_LRG", "p_ELG"]
    assert [row["DES_id"] for row in rows] == IDS
    assert [row["y_true"] for row in rows] == ["Others", "ELG", "", "LRG"]
    assert [row["y_pred"] for row in rows] == ["Others", "ELG", "LRG", ""]
    assert [float(rows[1][f"p_{name}"]) for name in CLASSES] == [0.25, 0.25, 0.5]
    assert rows[3]["p_LRG"] == "", "what could not be scored has no probability"


@pytest.mark.replaces("4most", "M10")
def test_one_part_of_a_data_set_is_written_alone(write_scored, tmp_path):
    scored = write_scored()
    assert export_probabilities(tmp_path / "p.csv", scored, part="test") == 2
    assert pd.read_csv(tmp_path / "p.csv", dtype=str)["DES_id"].tolist() == ["c", "d"]
    with pytest.raises(UnknownNameError, match="part"):
        export_probabilities(tmp_path / "p.csv", scored, part="tests")


@pytest.mark.replaces("4most", "M9")
def test_the_class_after_vetoes_stands_beside_that_of_the_classifier(write_scored, tmp_path):
    scored = write_scored(label_decided=np.array([0, 0, 1, -1], np.int8), decided_by=["", "veto ELG", "", ""])
    export_probabilities(tmp_path / "p.csv", scored)
    rows = read(tmp_path / "p.csv")
    assert list(rows[0])[-2:] == ["y_decided", "decided_by"]
    assert [row["y_pred"] for row in rows] == ["Others", "ELG", "LRG", ""]
    assert [row["y_decided"] for row in rows] == ["Others", "Others", "LRG", ""]
    assert [row["decided_by"] for row in rows] == ["", "veto ELG", "", ""]


@pytest.mark.replaces("4most", "M10")
def test_the_folder_of_the_original_has_validation_and_test_before_and_after_the_vetoes(write_scored, tmp_path):
    scored = write_scored(label_decided=np.array([0, 0, 1, -1], np.int8), decided_by=["", "veto ELG", "", ""])
    assert export_performances(tmp_path / "out", scored) == 3
    found = {path.relative_to(tmp_path / "out").as_posix(): read(path) for path in (tmp_path / "out").rglob("*.csv")}
    assert sorted(found) == [
        f"performances/{part}/{place}Probabilities.csv" for part in ("test", "val") for place in ("", "post_processed/")
    ]
    assert found["performances/val/Probabilities.csv"] == [
        {"DES_id": IDS[1], "Y_true": "2", "Y_pred": "2", "Others_prob": "0.25", "LRG_prob": "0.25", "ELG_prob": "0.5"}
    ]
    assert [row["Y_pred"] for row in found["performances/val/post_processed/Probabilities.csv"]] == ["0"]
    assert [row["DES_id"] for row in found["performances/test/Probabilities.csv"]] == IDS[2:]
    assert [row["Y_true"] for row in found["performances/test/Probabilities.csv"]] == ["-1", "1"]


def test_scores_of_other_classes_or_other_rows_are_refused(write_scored, tmp_path, make_rows):
    scored = write_scored()
    with pytest.raises(InputError, match="has p_0, p_1, p_2; the package has the classes bogus, real"):
        export_probabilities(tmp_path / "p.csv", replace(scored, class_names=("bogus", "real")))
    with CutoutWriter(tmp_path / "x.h5", CutoutHeader(survey="toy", channels=("g",), kind="table")) as writer:
        writer.append(np.zeros((1, 1, 1, 1), np.float32), make_rows(["c"]))
    with pytest.raises(InputError, match="has no row '0017', which"):
        export_probabilities(tmp_path / "p.csv", replace(scored, rows=tmp_path / "x.h5"))
