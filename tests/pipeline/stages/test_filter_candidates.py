"""Candidates above a threshold, with counts of the others."""

import json

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table

from pipeline.errors import InputError
from pipeline.io.results.cutout_file import CutoutWriter
from pipeline.io.results.cutout_header import CutoutHeader
from pipeline.io.results.scores_file import ScoresWriter, read_scores
from pipeline.stages.candidate_filter import Filter
from pipeline.stages.filter_candidates import filter_candidates

IDS = ["0017", "9007199254740993", "c", "d"]
SCORES = np.array([0.5, 0.9, 0.2, np.nan], np.float32)
HALF = Filter(threshold=0.5, said_by="given")


@pytest.fixture
def scored(tmp_path, make_rows):
    """Scores of two exposures and the cutouts that they are of."""
    rows = make_rows(IDS, exposure_id=["e1", "e1", "e2", "e2"], ra_deg=[10.0, 20.0, 30.0, 40.0], dec_deg=[0.0] * 4)
    header = CutoutHeader(survey="toy", channels=("difference",), size_pixel=3, pixel_scale_arcsec=1.0)
    with CutoutWriter(tmp_path / "rows.h5", header) as writer:
        writer.append(np.zeros((4, 3, 3, 1), np.float32), rows)
    table = rows[["candidate_id", "object_id", "exposure_id", "night", "flags"]].assign(
        split=np.int8(-1), score=SCORES, score_std=np.nan, entropy=np.nan, bald=np.nan, model="m", release="r1",
        label_predicted=np.int8(0), p_0=1 - SCORES, p_1=SCORES,
    )  # fmt: skip
    with ScoresWriter(tmp_path / "scores.parquet", 2, {}) as writer:
        writer.append(table)
    return {"scores": tmp_path / "scores.parquet", "rows": tmp_path / "rows.h5"}


def kept(folder):
    return pd.read_csv(folder / "candidates.csv", dtype={"candidate_id": "str"})


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept"


@pytest.mark.replaces("gmadet", "O15")
def test_what_reaches_the_threshold_is_kept_best_first_and_the_rest_is_counted(scored, folder):
    counts = filter_candidates(folder, HALF, **scored, listed=None, form="csv")
    table = kept(folder)
    assert table["candidate_id"].tolist() == ["9007199254740993", "0017"]
    assert table["ra_deg"].tolist() == [20.0, 10.0]
    assert table["p_0"].tolist() == pytest.approx([0.1, 0.5])
    expected = {"candidates": 4, "kept": 2, "below": 1, "not_scored": 1, "missing_in_scores": 0}
    assert {name: counts[name] for name in expected} == expected
    assert json.loads((folder / "counts.json").read_text()) == counts


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_score_that_equals_the_threshold_is_kept_as_the_package_would_call_it(scored, folder, suffix):
    if suffix == ".csv":
        read_scores(scored["scores"]).to_csv(scored["scores"].with_suffix(suffix), index=False)
    given = scored | {"scores": scored["scores"].with_suffix(suffix)}
    counts = filter_candidates(folder, Filter(threshold=0.9, said_by="given"), **given, listed=None, form="csv")
    assert float(np.float32(0.9)) < 0.9  # so that it would be below as float64
    assert kept(folder)["score"].tolist() == [0.9]
    assert (counts["kept"], counts["below"]) == (1, 2)


@pytest.mark.replaces("gmadet", "O15")
def test_a_list_of_one_image_keeps_its_columns(scored, folder, tmp_path):
    (tmp_path / "list.csv").write_text("candidate_id,mine,score\nd,1,7\n0017,2,7\nnone,3,7\n")
    counts = filter_candidates(folder, HALF, **scored, listed=tmp_path / "list.csv", form="csv")
    table = kept(folder)
    assert table[["candidate_id", "mine", "score", "score_listed", "flags"]].values.tolist() == [["0017", 2, 0.5, 7, 0]]
    assert (counts["kept"], counts["not_scored"], counts["missing_rows"]) == (1, 1, [3])


def test_a_list_without_ids_is_matched_by_its_places(scored, folder, tmp_path):
    (tmp_path / "list.csv").write_text("ra_deg,dec_deg,mine\n20.0001,0,1\n30,0,2\n10.1,0,3\n")
    counts = filter_candidates(folder, HALF, **scored, listed=tmp_path / "list.csv", form="csv")
    assert kept(folder)[["candidate_id", "mine"]].values.tolist() == [["9007199254740993", 1]]
    assert (counts["below"], counts["missing_rows"]) == (1, [3])
    with pytest.raises(InputError, match="the scores name no cutouts with positions"):
        filter_candidates(folder, HALF, **scored | {"rows": None}, listed=tmp_path / "list.csv", form="csv")


def test_a_place_that_several_images_show_needs_the_name_of_its_image(scored, folder, tmp_path, make_rows):
    rows = make_rows(IDS, exposure_id=["e1", "e2", "e2", "e2"], ra_deg=[10.0, 10.0001, 30, 40], dec_deg=[0.0] * 4)
    header = CutoutHeader(survey="toy", channels=("difference",), size_pixel=3, pixel_scale_arcsec=1.0)
    with CutoutWriter(tmp_path / "again.h5", header) as writer:
        writer.append(np.zeros((4, 3, 3, 1), np.float32), rows)
    scores = read_scores(scored["scores"]).assign(exposure_id=rows["exposure_id"])
    scores.to_csv(tmp_path / "again.csv", index=False)
    given = {"scores": tmp_path / "again.csv", "rows": tmp_path / "again.h5", "form": "csv"}
    (tmp_path / "list.csv").write_text("ra_deg,dec_deg\n10.00001,0\n")
    with pytest.raises(InputError, match="row 1 lies at candidates of exposures 'e1' and 'e2'; state --exposure"):
        filter_candidates(folder, HALF, **given, listed=tmp_path / "list.csv")
    of_one = Filter(threshold=0.5, said_by="given", exposure="e2")
    filter_candidates(folder, of_one, **given, listed=tmp_path / "list.csv")
    assert kept(folder)["candidate_id"].tolist() == [IDS[1]]
    (tmp_path / "list.csv").write_text("ra_deg,dec_deg,exposure_id\n10.00001,0,e2\n10.00001,0,e9\n")
    counts = filter_candidates(folder, HALF, **given, listed=tmp_path / "list.csv")
    assert kept(folder)["candidate_id"].tolist() == [IDS[1]]
    assert counts["missing_rows"] == [2]


def test_one_exposure_counts_alone_and_an_unknown_one_is_refused(scored, folder):
    assert filter_candidates(folder, Filter(threshold=0.5, said_by="mdr", exposure="e2"), **scored, listed=None,
                             form="csv")["candidates"] == 2  # fmt: skip
    assert len(kept(folder)) == 0
    with pytest.raises(InputError, match=r"no candidate of exposure 'e3'; there are: e1, e2"):
        filter_candidates(
            folder, Filter(threshold=0.5, said_by="mdr", exposure="e3"), **scored, listed=None, form="csv"
        )


@pytest.mark.parametrize("form", ["ecsv", "fits"])
def test_tables_of_astropy_hold_the_same(scored, folder, form):
    filter_candidates(folder, HALF, **scored, listed=None, form=form)
    table = Table.read(folder / f"candidates.{form}")
    assert [str(name) for name in table["candidate_id"]] == ["9007199254740993", "0017"]
    assert table["score"].tolist() == pytest.approx([0.9, 0.5])


def test_two_scores_of_one_candidate_of_a_list_are_refused(folder, tmp_path):
    (tmp_path / "s.csv").write_text("candidate_id,score\na,0.4\na,0.9\n")
    (tmp_path / "list.csv").write_text("candidate_id\na\n")
    with pytest.raises(InputError, match=r"'a' has several scores; allowed for .*: one for each id"):
        filter_candidates(folder, HALF, scores=tmp_path / "s.csv", rows=None, listed=tmp_path / "list.csv", form="csv")


def test_a_list_that_names_nothing_is_refused(scored, folder, tmp_path):
    (tmp_path / "list.csv").write_text("x,y\n1,2\n")
    with pytest.raises(InputError, match="neither candidate_id nor ra_deg and dec_deg; there: x, y"):
        filter_candidates(folder, HALF, **scored, listed=tmp_path / "list.csv", form="csv")


def test_the_threshold_of_another_package_is_refused_by_both_names(scored, folder):
    own, other = (Filter(threshold=0.5, said_by="mcc", package=name) for name in ("m", "other"))
    assert filter_candidates(folder, own, **scored, listed=None, form="csv")["kept"] == 2
    with pytest.raises(InputError, match=r"has scores of 'm', and the threshold is that of 'other'; allowed"):
        filter_candidates(folder, other, **scored, listed=None, form="csv")
