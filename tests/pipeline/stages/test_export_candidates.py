"""Scores of real and bogus beside their candidates: CSV, ECSV, psat's list, gmadet's table."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table

from pipeline.errors import InputError
from pipeline.io.results import score_blocks
from pipeline.io.results.cutout_file import CutoutWriter
from pipeline.io.results.cutout_header import CutoutHeader
from pipeline.io.results.schema import TEXT
from pipeline.io.results.scores_file import ScoresWriter, read_scores
from pipeline.stages import scored_files
from pipeline.stages.export_candidates import _append, export_csv, export_ecsv, export_gmadet, export_psat
from pipeline.stages.export_probabilities import ScoredRows

IDS = ["0017", "9007199254740993", "=c", "d"]
SCORES = np.array([0.123456789, 0.987654321, 0.5, np.nan], np.float32)


@pytest.fixture
def scored(tmp_path, make_rows, monkeypatch):
    """Scores of four candidates in two blocks: one is not labelled, another could not be scored."""
    monkeypatch.setattr(scored_files, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(score_blocks, "ROWS_AT_ONCE", 3)
    magnitude = np.array([18.5, np.nan, 19.0, 20.0], np.float32)
    rows = make_rows(IDS, label=[1, 0, -1, 1]).assign(magnitude=magnitude, x_pixel=[10.0, 11.0, 12.0, 13.0])
    header = CutoutHeader(survey="toy", channels=("difference",), size_pixel=3, pixel_scale_arcsec=1.0)
    with CutoutWriter(tmp_path / "rows.h5", header) as writer:
        writer.append(np.arange(36, dtype=np.float32).reshape(4, 3, 3, 1), rows)
        writer.write_table("extra", {"fwhmpsf": TEXT}, pd.DataFrame({"fwhmpsf": ["2.5", "", "2.5", "2.5"]}))
    table = rows[["candidate_id", "object_id", "exposure_id", "night", "flags"]].assign(
        split=np.int8(2), score=SCORES, score_std=np.nan, entropy=np.nan, bald=np.nan, model="m", release="r1",
        label_predicted=np.array([0, 1, 1, -1], np.int8), p_0=1 - SCORES, p_1=SCORES,
    )  # fmt: skip
    with ScoresWriter(tmp_path / "scores.parquet", 2, {}) as writer:
        writer.append(table)
    return ScoredRows(
        scores=tmp_path / "scores.parquet", rows=tmp_path / "rows.h5", class_names=("bogus", "real"),
        id_column="candidate_id",
    )  # fmt: skip


def test_a_csv_has_the_scores_beside_the_candidates_and_reads_back(scored, tmp_path):
    assert export_csv(tmp_path / "s.csv", scored) == 4
    back = read_scores(tmp_path / "s.csv")
    assert back["candidate_id"].tolist() == IDS
    np.testing.assert_array_equal(back["score"].to_numpy(np.float32), SCORES)
    assert back["label"].tolist() == [1, 0, -1, 1]
    assert {"p_0", "p_1", "ra_deg", "magnitude", "model", "flags"} <= set(back)


def test_an_ecsv_has_units_and_the_ids_stay_text(scored, tmp_path):
    assert export_ecsv(tmp_path / "s.ecsv", scored) == 4
    back = Table.read(tmp_path / "s.ecsv", format="ascii.ecsv")
    assert back["candidate_id"].tolist() == IDS
    assert str(back["ra_deg"].unit) == "deg"
    assert back["x_pixel"].tolist() == [10.0, 11.0, 12.0, 13.0]
    np.testing.assert_array_equal(np.asarray(back["score"]), SCORES)
    assert back["score"].dtype == np.float32


def test_a_later_block_keeps_its_rows_whatever_their_ids_begin_with():
    file = io.StringIO()
    for ids in (["a"], ["#b", "c"]):
        _append(file, pd.DataFrame({"candidate_id": ids, "score": 0.5}), "ascii.ecsv", is_first=ids == ["a"])
    assert file.getvalue().splitlines()[-4:] == ["candidate_id,score", "a,0.5", "#b,0.5", "c,0.5"]


@pytest.mark.replaces("psat-ml", "P7")
def test_psats_list_has_no_head_and_all_digits_and_comes_back(scored, tmp_path):
    assert export_psat(tmp_path / "p.csv", scored) == 2
    lines = list(csv.reader(io.StringIO((tmp_path / "p.csv").read_text())))
    assert [line[:2] for line in lines] == [["0017", "1"], ["9007199254740993", "0"]]
    assert [np.float32(line[2]) for line in lines] == SCORES[:2].tolist()
    old = np.genfromtxt(tmp_path / "p.csv", delimiter=",", usecols=(1, 2))  # as the old scripts of plots read it
    assert old.shape == (2, 2)
    assert read_scores(tmp_path / "p.csv")["candidate_id"].tolist() == IDS[:2]


def test_psats_list_of_rows_without_labels_is_refused(scored, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="none of 0 rows has a label and a score"):
        export_psat(tmp_path / "p.csv", scored, part="train")


@pytest.mark.replaces("gmadet", "O9")
def test_gmadets_table_has_its_columns_with_pixels_from_one(scored, tmp_path):
    assert export_gmadet(tmp_path / "infer_results.dat", scored) == 4
    back = Table.read(tmp_path / "infer_results.dat", format="ascii")
    assert back.colnames == [
        "filename", "RA", "Dec", "originalFile", "Xpos", "Ypos", "mag", "magerr", "FWHM", "FWHMPSF", "cand_ID",
        "label0", "label1",
    ]  # fmt: skip
    assert back["filename"].tolist() == [f"{name}.fits" for name in IDS]
    assert back["Xpos"].tolist() == [11.0, 12.0, 13.0, 14.0]
    assert back["mag"].tolist() == pytest.approx([18.5, -99.0, 19.0, 20.0])
    assert back["FWHMPSF"].tolist() == pytest.approx([2.5, np.nan, 2.5, 2.5], nan_ok=True)
    assert back["label1"].tolist() == pytest.approx(SCORES.tolist(), nan_ok=True)
    assert (back["label0"] + back["label1"]).tolist() == pytest.approx([1, 1, 1, np.nan], nan_ok=True)
