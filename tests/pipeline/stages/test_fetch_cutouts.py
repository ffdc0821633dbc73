"""A night read batch by batch: how far it is, and by how many processes."""

import logging
from dataclasses import replace

import pandas as pd
import pytest

from pipeline.io.results.content import content_sha256
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.stages.fetch_cutouts import fetch_cutouts, write_night
from pipeline.stages.night_cutouts import NightCutouts
from pipeline.stages.night_job import NightJob
from pipeline.surveys.base import dropped_rows

NIGHT = "2026-01-05"


def opened(survey):
    return NightCutouts(NightJob(survey=survey, name="toy", night=NIGHT, manifest=survey.freeze(NIGHT)))


def count_rows(batch):
    return len(batch.candidates)


def shares(night):
    return [round(night.percent) for _ in night.batches()]


def test_exposures_say_how_far_a_night_of_images_is(database_survey):
    assert shares(opened(database_survey())) == [50, 100]


def test_rows_say_how_far_a_night_of_alerts_is(alert_survey):
    survey = alert_survey()
    first = survey.nights()[0]
    night = NightCutouts(NightJob(survey=survey, name="toy", night=first, manifest=survey.freeze(first)))
    assert shares(night)[-1] == 100


def test_a_manifest_without_counts_says_nothing(database_survey):
    job = opened(database_survey()).job
    manifest = {name: value for name, value in job.manifest.items() if name != "queries"}
    assert NightCutouts(replace(job, manifest=manifest)).percent == -1


@pytest.mark.parametrize("broken", [False, True])
def test_several_processes_write_what_one_writes(database_survey, place_candidates, tmp_path, broken):
    names = ("e1", "e2", "e3")
    survey = database_survey(
        place_candidates({f"c{n}": (names[n % 3], 10 + n, 12) for n in range(9)}), names, max_lost_fraction=0.5
    )
    if broken:
        (survey.folder / "e2.fits").write_bytes(b"SIMPLE  =                    T")
    digests = []
    for workers in (1, 2):
        survey.workers = workers
        path = tmp_path / f"{workers}.h5"
        options = {"name": "toy", "night": NIGHT, "manifest": survey.freeze(NIGHT), "provenance": {}}
        fetch_cutouts(path, NightJob(survey=survey, **options))
        digests.append(content_sha256(path))
    assert digests[0] == digests[1]


def test_a_night_of_no_candidates_has_no_batches_of_rows(database_survey, place_candidates):
    night = opened(database_survey(place_candidates({})))
    assert pd.concat([batch.candidates for batch in night.batches()]).empty
    assert night.exposures == 2


@pytest.mark.parametrize("labels", [True, False])
def test_who_is_left_out_of_a_night_is_told_with_the_reason(packet_survey, caplog, labels):
    survey = packet_survey(max_lost_fraction=0.5)
    whole = (survey.folder / "1.avro").read_bytes()
    (survey.folder / "1.avro").write_bytes(whole[: len(whole) // 2])
    night = NightCutouts(NightJob(survey=survey, name="toy", night=NIGHT, manifest=survey.freeze(NIGHT)), labels=labels)
    assert sum(night.each(count_rows)) == 4
    (record,) = [one for one in caplog.records if "left out" in one.message]
    assert record.levelno == logging.WARNING
    assert record.message == f"night {NIGHT}: 1 of 5 left out: 1.avro: the Avro file is truncated (1)"


def test_a_night_of_which_nothing_is_left_warns_why(packet_survey, caplog):
    survey = packet_survey(cutout_size_pixel=63)
    night = opened(survey)
    assert pd.concat([batch.candidates for batch in night.batches()]).empty
    (record,) = [one for one in caplog.records if "left out" in one.message]
    assert record.levelno == logging.WARNING
    assert record.message.endswith("5 of 5 left out: outside the image (5)")


def test_remarks_about_exposures_are_no_candidates_that_were_left_out(packet_survey, caplog, monkeypatch, tmp_path):
    caplog.set_level(logging.INFO)
    survey = packet_survey(cutout_size_pixel=63, max_lost_fraction=0.5)
    plain, remark = survey.read, dropped_rows(["e1"], "zeropoint", "taken from the header")

    def read(*arguments):
        for batch in plain(*arguments):
            yield replace(batch, dropped=pd.concat([batch.dropped, remark], ignore_index=True))

    monkeypatch.setattr(survey, "read", read)
    night = opened(survey)
    write_night(tmp_path / "night.h5", night)
    assert "5 of 5 left out: outside the image (5)" in caplog.text
    assert f"night {NIGHT}: kept 0 rows, dropped 5, lost 0 of" in caplog.text
    with open_cutouts(tmp_path / "night.h5") as file:
        assert "zeropoint" in set(file.table("dropped")["step"])
        assert file.provenance["counts"] == {"in": 5, "kept": 0, "dropped": {"outside the image": 5}}


def test_a_whole_night_says_nothing_of_anything_left_out(packet_survey, caplog):
    caplog.set_level(logging.INFO)
    list(opened(packet_survey()).batches())
    assert "left out" not in caplog.text
