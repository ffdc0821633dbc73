"""Times of every scale and format come to UTC, MJD, and what cannot be a time is known by one rule."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from astropy.time import Time

from pipeline.errors import InputError
from pipeline.times import FIRST_MJD, LAST_MJD, column_mjd, from_scale, is_julian, is_possible, mjd_of, utc_mjd


def test_atomic_time_is_brought_to_utc_as_astropy_does():
    times = np.array([57454.28907414352, 60000.25, 61045.9, np.nan])
    found = utc_mjd(times, "mjd_tai")
    np.testing.assert_allclose(found[:3], Time(times[:3], format="mjd", scale="tai").utc.mjd, atol=1e-8)
    assert (times[1] - found[1]) * 86400 == pytest.approx(37.0, abs=1e-3)
    assert np.isnan(found[3])


@pytest.mark.parametrize("scale", ["UTC", "TAI", "TT"])
def test_scales_of_headers_are_those_of_astropy(scale):
    times = np.array([44239.1, 57454.28907414352, 61045.9])
    np.testing.assert_allclose(
        from_scale(times, scale), Time(times, format="mjd", scale=scale.lower()).utc.mjd, atol=1e-8
    )


def test_an_unknown_scale_is_named_with_those_allowed():
    with pytest.raises(InputError, match="time scale is 'TDB'; allowed: UTC, TAI, TT"):
        from_scale([61045.9], "TDB")


def test_julian_dates_lose_their_offset_and_utc_stays():
    assert utc_mjd([2460000.5], "jd").tolist() == [60000.0]
    assert utc_mjd([60000.25], "mjd").tolist() == [60000.25]
    assert len(utc_mjd([], "mjd_tai")) == 0


def test_a_time_far_ahead_of_all_leap_seconds_is_no_warning():
    assert utc_mjd([88000.0], "mjd_tai")[0] == pytest.approx(88000.0, abs=0.01)


def test_times_that_cannot_be_keep_their_value_in_every_scale():
    times = np.array([0.0, -1e300, np.inf, 2461045.5])
    np.testing.assert_array_equal(from_scale(times, "TAI"), times)


def test_possible_are_the_years_1900_to_2099():
    assert [mjd_of(datetime.datetime(year, 1, 1)) for year in (1900, 2100)] == [FIRST_MJD, LAST_MJD]
    given = [FIRST_MJD, LAST_MJD - 1e-6, LAST_MJD, FIRST_MJD - 1e-6, 0.0, np.nan, np.inf, 2461045.5]
    assert is_possible(given).tolist() == [True, True, False, False, False, False, False, False]
    assert is_julian([2461045.5, 61045.0, np.nan]).tolist() == [True, False, False]


def test_a_moment_without_a_zone_is_utc():
    west = datetime.timezone(datetime.timedelta(hours=-7))
    assert mjd_of(datetime.datetime(2026, 1, 6, 12)) == 61046.5
    assert mjd_of(datetime.datetime(2026, 1, 6, 5, tzinfo=west)) == 61046.5


WEST = datetime.timezone(datetime.timedelta(hours=-7))
NOON = "2026-01-06T12:00:00"


@pytest.mark.parametrize(
    "value",
    [61046.5, "61046.5", " 6.10465e4 ", NOON, "2026-01-06 12:00:00", NOON + "Z", "2026-01-06T05:00:00-07:00",
     "2026-01-06 12:00:00+00", "20260106T120000", NOON + ".000000000", Decimal("61046.5"), np.float32(61046.5),
     datetime.datetime(2026, 1, 6, 12), datetime.datetime(2026, 1, 6, 5, tzinfo=WEST),
     np.datetime64(NOON, "us"), pd.Timestamp(NOON), pd.Timestamp(NOON, tz="UTC")],
)  # fmt: skip
def test_every_kind_of_time_that_a_column_has_is_read(value):
    column = np.array([value, None], dtype=object)
    np.testing.assert_array_equal(column_mjd(column, "t.csv: column 'mjd'"), [61046.5, np.nan])


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "America/Santiago"])
def test_a_column_of_timestamps_is_utc_with_what_is_blank(unit, zone):
    column = pd.Series(pd.to_datetime([NOON, None], utc=True).tz_convert(zone)).astype(
        f"datetime64[{unit}, {zone}]" if zone else f"datetime64[{unit}]"
    )
    np.testing.assert_array_equal(column_mjd(column, "column"), [61046.5, np.nan])


def test_zeros_and_blanks_are_no_times_and_what_cannot_be_stays_outside():
    given = ["0", "", "nan", "NaT", pd.NA, pd.NaT, None, -999.0, "1e300"]
    found = column_mjd(np.array(given, dtype=object), "column")
    assert np.isnan(found[:7]).all()
    assert not is_possible(found[7:]).any()
    assert np.isnan(column_mjd([0.0, np.nan], "column", time_format="jd")).all()


@pytest.mark.parametrize(
    ("given", "time_format", "message"),
    [
        ([61046.5, 2461047.0], "mjd", r"^c: row 2: 2461047.0 is outside 15020.0 to 88069.0, which is 1900 to 2100, "
         "and looks like a JD; state `time_format: jd`$"),
        (["2461047.0"], "mjd_tai", "looks like a JD; state `time_format: jd`"),
        ([61046.5], "jd", "row 1: 61046.5 is outside 2415020.5 to .* looks like an MJD; state `time_format: mjd`"),
    ],
)  # fmt: skip
def test_a_number_in_the_other_format_says_which_setting_is_wrong(given, time_format, message):
    with pytest.raises(InputError, match=message):
        column_mjd(given, "c", time_format=time_format)


def test_a_format_that_is_either_takes_both():
    assert column_mjd([61046.5, 2461047.0], "c", time_format="mjd_or_jd").tolist() == [61046.5, 61046.5]


def test_a_moment_counts_in_the_scale_of_its_column_unless_it_has_a_zone():
    found = column_mjd([NOON, NOON + "Z"], "c", time_format="mjd_tai")
    np.testing.assert_allclose((61046.5 - found) * 86400, [37.0, 0.0], atol=1e-3)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("tonight", "row 2 is 'tonight'; allowed: an ISO date and time, an MJD or a JD"),
        ("20260106/c", "row 2 is '20260106/c'; allowed"),
        ("20260106/12", "row 2 is '20260106/12'; allowed"),
        ("2026-01-06", "row 2 is '2026-01-06' without a time of day"),
        ("20260106", "row 2 is '20260106' without a time of day"),
        (datetime.date(2026, 1, 6), "row 2 is '2026-01-06' without a time of day"),
        ("2026-13-06T10:00:00", "row 2 is '2026-13-06T10:00:00'; allowed"),
        ("2026-01-06T12.5", "row 2 is '2026-01-06T12.5'; allowed"),
        ("2026-01-06T12:30.5", "row 2 is '2026-01-06T12:30.5'; allowed"),
    ],
)
def test_what_is_no_time_is_named_with_its_row(value, message):
    with pytest.raises(InputError, match=message):
        column_mjd(np.array([61046.5, value], dtype=object), "t.csv: column 'mjd'")


def test_a_type_that_has_times_to_minutes_is_warned_of(caplog):
    times = np.array([61046.4, np.nan])
    assert column_mjd(times.astype(np.float32), "t.fits: column 'mjd'", time_format="mjd")[0] == pytest.approx(
        61046.4, abs=0.004
    )
    assert "t.fits: column 'mjd' is of float32, which resolves MJDs only to 0.0039 days; better: float64" in caplog.text
    caplog.clear()
    column_mjd(times, "t.fits: column 'mjd'", time_format="mjd")
    assert not caplog.text


def test_a_type_that_has_julian_dates_to_a_quarter_of_a_day_is_refused():
    times = np.array([2461046.9, 2461047.1])
    assert column_mjd(times, "t.fits: column 'jd'", time_format="jd").tolist() == pytest.approx([61046.4, 61046.6])
    with pytest.raises(InputError, match=r"column 'jd' is of float32, which resolves JDs only to 0.25 days; allowed"):
        column_mjd(times.astype(np.float32), "t.fits: column 'jd'", time_format="jd")
