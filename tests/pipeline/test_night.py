import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, SettingsError
from pipeline.night import (
    ends_at,
    expand_nights,
    is_ahead,
    is_night,
    night_name,
    night_name_of,
    night_names,
    night_of,
    night_range,
    parse_night,
    require_night_names,
    require_not_ahead,
    stated_nights,
)

HAWAII, CHILE, PALOMAR, SUTHERLAND = -155.47, -70.40, -116.86, 20.81


def mjd(text):
    """Return the MJD of a UTC time, counted in days from 1858-11-17."""
    return (datetime.datetime.fromisoformat(text) - datetime.datetime(1858, 11, 17)) / datetime.timedelta(days=1)


@pytest.mark.parametrize(
    ("longitude_deg", "utc", "night"),
    [
        # Hawaii is 10 h 22 min behind UTC by the sun: the whole night lies on the next UTC day.
        (HAWAII, "2026-01-06T05:00", "2026-01-05"),
        (HAWAII, "2026-01-06T15:30", "2026-01-05"),
        (HAWAII, "2026-01-06T22:15", "2026-01-05"),
        (HAWAII, "2026-01-06T22:30", "2026-01-06"),
        # Chile, 4 h 42 min behind: the evening is on the night's own UTC day, the morning on the next.
        (CHILE, "2026-01-05T23:50", "2026-01-05"),
        (CHILE, "2026-01-06T09:00", "2026-01-05"),
        (CHILE, "2026-01-06T16:41", "2026-01-05"),
        (CHILE, "2026-01-06T16:42", "2026-01-06"),
        # Palomar, 7 h 47 min behind.
        (PALOMAR, "2026-03-01T02:30", "2026-02-28"),
        (PALOMAR, "2026-03-01T13:00", "2026-02-28"),
        # South Africa, 1 h 23 min ahead: noon is at 10 h 37 min UTC.
        (SUTHERLAND, "2026-01-05T19:00", "2026-01-05"),
        (SUTHERLAND, "2026-01-06T03:00", "2026-01-05"),
        (SUTHERLAND, "2026-01-06T10:36", "2026-01-05"),
        (SUTHERLAND, "2026-01-06T10:38", "2026-01-06"),
    ],
)
def test_a_time_belongs_to_the_local_date_of_its_evening(longitude_deg, utc, night):
    assert night_of([mjd(utc)], longitude_deg).tolist() == [night]


def test_a_time_that_is_not_finite_has_no_night():
    with pytest.raises(InputError, match="1 times are not finite, first in row 2"):
        night_of([61045.0, np.nan], CHILE)


def test_no_times_have_no_nights():
    assert night_of([], CHILE).tolist() == []


def test_an_mjd_is_the_date_of_its_day_plus_the_surveys_offset():
    assert parse_night("61045") == datetime.date(2026, 1, 5)
    assert parse_night("61045", -1) == datetime.date(2026, 1, 4)


@pytest.mark.parametrize("text", ["2026-02-30", "2026-1-5", "05.01.2026", "610450", "", "tonight", "2026-01-05T00"])
def test_a_bad_night_is_named_with_what_is_allowed(text):
    with pytest.raises(SettingsError, match=f"night '{text}' is not a date; allowed: a date such as 2026-01-05"):
        parse_night(text)


def test_a_range_includes_both_ends():
    first, last = datetime.date(2026, 2, 27), datetime.date(2026, 3, 1)
    assert night_range(first, last) == [first, datetime.date(2026, 2, 28), last]
    assert night_range(first, first) == [first]


def test_a_range_that_ends_before_it_starts_is_refused():
    with pytest.raises(SettingsError, match="ends"):
        night_range(datetime.date(2026, 1, 2), datetime.date(2026, 1, 1))


def test_a_recipes_nights_are_dates_mjds_and_ranges_sorted_and_once_each():
    nights = expand_nights(("2026-01-04..2026-01-05", 61043, "2026-01-04", "61046"))
    assert [night.isoformat() for night in nights] == ["2026-01-03", "2026-01-04", "2026-01-05", "2026-01-06"]


@pytest.mark.parametrize("entry", ["2026-01-04..", "..2026-01-04", "2026-01-04...2026-01-05"])
def test_a_range_with_a_missing_end_is_refused(entry):
    with pytest.raises(SettingsError, match="is not a date"):
        expand_nights((entry,))


def test_a_night_ends_at_the_next_local_mean_noon():
    assert ends_at(datetime.date(2026, 1, 5), -150.0) == datetime.datetime(2026, 1, 6, 22, tzinfo=datetime.UTC)
    assert ends_at(datetime.date(2026, 1, 5), 15.0) == datetime.datetime(2026, 1, 6, 11, tzinfo=datetime.UTC)


@settings(max_examples=50)
@given(number=st.integers(50000, 70000), longitude_deg=st.floats(-180, 180), share=st.floats(0.001, 0.999))
def test_every_time_between_two_noons_has_the_same_night(number, longitude_deg, share):
    noon = number + 0.5 - longitude_deg / 360.0
    assert night_of([noon + share], longitude_deg).tolist() == [night_name(number)]


def test_a_time_outside_1900_to_2100_has_no_night():
    with pytest.raises(InputError, match=r"1 times are impossible, first MJD 2461046.5 in row 2; allowed: 15020.0 to"):
        night_of([61045.0, 2461046.5], CHILE)


@pytest.mark.parametrize("text", ["1899-12-31", "2100-01-01", "8597-01-24", "0001-01-01", "88069", "10000", "15019"])
def test_a_night_outside_1900_to_2100_is_refused(text):
    with pytest.raises(SettingsError, match=f"night '{text}' is .*; allowed: 1900-01-01 to 2099-12-31"):
        parse_night(text)
    assert not is_night(text)


def test_the_first_and_the_last_night_that_can_be_are_nights():
    assert [is_night(text) for text in ("1900-01-01", "2099-12-31")] == [True, True]
    assert [parse_night(text).isoformat() for text in ("15020", "88068")] == ["1900-01-01", "2099-12-31"]


@pytest.mark.parametrize("text", ["20260106/c", "20260106", "2026-01-06/c", "2026-W02-2", "٢٠٢٦-٠١-٠٦"])
def test_what_is_no_whole_iso_date_is_no_night(text):
    with pytest.raises(SettingsError, match="is not a date"):
        parse_night(text)
    assert not is_night(text)
    with pytest.raises(InputError, match=r"^n.csv: column 'night': night .* is not a date"):
        stated_nights(["2026-01-06", text], "n.csv: column 'night'")


def test_a_column_of_nights_may_hold_timestamps_at_midnight():
    given = ["2026-01-06 00:00:00", "2026-01-06T00:00:00.000000", "2026-01-06 00:00:00+00:00", "2026-01-06", "61046"]
    assert stated_nights(given, "column") == ["2026-01-06"] * 5
    with pytest.raises(InputError, match="is not a date"):
        stated_nights(["2026-01-06 04:00:00"], "column")


@pytest.mark.parametrize("text", ["20260106", "2026_01_06", "2026-1-6", "2026.01.6", "n20260106"])
def test_a_night_in_another_spelling_beside_right_ones_is_an_error_where_it_is_asked_for(text):
    require_night_names(["2026-01-05", "flats", text], "{night}/*.fits", "2026-01-05")
    with pytest.raises(InputError, match=f"'{text}' is not a night; folders of {{night}} must be named like"):
        require_night_names(["2026-01-05", "flats", text], "{night}/*.fits", "2026-01-06")


@pytest.mark.parametrize(("longitude_deg", "hour", "ahead"), [(0.0, 11, True), (0.0, 13, False), (-150.0, 21, True)])
def test_a_night_is_ahead_where_it_begins_later_than_in_a_day(longitude_deg, hour, ahead):
    now = datetime.datetime(2026, 1, 7, hour, tzinfo=datetime.UTC)
    assert is_ahead(datetime.date(2026, 1, 8), longitude_deg, now) == ahead


def test_nights_in_the_future_are_refused_with_the_last_and_how_many_there_are():
    now = datetime.datetime(2026, 1, 10, tzinfo=datetime.UTC)
    require_not_ahead(expand_nights(["2026-01-01..2026-01-10"]), 0.0, now, "d.yaml: nights")
    with pytest.raises(SettingsError, match=r"d.yaml: nights: 2062-01-02 lies in the future \(1 of 3 nights do\)"):
        require_not_ahead(expand_nights(["2026-01-01..2026-01-02", "2062-01-02"]), 0.0, now, "d.yaml: nights")


def test_a_survey_without_nights_has_the_one_night_all():
    assert night_name_of("all", has_nights=False) == "all"
    assert night_names(["all", "all"], has_nights=False) == ["all"]
    with pytest.raises(SettingsError, match="night '2026-01-05': this survey knows no nights; allowed: all"):
        night_names(["2026-01-05"], has_nights=False)


def test_a_survey_with_nights_refuses_the_night_all():
    assert night_names(["61046", "2026-01-05"]) == ["2026-01-05", "2026-01-06"]
    for refused in (lambda: night_name_of("all"), lambda: night_names(["2026-01-05", "all"])):
        with pytest.raises(SettingsError, match="night 'all' is for surveys without nights, and this one has some"):
            refused()
