"""Queries of a database survey: several that are united, what they are given, settings that cannot be."""

import datetime
import re
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import InputError, SettingsError
from pipeline.io.database.typed_columns import TypedColumns, to_frame
from pipeline.surveys.database.candidates import with_times

NIGHT = "2026-01-05"
CONFIG = Path(__file__).resolve().parents[4] / "config"


ROWS = (CONFIG / "queries" / "generic" / "candidates.sql").read_text()


def test_candidates_of_several_queries_are_united_and_taken_once(database_survey, own_queries):
    own_queries(
        left=f"{ROWS} AND c.x_pixel < :limit", right=f"{ROWS} AND c.y_pixel > 9.0", none=f"{ROWS} AND c.x_pixel < 0"
    )
    survey = database_survey(input={"candidates": ["right", "none", "left"], "parameters": {"limit": 12}})
    assert [
        name for batch in survey.read(NIGHT, survey.freeze(NIGHT)) for name in batch.candidates["candidate_id"]
    ] == [
        "c1",
        "c3",
    ]
    assert survey.reference("left", NIGHT)["candidate_id"].tolist() == ["c1"]


def test_a_candidate_whose_rows_differ_between_queries_is_an_error(database_survey, own_queries):
    own_queries(other=ROWS.replace("c.magnitude,", "c.magnitude + 1 AS magnitude,"))
    survey = database_survey(input={"candidates": ["candidates", "other"]})
    with pytest.raises(
        InputError,
        match=r"query generic/candidates \+ generic/other: candidate_id 'c1' appears in rows that differ",
    ):
        survey.freeze(NIGHT)


def test_a_query_gives_the_columns_that_the_survey_names_as_metadata(database_survey, own_queries):
    own_queries(other=ROWS.replace("c.snr, ", "c.snr, CASE c.candidate_id WHEN 'c2' THEN NULL ELSE 1.5 END AS elong, "))
    survey = database_survey(input={"candidates": ["other"]}, metadata=["elong"])
    rows = [batch.candidates for batch in survey.read(NIGHT, survey.freeze(NIGHT))]
    found = {name: value for part in rows for name, value in zip(part["candidate_id"], part["elong"], strict=True)}
    assert {name for name, value in found.items() if value == 1.5} == {"c1", "c3"}
    assert np.isnan(found["c2"])


def test_queries_of_different_columns_do_not_unite(database_survey, own_queries):
    own_queries(other=ROWS.replace("c.snr, ", ""))
    survey = database_survey(input={"candidates": ["candidates", "other"]})
    with pytest.raises(
        InputError, match=r"generic/candidates and generic/other do not unite: only one has column 'snr'"
    ):
        survey.freeze(NIGHT)


def test_exposures_without_candidates_can_be_left_out(database_survey, place_candidates):
    survey = database_survey(place_candidates({"a": ("e1", 10, 10)}), input={"empty_exposures": False})
    (survey.folder / "e2.fits").unlink()
    assert len(list(survey.read(NIGHT, survey.freeze(NIGHT)))) == 1


def test_a_night_is_given_to_queries_as_text_and_in_time(database_survey, own_queries):
    own_queries(
        window="SELECT :night AS night, :night_mjd AS mjd, :night_start_mjd AS a, :night_stop_mjd AS b, :camera AS c"
    )
    survey = database_survey(
        longitude_deg=-90.0, mjd_night_offset_days=-1, input={"parameters": {"camera": "02a'; --"}}
    )
    (row,) = survey.reference("window", NIGHT).to_dict("records")
    assert row == {"night": NIGHT, "mjd": 61046, "a": 61045.75, "b": 61046.75, "c": "02a'; --"}


def test_nights_may_be_numbers(database_survey, own_queries):
    own_queries(nights="SELECT 61045.0 AS night_number UNION SELECT 61044.0")
    assert database_survey().nights() == ["2026-01-04", "2026-01-05"]
    own_queries(nights="SELECT 1 AS number")
    with pytest.raises(InputError, match="query generic/nights: column 'night' is missing; there: number"):
        database_survey().nights()


@pytest.mark.parametrize("night", ["2026-01-05'; DROP TABLE candidates; --", "", ":night", "2026-13-01", "a\0"])
def test_a_night_that_is_no_date_never_reaches_the_database(database_survey, night):
    with pytest.raises(SettingsError, match="is not a date"):
        database_survey().freeze(night)


@pytest.mark.parametrize(
    ("survey_input", "message"),
    [
        ({"parameters": {"night_mjd": 5}}, "parameters: 'night_mjd' is given by the night itself"),
        ({"parameters": {"camera": ["01a", "02a"]}}, r"'parameters.camera' is \['01a', '02a'\]; allowed: text or"),
        ({"candidates": []}, "candidates names no query; allowed: at least one"),
        ({"database": {"password": "secret"}}, "unknown key 'database.password'"),
        ({"database": "postgresql://me:secret@host/name"}, r"'database' is|database holds"),
        ({"database": {"engine": "oracle"}}, "'database.engine' is 'oracle'; allowed: sqlite, postgresql, mysql"),
        ({"queries": "../queries/generic"}, "unknown set of queries"),
        ({"tables": ["movers; DROP TABLE movers"]}, "unknown query of 'generic' 'movers; DROP TABLE movers'"),
        ({"candidates": ["candidates AS c"]}, "unknown query of 'generic' 'candidates AS c'"),
    ],
)
def test_settings_that_cannot_be_are_named_without_their_secrets(database_survey, survey_input, message):
    try:
        said = "; ".join(database_survey(input=survey_input).check())
    except SettingsError as error:
        said = str(error)
    assert re.search(message, said)
    assert "secret" not in said
    assert "\n" not in said


EXPOSURES = (CONFIG / "queries" / "generic" / "exposures.sql").read_text()


@pytest.mark.parametrize("time", ["'2026-01-05 21:36:00'", "'2026-01-05T21:36:00Z'", "'61045.9'", "61045.9"])
def test_moments_of_a_server_are_times(database_survey, own_queries, time):
    own_queries(exposures=EXPOSURES.replace("time_mjd", f"{time} AS time_mjd"))
    survey = database_survey()
    batches = list(survey.read(NIGHT, survey.freeze(NIGHT)))
    assert [time for batch in batches for time in batch.candidates["time_mjd"]] == pytest.approx([61045.9] * 3)
    own_queries(exposures=EXPOSURES, candidates=ROWS.replace("c.snr,", f"c.snr, {time} AS time_mjd,"))
    batches = list(survey.read(NIGHT, survey.freeze(NIGHT)))
    assert [time for batch in batches for time in batch.candidates["time_mjd"]] == pytest.approx([61045.9] * 3)


@pytest.mark.parametrize(
    ("time", "message"),
    [
        ("2461046.4", "column 'time_mjd': row 1: 2461046.4 is outside .* a JD; let the query subtract 2400000.5"),
        ("'2026-01-05'", "column 'time_mjd': row 1 is '2026-01-05' without a time of day"),
        ("'late'", "column 'time_mjd': row 1 is 'late'; allowed"),
    ],
)
def test_a_servers_time_that_cannot_be_is_said_before_a_night_is_frozen(database_survey, own_queries, time, message):
    own_queries(exposures=EXPOSURES.replace("time_mjd", f"{time} AS time_mjd"))
    with pytest.raises(InputError, match=f"query generic/exposures: {message}"):
        database_survey().freeze(NIGHT)
    assert len(database_survey().check()) == 1
    own_queries(exposures=EXPOSURES, candidates=ROWS.replace("c.snr,", f"c.snr, {time} AS time_mjd,"))
    with pytest.raises(InputError, match=f"query generic/candidates: {message}"):
        database_survey().freeze(NIGHT)


@pytest.mark.parametrize("night", ["'2026-01-05 00:00:00'", "'2026-01-05'", "61045"])
def test_nights_of_a_server_may_be_dates_of_any_type(database_survey, own_queries, night):
    own_queries(nights=f"SELECT {night} AS night UNION SELECT NULL")
    assert database_survey().nights() == [NIGHT]


@pytest.mark.parametrize("night", ["'20260106/c'", "2461045", "'2026-01-05 04:00:00'", "-1"])
def test_a_servers_night_that_is_none_is_one_fault(database_survey, own_queries, night):
    for name in ("night", "night_number"):
        own_queries(nights=f"SELECT {night} AS {name}")
        with pytest.raises(InputError, match=f"query generic/nights: column '{name}': night .* is not a date"):
            database_survey().nights()
        assert len(database_survey().check()) == 1


def test_the_moments_of_every_driver_are_times():
    columns = TypedColumns(["time_mjd"], [], "query")
    zone = datetime.timezone(datetime.timedelta(hours=-3))
    moments = [datetime.datetime(2026, 1, 5, 12), datetime.datetime(2026, 1, 5, 9, tzinfo=zone), None]
    columns.append([[moment] for moment in moments])
    found = with_times(to_frame(columns.table()), "own/exposures")["time_mjd"]
    np.testing.assert_array_equal(found, [61045.5, 61045.5, np.nan])
