"""Cutout files with the context of their candidates, from each kind of survey that knows its detections."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.context.names import CONTEXT_COLUMNS
from pipeline.context.night_context import night_context
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.schema import CANDIDATE_COLUMNS
from pipeline.stages.context_columns import context_of
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_cutouts import NightCutouts
from pipeline.stages.night_job import NightJob

NIGHT = "2026-01-05"
NAMES = [f"c{row:02d}" for row in range(24)]


def job_of(survey):
    return NightJob(survey=survey, name="toy", night=NIGHT, manifest=survey.freeze(NIGHT), provenance={})


def fetch(survey, path):
    fetch_cutouts(path, job_of(survey))
    return path


def rows_of(path):
    with open_cutouts(path) as file:
        return file.candidates().sort_values("candidate_id", ignore_index=True)


def crowd(place):
    """Return candidates of two exposures of 30 x 30 pixels, 12 of each."""
    x, y = np.random.default_rng(1).integers(3, 27, (2, len(NAMES)))
    return place({name: (f"e{1 + row % 2}", int(x[row]), int(y[row])) for row, name in enumerate(NAMES)})


@pytest.mark.parametrize("source", ["database_survey", "table_survey"])
def test_candidates_of_images_have_what_all_candidates_of_their_night_say_of_them(
    source, request, place_candidates, tmp_path
):
    survey = request.getfixturevalue(source)(crowd(place_candidates), context=True)

    rows = rows_of(fetch(survey, tmp_path / "c.h5"))

    assert set(rows) == {*CANDIDATE_COLUMNS, *CONTEXT_COLUMNS}
    expected = night_context([rows], CONTEXT_COLUMNS, pixel_scale_arcsec=1.0).of_detections(rows)
    pd.testing.assert_frame_equal(rows, expected[list(rows)])
    assert rows["local_density"].notna().any()


def test_a_candidate_that_is_left_out_still_counts_for_the_others(database_survey, place_candidates, tmp_path):
    rows = place_candidates({"a": ("e1", 15, 15), "b": ("e1", 2, 15), "c": ("e1", -1, 15)})
    survey = database_survey(rows, context=["exposure_density", "local_density"], max_edge_fraction=0.1)

    found = rows_of(fetch(survey, tmp_path / "c.h5"))

    assert found["candidate_id"].tolist() == ["a", "b"]
    context = context_of(job_of(survey))
    assert len(context.hashes) == 3


def test_without_a_context_the_file_has_the_columns_that_it_had(database_survey, place_candidates, tmp_path):
    rows = rows_of(fetch(database_survey(crowd(place_candidates)), tmp_path / "a.h5"))

    assert set(rows) == set(CANDIDATE_COLUMNS)


def test_a_table_of_alerts_gives_it_where_it_says_where_they_are(alert_survey, tmp_path):
    def placed(frame):
        return frame.assign(xpos=[1.0, 21.0, 41.0, 61.0, 81.0, 101.0], ypos=[1.0, 31.0] * 3, pid=7, rcid=3)

    columns = {"candidate_id": "candid", "object_id": "object", "ra_deg": "ra", "dec_deg": "dec", "time_mjd": "jd",
               "x_pixel": "xpos", "y_pixel": "ypos", "exposure_id": "pid", "detector": "rcid",
               "flux_sign": "positive"}  # fmt: skip
    survey = alert_survey(change=placed, context=True, pixel_origin=1, input={"columns": columns})

    rows = rows_of(fetch(survey, tmp_path / "c.h5"))

    assert rows["x_pixel"].tolist() == [0.0, 20.0, 40.0, 60.0, 80.0]
    assert rows["exposure_negative_share"].tolist() == pytest.approx([0.4] * 5)
    assert rows["local_negative_share"].tolist() == [0.5, 0.25, 0.5, 0.25, 0.5]


@pytest.mark.parametrize("workers", [1, 2])
def test_packets_give_it_in_one_process_or_several(packet_survey, make_packet, tmp_path, workers):
    packets = [make_packet(row, xpos=20.0 * row, ypos=30.0 * (row % 2), pid=7, rcid=3) for row in range(5)]
    survey = packet_survey(packets, context=["exposure_negative_share", "local_negative_share"])
    survey.workers = workers

    rows = rows_of(fetch(survey, tmp_path / "c.h5"))
    scored = NightCutouts(job_of(survey), labels=False).each(lambda batch: batch.candidates)
    unlabelled = pd.concat(scored).sort_values("candidate_id", ignore_index=True)

    assert rows["exposure_negative_share"].tolist() == pytest.approx([0.4] * 5)
    assert rows["local_negative_share"].tolist() == [0.5, 0.25, 0.5, 0.25, 0.5]
    np.testing.assert_array_equal(rows["local_negative_share"], unlabelled["local_negative_share"])


def test_a_damaged_packet_is_no_detection(packet_survey, make_packet, tmp_path):
    packets = [make_packet(row, xpos=20.0 * row, ypos=0.0, pid=7, rcid=3) for row in range(5)]
    survey = packet_survey(packets, context=["exposure_density"], max_lost_fraction=0.5)
    whole = (survey.folder / "1.avro").read_bytes()
    (survey.folder / "1.avro").write_bytes(whole[: len(whole) // 2])

    assert len(context_of(job_of(survey)).hashes) == 4


def test_a_survey_that_asks_for_none_has_none(database_survey):
    assert context_of(job_of(database_survey())) is None


def test_the_night_is_labelled_anew_with_the_context_of_the_former_file(database_survey, place_candidates, tmp_path):
    survey = database_survey(crowd(place_candidates), context=True)
    identity = {"identity": {"revision": 1, "task": "t", "decides": {"survey": {}}}}
    first, again = tmp_path / "a.h5", tmp_path / "b.h5"
    job = replace(job_of(survey), provenance=identity)
    fetch_cutouts(first, job)

    fetch_cutouts(again, job, formers=[first])

    pd.testing.assert_frame_equal(rows_of(first), rows_of(again))
