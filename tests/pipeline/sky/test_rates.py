"""A sky with the rates of a real one holds what these say, on average."""

import numpy as np
import pytest

from pipeline.errors import SettingsError
from pipeline.sky import TRANSIENTS, SkyRates, SkySettings, draw_field, plan_visits
from pipeline.sky.counts import at_rates
from pipeline.sky.places import area_deg2

SETTINGS = SkySettings(rates=SkyRates(), size_pixel=920, fields=1, nights=4)
VISITS = plan_visits(SETTINGS, 1)


def drawn(settings, number=300):
    return [at_rates(settings, VISITS, np.random.default_rng(n)) for n in range(number)]


def test_numbers_are_those_of_the_area():
    area = area_deg2(SETTINGS)
    assert area == pytest.approx((1000 / 3600) ** 2)
    fields = drawn(SETTINGS)
    for name in ("stars", "galaxies", "variables", "agn", "movers"):
        expected = getattr(SETTINGS.rates, name) * area
        found = np.array([getattr(field, name) for field in fields])
        assert found.mean() == pytest.approx(expected, abs=5.0 * np.sqrt(expected / len(fields)))
        assert found.var() == pytest.approx(expected, rel=0.35)


def test_transients_are_as_many_as_their_rate_in_the_days_in_which_they_are_seen():
    novae = dict.fromkeys(TRANSIENTS, 0.0) | {"nova": 5000.0}
    fields = drawn(SkySettings(rates=SkyRates(transients=novae), size_pixel=920, fields=1, nights=4), 100)
    first, last = VISITS[0].time_mjd, VISITS[-1].time_mjd
    known = TRANSIENTS.metadata("nova")
    days = last - first + 1.5 * known["decline_day"] + 0.5 * known["rise_day"]
    expected = 5000.0 * area_deg2(SETTINGS) * days / 365.25
    assert np.mean([field.transients for field in fields]) == pytest.approx(expected, rel=0.05)
    assert all(field.transient_shares["flare"] == 0.0 for field in fields)


def test_kinds_have_the_rates_of_their_populations_unless_the_settings_say_more():
    rates = SkyRates(transients={"flare": 7.0})
    yearly = rates.of_transients(14.0, 20.7)
    assert set(yearly) == set(TRANSIENTS)
    assert yearly["flare"] == 7.0
    assert yearly["supernova"] > yearly["fast_transient"] > yearly["tidal_disruption"] > 0.0
    deeper = rates.of_transients(14.0, 21.7)
    assert 2.0 < deeper["supernova"] / yearly["supernova"] < 4.0
    assert deeper["nova"] == yearly["nova"]


def test_a_field_is_drawn_at_these_numbers():
    objects = draw_field(SETTINGS, 0, VISITS, 3)
    assert len(objects.stars) == pytest.approx(2580 * area_deg2(SETTINGS), rel=0.3)
    assert len(objects.galaxies) == pytest.approx(2045 * area_deg2(SETTINGS), rel=0.3)
    empty = SkyRates(stars=0, galaxies=0, variables=0, agn=0, movers=0, transients=dict.fromkeys(TRANSIENTS, 0.0))
    nothing = draw_field(SkySettings(rates=empty), 0, VISITS, 3)
    assert not any(map(len, (nothing.stars, nothing.galaxies, nothing.transients, nothing.movers)))


def test_without_rates_the_numbers_are_those_of_the_settings():
    settings = SkySettings()
    assert at_rates(settings, VISITS, np.random.default_rng(1)) is settings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stars": -1.0}, r"rates: stars is -1.0, must be at least 0"),
        ({"transients": {"supernovae": 1.0}}, r"rates: transients names 'supernovae'; allowed: fast_transient"),
        ({"transients": {"nova": -1.0}}, r"rates: transients.nova is -1.0, must be at least 0"),
    ],
)
def test_rates_that_are_none_are_refused(changes, message):
    with pytest.raises(SettingsError, match=message):
        SkyRates(**changes)
