"""The plan of the synthetic survey: nights, times, fields."""

import numpy as np
import pytest

from pipeline.night import night_of
from pipeline.sky import SkySettings
from pipeline.sky.visits import plan_visits, tangent_wcs


@pytest.mark.parametrize("longitude", [-155.5, -17.88, 0.0, 149.1])
def test_the_night_of_every_exposure_is_that_of_its_time(longitude):
    visits = plan_visits(SkySettings(longitude_deg=longitude, nights=3, first_hour=6.0, interval_minute=300.0), 1)
    nights = night_of([visit.time_mjd for visit in visits], longitude)
    assert nights.tolist() == [visit.night for visit in visits]
    assert sorted(set(nights)) == ["2026-01-01", "2026-01-02", "2026-01-03"]


def test_exposures_are_in_order_of_time_with_ids_of_their_own():
    visits = plan_visits(SkySettings(), 1)
    times = [visit.time_mjd for visit in visits]
    assert times == sorted(times)
    assert len({visit.exposure_id for visit in visits}) == len(visits) == 18


def test_nights_take_the_fields_in_turn_and_differ_in_seeing():
    visits = plan_visits(SkySettings(fields=3), 1)
    assert [visit.field for visit in visits[::3]] == [0, 1, 2, 0, 1, 2]
    seeing = np.array([visit.fwhm_pixel for visit in visits]).reshape(6, 3)
    assert seeing.mean(axis=1).std() > 2.0 * seeing.std(axis=1).mean()


def test_a_longer_survey_begins_with_the_shorter_one():
    assert plan_visits(SkySettings(nights=4), 7)[:6] == plan_visits(SkySettings(nights=2), 7)
    assert plan_visits(SkySettings(), 7) != plan_visits(SkySettings(), 8)


def test_a_shift_moves_the_sky_on_the_detector():
    settings = SkySettings()
    ra, dec = tangent_wcs(settings, 1).pixel_to_world_values(100.0, 200.0)
    x, y = tangent_wcs(settings, 1, 2.5, -1.25).world_to_pixel_values(ra, dec)
    np.testing.assert_allclose([x, y], [102.5, 198.75], atol=1e-6)
