import numpy as np
import pytest
from astropy.time import Time

from pipeline.surveys.alert_columns import magnitudes, utc_mjd


def test_atomic_time_is_brought_to_utc_as_astropy_does():
    times = np.array([57454.28907414352, 60000.25, 61045.9, np.nan])
    found = utc_mjd(times, "mjd_tai")
    np.testing.assert_allclose(found[:3], Time(times[:3], format="mjd", scale="tai").utc.mjd, atol=1e-8)
    assert (times[1] - found[1]) * 86400 == pytest.approx(37.0, abs=1e-3)
    assert np.isnan(found[3])


def test_julian_dates_lose_their_offset_and_utc_stays():
    assert utc_mjd([2460000.5], "jd").tolist() == [60000.0]
    assert utc_mjd([60000.25], "mjd").tolist() == [60000.25]
    assert len(utc_mjd([], "mjd_tai")) == 0


def test_a_time_far_ahead_of_all_leap_seconds_is_no_warning():
    assert utc_mjd([88000.0], "mjd_tai")[0] == pytest.approx(88000.0, abs=0.01)


def test_a_microjansky_has_magnitude_23_9_and_a_tenth_of_it_as_error_is_0_109():
    magnitude, error = magnitudes([1000.0, -1000.0, 0.0, np.nan], [100.0, 100.0, 1.0, 1.0], 31.4)
    np.testing.assert_allclose(magnitude, [23.9, 23.9, np.nan, np.nan])
    np.testing.assert_allclose(error[:2], 0.10857, atol=1e-5)
