import logging

import pytest

from pipeline.io.verdicts import Verdict, open_store
from web.candidates import read_candidates
from web.details import Details
from web.verdict_book import VerdictBook


@pytest.fixture
def book(tmp_path):
    store = open_store("toy", data=tmp_path / "data")
    yield VerdictBook(store, "toy")
    store.close()


def test_an_object_has_its_visits_of_other_nights_in_the_order_of_time(make_rows, make_cutouts, tmp_path, book, caplog):
    here = make_cutouts(tmp_path / "here.h5", make_rows(["a", "b"], object_id=["X", "Y"], time_mjd=[61002.0, 61002.0]))
    there = make_cutouts(
        tmp_path / "there.h5",
        make_rows(["c", "d"], object_id=["X", "Z"], time_mjd=[61001.0, 61001.0], magnitude=[18.5, 17.0]),
    )
    scores = tmp_path / "there.csv"
    scores.write_text("candidate_id,score\nc,0.75\nd,0.5\n")
    broken = tmp_path / "broken.h5"
    broken.write_text("no HDF5")
    details = Details([there, broken], [scores])
    with caplog.at_level(logging.WARNING):
        found = details.of(read_candidates(here), 0, book, "ada")
    visits = [(visit["candidate_id"], visit["magnitude"], visit["score"], visit["this"]) for visit in found["visits"]]
    assert visits == [("c", 18.5, 0.75, False), ("a", 0.0, None, True)]
    assert "broken.h5" in caplog.text


def test_times_and_positions_lose_no_digit(make_rows, make_cutouts, tmp_path, book):
    rows = make_rows(["a"], object_id=["X"], time_mjd=[58270.4428012], ra_deg=[290.0820123], magnitude=[15.28])
    found = Details().of(read_candidates(make_cutouts(tmp_path / "c.h5", rows)), 0, book, "ada")
    assert {name: found["columns"][name] for name in ("time_mjd", "ra_deg", "magnitude")} == {
        "time_mjd": 58270.4428012, "ra_deg": 290.0820123, "magnitude": 15.28
    }  # fmt: skip
    assert found["visits"][0]["time_mjd"] == 58270.4428012


def test_labels_and_what_others_said_come_after_ones_own_verdict(make_rows, make_cutouts, tmp_path, book):
    path = make_cutouts(tmp_path / "c.h5", make_rows(["a"], label=[1], label_source=["eye"], flags=[2]))
    candidates, details = read_candidates(path), Details()
    book.append([Verdict(survey="toy", candidate_id="a", verdict="bogus", person="bob", token="1")])
    before = details.of(candidates, 0, book, "ada")
    assert not {"label", "label_source"} & set(before["columns"])
    assert before["said"] == []
    assert before["flags"]
    book.append([Verdict(survey="toy", candidate_id="a", verdict="real", person="ada", token="2")])
    after = details.of(candidates, 0, book, "ada")
    assert (after["columns"]["label"], after["columns"]["label_source"]) == ("real", "eye")
    assert [(one["person"], one["verdict"]) for one in after["said"]] == [("bob", "bogus"), ("ada", "real")]
