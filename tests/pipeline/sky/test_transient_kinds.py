"""Every kind of transient is brightest at its maximum and has the times that it says."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SettingsError
from pipeline.sky import TRANSIENTS, SkySettings
from pipeline.sky.transient_kinds import draw_kinds, light_curve


def flux_of(kind, *since_day, rise_day=10.0, decline_day=20.0):
    number = np.ones(len(since_day))
    return TRANSIENTS[kind](np.array(since_day), rise_day * number, decline_day * number)


@pytest.mark.parametrize("kind", list(TRANSIENTS))
@given(since_day=st.floats(-1000.0, 1000.0), rise_day=st.floats(0.001, 50.0), decline_day=st.floats(0.01, 100.0))
def test_no_flux_is_negative_or_above_that_at_maximum(kind, since_day, rise_day, decline_day):
    flux, top = flux_of(kind, since_day, 0.0, rise_day=rise_day, decline_day=decline_day)
    assert top == pytest.approx(1.0)
    assert 0.0 <= flux <= 1.0 + 1e-9


@pytest.mark.parametrize("kind", list(TRANSIENTS))
def test_it_rises_before_and_fades_after(kind):
    before = flux_of(kind, *np.linspace(-30.0, 0.0, 40))
    after = flux_of(kind, *np.linspace(0.0, 200.0, 40))
    assert (np.diff(before) >= 0).all()
    assert (np.diff(after) < 0).all()


def test_known_values():
    assert flux_of("supernova", -5.0, -10.0, 20.0) == pytest.approx([0.25, 0.0, np.exp(-1.0)])
    assert flux_of("tidal_disruption", 20.0)[0] == pytest.approx(2.0 ** (-5.0 / 3.0))
    assert flux_of("nova", -10.0, 20.0) == pytest.approx([np.exp(-1.0)] * 2)
    assert flux_of("flare", 20.0)[0] == pytest.approx(0.7 * np.exp(-1.6) + 0.3 * np.exp(-0.28))


def test_a_table_of_kinds_gets_the_light_curve_of_each():
    table = pd.DataFrame(
        {"transient_kind": ["nova", "supernova"], "peak_mjd": 100.0, "rise_day": 10.0, "decline_day": 20.0}
    )
    assert light_curve(table, 95.0) == pytest.approx([np.exp(-0.5), 0.25])


def test_kinds_are_drawn_by_their_shares():
    drawn = draw_kinds(4000, {}, np.random.default_rng(1))["transient_kind"].value_counts(normalize=True)
    for kind in TRANSIENTS:
        assert drawn[kind] == pytest.approx(TRANSIENTS.metadata(kind)["share"], abs=0.03)
    assert sum(TRANSIENTS.metadata(kind)["share"] for kind in TRANSIENTS) == pytest.approx(1.0)
    only = draw_kinds(50, {"flare": 1.0, "nova": 0.0}, np.random.default_rng(1))
    assert set(only["transient_kind"]) == {"flare"}


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"supernovae": 1.0}, r"transient_shares names 'supernovae'; allowed: fast_transient, flare"),
        ({"flare": -1.0}, r"transient_shares.flare is -1.0, must be at least 0"),
        ({"flare": 0.0}, r"transient_shares are all 0"),
    ],
)
def test_shares_that_are_none_are_refused(shares, message):
    with pytest.raises(SettingsError, match=message):
        SkySettings(transient_shares=shares)
