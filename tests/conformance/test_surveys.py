"""What every survey source must do, over all that the registry holds, on small made data."""

import json

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import ChangedInputError, NightsiftError, SettingsError, TooMuchLostError
from pipeline.io.results.commit import commit
from pipeline.io.results.content import content_sha256
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.schema import CANDIDATE_COLUMNS
from pipeline.stages.empty_night import warn_if_empty
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_job import NightJob
from pipeline.surveys.base import SURVEYS

NIGHT = "2026-01-05"
EMPTY_NIGHT = "2026-03-01"


@pytest.fixture(params=[name for name in SURVEYS if "catalogue" not in name])  # which have neither nights nor cutouts
def make(request, database_survey, alert_survey, packet_survey, table_survey, stamp_survey, image_pair_survey):
    """Return a function that makes and opens the survey; a new source needs its own line here."""
    makers = {
        "database": database_survey,
        "synthetic": lambda **settings: database_survey(source="synthetic", **settings),
        "alert_table": alert_survey,
        "alert_packets": packet_survey,
        "table": table_survey,
        "stamp_set": stamp_survey,
        "drawn_galaxies": lambda **settings: stamp_survey(source="drawn_galaxies", **settings),
        "image_pairs": image_pair_survey,
    }
    return makers[request.param]


def fetch(survey, path, night=NIGHT, manifest=None):
    manifest = survey.freeze(night) if manifest is None else manifest
    options = {"name": "toy", "night": night, "manifest": manifest, "provenance": {}, "progress": lambda *_: None}
    commit(path, lambda scratch: fetch_cutouts(scratch, NightJob(survey=survey, **options)))
    return path


def test_it_is_described_and_names_its_settings():
    for name in SURVEYS:
        assert SURVEYS.summary(name).endswith(".")
        assert isinstance(SURVEYS.metadata(name)["settings"], type)


def test_its_nights_are_sorted_text(make):
    nights = make().nights()
    assert NIGHT in nights
    assert nights == sorted(set(nights))


def test_a_marker_closes_a_night(make):
    survey = make()
    assert not survey.closed(NIGHT)
    (survey.folder / f"closed-{NIGHT}").touch()
    assert survey.closed(NIGHT)


def test_a_query_that_closes_a_night_is_asked_or_refused_with_what_is_allowed(make):
    survey = make(closed={"query": "nights"})
    if "has no queries" not in said_by(survey.closed, NIGHT):
        assert survey.closed(NIGHT)
    else:
        source = survey.settings.source
        assert said_by(survey.closed, NIGHT).startswith(f"closed: query is 'nights', and survey source {source!r} has")
        assert said_by(survey.closed, NIGHT).endswith("allowed: after_hours, marker")


def said_by(function, *arguments):
    """Return the error of a call, or nothing."""
    try:
        function(*arguments)
    except NightsiftError as error:
        return str(error)
    return ""


def test_a_manifest_is_plain_and_the_same_twice(make):
    survey = make()
    manifest = survey.freeze(NIGHT)
    assert json.loads(json.dumps(manifest)) == manifest
    assert survey.freeze(NIGHT) == manifest
    assert {"queries", "files"} <= set(manifest)
    assert all(len(entry["sha256"]) == 64 for part in ("queries", "files") for entry in manifest[part].values())


def test_reading_what_was_frozen_gives_every_column_of_the_schema(make):
    survey = make()
    batches = list(survey.read(NIGHT, survey.freeze(NIGHT)))
    rows = pd.concat([batch.candidates for batch in batches])
    assert set(rows) == set(CANDIDATE_COLUMNS)
    kinds = {name: "str" if kind == "text" else kind for name, kind in CANDIDATE_COLUMNS.items()}
    assert {name: str(rows[name].dtype) for name in rows} == kinds
    assert set(rows["night"]) == {NIGHT}
    assert set(rows["label"]) == {-1}
    assert set(rows["telescope"]) == {"T1"}
    for batch in batches:
        assert batch.cutouts.shape == (len(batch.candidates), 5, 5, 3)
        assert batch.cutouts.dtype == np.float32


def test_fetching_twice_gives_equal_content(make, tmp_path):
    survey = make()
    assert content_sha256(fetch(survey, tmp_path / "1.h5")) == content_sha256(fetch(survey, tmp_path / "2.h5"))


def test_the_time_of_freezing_does_not_count(make, tmp_path):
    survey = make()
    manifest = survey.freeze(NIGHT)
    one = content_sha256(fetch(survey, tmp_path / "1.h5", manifest=manifest | {"as_of": "1"}))
    assert content_sha256(fetch(survey, tmp_path / "2.h5", manifest=manifest | {"as_of": "2"})) == one


def test_a_closed_night_without_data_is_a_whole_empty_file(make, tmp_path):
    survey = make()
    with open_cutouts(fetch(survey, tmp_path / "c.h5", EMPTY_NIGHT)) as file:
        assert len(file) == 0
        assert set(file.candidates()) == set(CANDIDATE_COLUMNS)
        assert json.loads(file.text("manifest"))["queries"]


def test_a_night_without_data_is_told_with_the_nights_there_are(make, caplog):
    survey = make()
    for night in (NIGHT, EMPTY_NIGHT):
        warn_if_empty(survey, "toy", night, survey.freeze(night))
    (record,) = (record for record in caplog.records if record.name == "pipeline.stages.empty_night")
    said = record.getMessage()
    assert said.startswith(("no candidates on 2026-03-01: the result is empty", "no exposures on 2026-03-01"))
    assert "the survey toy has " in said
    assert NIGHT in said


def test_the_file_holds_manifest_and_counts(make, tmp_path):
    survey = make()
    with open_cutouts(fetch(survey, tmp_path / "c.h5")) as file:
        assert file.provenance["counts"]["in"] == file.provenance["counts"]["kept"] == len(file) > 0
        assert file.provenance["exposures_lost"] == 0
        assert json.loads(file.text("manifest"))["files"] == survey.freeze(NIGHT)["files"]


def test_it_counts_what_it_says_that_it_counts(make, tmp_path, caplog):
    """Exposures where there are images; else the rows themselves, and not the blocks in which they are read."""
    survey = make()
    caplog.set_level("INFO", logger="pipeline.stages.fetch_cutouts")
    with open_cutouts(fetch(survey, tmp_path / "c.h5")) as file:
        rows, said = file.candidates(), file.provenance
    assert survey.has_images == (survey.counted == "exposures")
    assert said["counted"] == survey.counted
    assert said["exposures"] == (rows["exposure_id"].nunique() if survey.has_images else said["counts"]["in"])
    assert f"lost 0 of {said['exposures']} {survey.counted}" in caplog.text


def with_labels(make):
    """Return the survey with labels from a table that it has: sources call theirs differently."""
    for link in ({"table": "eyeballs"}, {"table": "labels"}, {"table": "teacher", "provider": "teacher"}):
        survey = make(labels=[{"provider": "list", **link}])
        if link["table"] in survey.tables:
            break
    return survey


def test_labels_that_changed_after_freezing_are_refused(make, tmp_path):
    survey = with_labels(make)
    manifest = survey.freeze(NIGHT)
    name = survey.settings.labels[0]["table"]
    manifest["queries"][name]["sha256"] = "0" * 64
    with pytest.raises(NightsiftError, match=f"the label table '{name}' changed since the night was frozen.*refetch"):
        fetch(survey, tmp_path / "c.h5", manifest=manifest)
    assert not (tmp_path / "c.h5").exists()


def test_rows_that_changed_after_freezing_are_refused(make, tmp_path):
    survey = make()
    manifest = survey.freeze(NIGHT)
    name = next(iter(manifest["queries"]))
    manifest["queries"][name]["sha256"] = "0" * 64
    with pytest.raises(NightsiftError, match=r"changed since the night was frozen.*nightsift refetch"):
        fetch(survey, tmp_path / "c.h5", manifest=manifest)


def test_pixels_that_changed_after_freezing_are_refused(make, tmp_path):
    survey = make()
    manifest = survey.freeze(NIGHT)
    for entry in manifest["files"].values():
        entry["sha256"] = "0" * 64
    with pytest.raises(ChangedInputError, match=r"changed since the night was frozen.*nightsift refetch") as caught:
        fetch(survey, tmp_path / "c.h5", manifest=manifest)
    assert not isinstance(caught.value, TooMuchLostError)
    assert list(tmp_path.glob("*.h5")) == list(tmp_path.glob(".partial*")) == []


def test_an_unknown_reference_table_is_named(make):
    with pytest.raises(NightsiftError, match=r"unknown|names no reference table"):
        make().reference("colours", NIGHT)


def test_every_stated_reference_table_can_be_read(make):
    survey = make()
    assert survey.tables
    for name in survey.tables:
        assert isinstance(survey.reference(name, NIGHT), pd.DataFrame)


def test_a_sound_survey_has_no_fault(make):
    assert make().check() == []


def test_images_are_there_or_refused_in_one_line(make):
    survey = make()
    manifest = survey.freeze(NIGHT)
    if survey.has_images:
        assert all(images.science.shape == images.template.shape for images in survey.images(NIGHT, manifest))
    else:
        with pytest.raises(SettingsError, match="has no images"):
            list(survey.images(NIGHT, manifest))
