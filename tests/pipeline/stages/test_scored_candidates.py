import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter
from pipeline.io.results.scores_file import ScoresWriter, score_columns
from pipeline.stages.scored_candidates import ROW, read_cutouts, read_features, read_scored
from pipeline.surveys.base import dropped_rows

NIGHT = "2026-01-05"


def write_scores(path, ids, score, provenance=None, **columns):
    frame = pd.DataFrame({name: [0] * len(ids) for name in score_columns(2)})
    text = dict.fromkeys(("object_id", "exposure_id", "night", "model", "release"), "x")
    frame = frame.assign(**text | columns, candidate_id=pd.Series(ids, dtype="str"), score=score)
    with ScoresWriter(path, 2, provenance or {}) as writer:
        writer.append(frame)
    return path


@pytest.fixture
def scored_cutouts(make_rows, make_cutouts, tmp_path):
    ids = ["001", "2", "9007199254740993"]
    rows = make_rows(ids, night=[NIGHT, NIGHT, "2026-01-06"], magnitude=[18.0, 19.0, 20.0], flags=[1, 0, 0])
    return make_cutouts(tmp_path / "cutouts.h5", rows)


def test_a_scored_candidate_has_its_columns_and_pixels(scored_cutouts, tmp_path, pixels_of_id):
    scores = write_scores(tmp_path / "s.parquet", ["2", "001"], [0.25, 0.5], flags=[64, 65], model="net")
    night = read_scored(scores, scored_cutouts, NIGHT)
    found = night.candidates
    assert found["candidate_id"].tolist() == ["2", "001"]
    assert found["magnitude"].tolist() == [19.0, 18.0]
    assert found["flags"].tolist() == [64, 65]
    assert found["model"].tolist() == ["net", "net"]
    assert found["night"].tolist() == [NIGHT, NIGHT]
    pixels = read_cutouts(night, found[ROW].tolist())
    np.testing.assert_array_equal(pixels, [pixels_of_id("2"), pixels_of_id("001")])


def test_rows_of_another_night_are_left_out(scored_cutouts, tmp_path):
    scores = write_scores(tmp_path / "s.parquet", ["001", "2", "9007199254740993"], [0.1, 0.2, 0.3])
    assert read_scored(scores, scored_cutouts, "2026-01-06").candidates["candidate_id"].tolist() == ["9007199254740993"]


def test_a_night_that_the_scores_do_not_hold_is_an_error_that_names_those_there(scored_cutouts, tmp_path):
    scores = write_scores(tmp_path / "s.parquet", ["001", "9007199254740993"], [0.1, 0.2])
    with pytest.raises(InputError, match="no candidate of night 2026-02-01; its nights: 2026-01-05, 2026-01-06"):
        read_scored(scores, scored_cutouts, "2026-02-01")


def test_scores_without_rows_are_an_empty_night(scored_cutouts, tmp_path):
    assert read_scored(write_scores(tmp_path / "s.parquet", [], []), scored_cutouts, NIGHT).candidates.empty


@pytest.mark.parametrize(("nights", "dropped"), [([NIGHT], {"too bright": 2}), ([NIGHT, "2026-01-06"], {})])
def test_who_was_left_out_is_counted_where_the_file_is_of_the_night_alone(make_rows, tmp_path, nights, dropped):
    header = CutoutHeader(survey="toy", channels=("science",), size_pixel=3, pixel_scale_arcsec=1.0)
    ids = [str(number) for number in range(len(nights))]
    with CutoutWriter(tmp_path / "c.h5", header) as writer:
        writer.append(np.zeros((len(ids), 3, 3, 1), np.float32), make_rows(ids, night=nights))
        writer.drop(dropped_rows(["x", "y"], "cut", "too bright"))
    scores = write_scores(tmp_path / "s.parquet", ["0"], [0.5])
    assert read_scored(scores, tmp_path / "c.h5", NIGHT).dropped == dropped


def test_scores_of_other_cutouts_are_refused(scored_cutouts, tmp_path):
    scores = write_scores(tmp_path / "s.parquet", ["001", "stranger"], [0.1, 0.2])
    with pytest.raises(InputError, match=r"1 of 2 candidates are not in .*'stranger' first; name the file .* --rows"):
        read_scored(scores, scored_cutouts, NIGHT)


def test_a_candidate_that_is_scored_twice_is_refused(scored_cutouts, tmp_path):
    scores = write_scores(tmp_path / "s.parquet", ["001", "001"], [0.1, 0.2])
    with pytest.raises(InputError, match=r"s\.parquet: candidate '001' appears twice; allowed: once"):
        read_scored(scores, scored_cutouts, NIGHT)


def test_scores_of_a_csv_file_keep_the_flags_of_the_cutouts(scored_cutouts, tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("candidate_id,score\n001,0.5\n2,0.25\n")
    night = read_scored(path, scored_cutouts, NIGHT)
    assert night.candidates["flags"].tolist() == [1, 0]
    assert night.unlike == {}


def test_what_is_unlike_training_goes_with_the_night(scored_cutouts, tmp_path):
    unlike = {"survey": {"trained": "a", "scored": "b"}}
    scores = write_scores(tmp_path / "s.parquet", ["001"], [0.5], provenance={"unlike_training": unlike})
    assert read_scored(scores, scored_cutouts, NIGHT).unlike == unlike


def test_rows_of_a_table_have_features_in_the_place_of_pixels(make_rows, tmp_path):
    header = CutoutHeader(survey="toy", channels=("g", "g_r"), kind="table")
    with CutoutWriter(tmp_path / "rows.h5", header) as writer:
        writer.append(np.arange(6, dtype="f4").reshape(3, 1, 1, 2), make_rows(["1", "2", "3"], night=["all"] * 3))
    night = read_scored(write_scores(tmp_path / "s.parquet", ["3", "1"], [0.9, 0.5]), tmp_path / "rows.h5", "all")
    found = read_features(night, night.candidates[ROW].tolist())
    assert found.to_dict("list") == {"g": [4.0, 0.0], "g_r": [5.0, 1.0]}
