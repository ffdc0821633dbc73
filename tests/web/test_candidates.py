import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.io.results.cutout_file import CutoutWriter
from pipeline.io.results.cutout_header import CutoutHeader
from web.candidates import read_candidates


def test_candidates_have_their_scores_and_those_without_stay(make_rows, make_cutouts, tmp_path):
    rows = make_rows(["0012", "b", str(2**53 + 1)], night=["1", "2", "1"], flags=[0, 4, 2], band=["r", "g", "r"])
    make_cutouts(tmp_path / "c.h5", rows)
    lines = [f"{2**53 + 1},0.25,64,net,0", "0012,0.5,0,net,1", "elsewhere,1,0,x,1"]
    (tmp_path / "s.csv").write_text("\n".join(["candidate_id,score,flags,model,label_predicted", *lines]) + "\n")
    found = read_candidates(tmp_path / "c.h5", tmp_path / "s.csv")
    assert list(found.rows["candidate_id"]) == ["0012", "b", str(2**53 + 1)]
    assert found.rows["score"].tolist()[::2] == [0.5, 0.25]
    assert np.isnan(found.rows["score"].iloc[1])
    assert found.rows["flags"].tolist() == [0, 4, 64]
    assert found.package == "net"
    of_night = read_candidates(tmp_path / "c.h5", tmp_path / "s.csv", night="1")
    assert of_night.rows["place"].tolist() == [0, 2]
    whole = of_night.all_of(1)
    assert (whole["candidate_id"], whole["score"], whole["exposure_id"]) == (str(2**53 + 1), 0.25, "")
    assert "label" not in found.numbers
    assert not read_candidates(tmp_path / "c.h5").has_scores


def test_a_candidate_that_is_there_twice_is_refused(make_rows, make_cutouts, tmp_path):
    make_cutouts(tmp_path / "twice.h5", make_rows(["a", "a"]))
    with pytest.raises(InputError, match="candidate 'a' appears twice"):
        read_candidates(tmp_path / "twice.h5")


def test_rows_of_a_table_have_no_pictures_and_are_refused(make_rows, tmp_path):
    header = CutoutHeader(survey="toy", channels=("g_r",), kind="table")
    with CutoutWriter(tmp_path / "table.h5", header) as writer:
        writer.append(np.zeros((1, 1, 1, 1), np.float32), make_rows(["a"]))
    with pytest.raises(InputError, match="holds rows of a table; allowed on the eyeball page: cutouts or images"):
        read_candidates(tmp_path / "table.h5")
