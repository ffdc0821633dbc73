"""Solar-system objects: new ones each night, within their limits of brightness and motion."""

import numpy as np
import pytest

from pipeline.sky.movers import MoverSettings, draw_movers
from pipeline.sky.visits import VisitSettings, plan_visits, tangent_wcs

VISITS = plan_visits(VisitSettings(nights=3, exposures_per_night=2, fields=1), 1)


@pytest.fixture
def movers():
    """Five movers in each of three nights."""
    settings = MoverSettings(movers=5, mover_rate_min_arcsec_hour=20.0, mover_rate_max_arcsec_hour=30.0)
    return draw_movers(settings, tangent_wcs(settings, 0), 0, np.random.default_rng(1), VISITS)


def test_each_night_has_its_own(movers):
    assert movers["source_id"].is_unique
    assert movers["night"].value_counts().to_dict() == {visit.night: 5 for visit in VISITS}


def test_they_start_with_the_first_exposure_of_their_night(movers):
    first = {visit.night: visit.time_mjd for visit in reversed(VISITS)}
    assert (movers["start_mjd"] == movers["night"].map(first)).all()


def test_their_motion_is_within_the_limits(movers):
    rate = np.hypot(movers["rate_ra_arcsec_hour"], movers["rate_dec_arcsec_hour"])
    assert rate.between(20.0, 30.0).all()
