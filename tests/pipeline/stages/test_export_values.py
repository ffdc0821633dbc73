"""Values of a regressor beside their targets as CSV, and their distributions as qp-prob has them."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from pipeline.errors import InputError, SettingsError, UnknownNameError
from pipeline.io.results import score_blocks
from pipeline.io.results.cutout_file import CutoutWriter
from pipeline.io.results.cutout_header import CutoutHeader
from pipeline.io.results.scores_file import ScoresWriter
from pipeline.io.results.value_columns import value_columns
from pipeline.io.tables.redshift_pdfs import read_redshift_pdfs
from pipeline.stages import scored_files
from pipeline.stages.export_scores import CLASS_WRITERS, VALUE_WRITERS, export_scores
from pipeline.stages.export_values import VALUES, export_qp, export_values
from pipeline.stages.scored_files import ScoredFiles
from tasks.export_scores import FORMATS, VALUE_FORMATS

pytestmark = pytest.mark.replaces("4most", "M12")
IDS = ["0017", "9007199254740993", "c", "longest of all"]
TARGETS = np.array([0.11, np.nan, 0.13, 0.14])
PARTS = np.array([0, 2, 2, 2], np.int8)
EDGES = [0.0, 0.1, 0.3]
MASSES = np.array([[0.25, 0.75], [1.0, 0.0], [np.nan, np.nan], [0.5, 0.5]], np.float32)


@pytest.fixture
def scored(tmp_path, make_rows, monkeypatch):
    monkeypatch.setattr(scored_files, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(score_blocks, "ROWS_AT_ONCE", 3)
    rows = make_rows(IDS).assign(target=TARGETS)
    header = CutoutHeader(
        survey="toy", channels=("g",), kind="table", class_names=("unknown", "measured"), targeted=True
    )
    with CutoutWriter(tmp_path / "rows.h5", header) as writer:
        writer.append(np.arange(4, dtype=np.float32).reshape(4, 1, 1, 1), rows)
    table = rows[["candidate_id", "object_id", "exposure_id", "night", "flags"]].assign(
        split=PARTS, model="m", release="r1", **{name: np.array([1.0, 2.0, np.nan, 4.0]) for name in VALUES},
        m_0=MASSES[:, 0], m_1=MASSES[:, 1],
    )  # fmt: skip
    about = {"edges": EDGES, "miscoverage": 0.1}
    with ScoresWriter(tmp_path / "scores.parquet", value_columns(2), {}, distributions=about) as writer:
        writer.append(table)
    return ScoredFiles(scores=tmp_path / "scores.parquet", rows=tmp_path / "rows.h5", id_column="ID")


def test_values_stand_beside_targets(scored, tmp_path):
    assert export_values(tmp_path / "z.csv", scored) == 4
    with (tmp_path / "z.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["ID", "target", *VALUES]
    assert [row["ID"] for row in rows] == IDS
    assert [row["target"] for row in rows] == ["0.11", "", "0.13", "0.14"]
    assert [row["high"] for row in rows] == ["1.0", "2.0", "", "4.0"]


def test_a_part_is_written_alone(scored, tmp_path):
    assert export_values(tmp_path / "z.csv", scored, part="test") == 3
    with pytest.raises(UnknownNameError, match="part"):
        export_values(tmp_path / "z.csv", scored, part="tests")


def test_distributions_come_in_blocks_without_rows_that_have_none(scored, tmp_path):
    assert export_qp(tmp_path / "z.hdf5", scored) == 3
    pdfs, columns = read_redshift_pdfs(tmp_path / "z.hdf5")
    np.testing.assert_allclose(pdfs.edges, EDGES)
    np.testing.assert_allclose(pdfs.masses, MASSES[[0, 1, 3]])
    assert columns["ID"].tolist() == ["0017", "9007199254740993", "longest of all"]
    np.testing.assert_array_equal(columns["target"], TARGETS[[0, 1, 3]])


def test_a_column_of_ids_that_is_called_as_another_is_refused(scored, tmp_path):
    for write, name in ((export_values, "z.csv"), (export_qp, "z.hdf5")):
        with pytest.raises(SettingsError, match="id_column is 'q50', which a column of the file is called"):
            write(tmp_path / name, replace(scored, id_column="q50"))


def test_scores_of_other_rows_or_of_classes_are_refused(scored, tmp_path, make_rows):
    rows = make_rows(["c"]).assign(target=0.1)
    header = CutoutHeader(
        survey="toy", channels=("g",), kind="table", class_names=("unknown", "measured"), targeted=True
    )
    with CutoutWriter(tmp_path / "others.h5", header) as writer:
        writer.append(np.zeros((1, 1, 1, 1), np.float32), rows)
    others = ScoredFiles(scores=scored.scores, rows=tmp_path / "others.h5", id_column="ID")
    with pytest.raises(InputError, match="has no row '0017'"):
        export_values(tmp_path / "z.csv", others)
    with ScoresWriter(tmp_path / "classes.parquet", 2, {}):
        pass
    of_classes = ScoredFiles(scores=tmp_path / "classes.parquet", rows=scored.rows, id_column="ID")
    with pytest.raises(InputError, match="has no 'value'; allowed: the scores of a regressor"):
        export_values(tmp_path / "z.csv", of_classes)


def test_each_format_is_written_of_what_it_is_of(scored, tmp_path):
    about = {"scores": scored.scores, "rows": scored.rows, "class_names": (), "id_column": "ID"}
    assert export_scores(tmp_path / "z.csv", form="values", part="train", **about) == 1
    with pytest.raises(InputError, match="has no probabilities; the package has the classes a, b"):
        export_scores(tmp_path / "p.csv", form="probabilities", **about | {"class_names": ("a", "b")})


def test_the_task_names_what_can_be_written():
    assert (tuple(FORMATS), tuple(VALUE_FORMATS)) == (tuple(CLASS_WRITERS), tuple(VALUE_WRITERS))
