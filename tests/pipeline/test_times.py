"""Times of every scale and format come to UTC, MJD, and what cannot be a time is known by one rule."""

import datetime

import numpy as np
import pytest
from astropy.time import Time

from pipeline.errors import InputError
from pipeline.times import FIRST_MJD, LAST_MJD, from_scale, is_julian, is_possible, mjd_of, utc_mjd


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
