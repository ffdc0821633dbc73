"""A night read batch by batch: how far it is, and by how many processes."""

import pandas as pd
import pytest

from pipeline.io.content import content_sha256
from pipeline.surveys.fetch import NightCutouts, fetch_night

NIGHT = "2026-01-05"


def opened(survey):
    return NightCutouts(survey, name="toy", night=NIGHT, manifest=survey.freeze(NIGHT))


def shares(night):
    return [round(night.percent) for _ in night.batches()]


def test_exposures_say_how_far_a_night_of_images_is(database_survey):
    assert shares(opened(database_survey())) == [50, 100]


def test_rows_say_how_far_a_night_of_alerts_is(alert_survey):
    survey = alert_survey()
    night = NightCutouts(survey, name="toy", night=survey.nights()[0], manifest=survey.freeze(survey.nights()[0]))
    assert shares(night)[-1] == 100


def test_a_manifest_without_counts_says_nothing(database_survey):
    survey = database_survey()
    night = opened(survey)
    night.manifest = {name: value for name, value in night.manifest.items() if name != "queries"}
    assert night.percent == -1


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
        fetch_night(path, survey, **options, progress=lambda *_: None)
        digests.append(content_sha256(path))
    assert digests[0] == digests[1]


def test_a_night_of_no_candidates_has_no_batches_of_rows(database_survey, place_candidates):
    night = opened(database_survey(place_candidates({})))
    assert pd.concat([batch.candidates for batch in night.batches()]).empty
    assert night.exposures == 2
