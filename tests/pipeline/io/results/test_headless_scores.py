"""psat-ml's lists of scores are read with a head and without one."""

import pytest

from pipeline.io.results.headless_scores import columns_without_head
from pipeline.io.results.scores_file import models_of_scores, read_scores


@pytest.mark.replaces("psat-ml", "P7")
@pytest.mark.parametrize(
    "text",
    [
        "good/0017_58226_a.fits,1,0.987654321\nbad/2_b.fits.fz,0,0.125\n",
        "file,label,score\ngood/0017_58226_a.fits,1,0.987654321\nbad/2_b.fits.fz,0,0.125\n",
    ],
)
def test_a_list_of_file_label_and_score_needs_no_head(tmp_path, text):
    (tmp_path / "s.csv").write_text(text)
    found = read_scores(tmp_path / "s.csv")
    assert found["candidate_id"].tolist() == ["0017_58226_a", "2_b"]
    assert found["label"].tolist() == [1, 0]
    assert found["score"].tolist() == [0.987654321, 0.125]
    assert models_of_scores(tmp_path / "s.csv") == []


def test_a_list_of_objects_and_scores_keeps_its_first_row_and_its_zeros(tmp_path):
    (tmp_path / "s.csv").write_text("0017,0.25\n9007199254740993,0.5\n")
    found = read_scores(tmp_path / "s.csv")
    assert found["candidate_id"].tolist() == ["0017", "9007199254740993"]
    assert found["score"].tolist() == [0.25, 0.5]


def test_ids_under_a_head_of_our_own_stay_as_they_are(tmp_path):
    (tmp_path / "s.csv").write_text("candidate_id,file,score\nx/1.fits,a,0.25\ny/1.fits,b,0.5\n")
    assert read_scores(tmp_path / "s.csv")["candidate_id"].tolist() == ["x/1.fits", "y/1.fits"]


@pytest.mark.parametrize("text", ["candidate_id,score\na,1\n", "a,b,c,0.5\n", "", "score\n0.5\n"])
def test_a_head_is_a_head(tmp_path, text):
    (tmp_path / "s.csv").write_text(text)
    assert not columns_without_head(tmp_path / "s.csv")
