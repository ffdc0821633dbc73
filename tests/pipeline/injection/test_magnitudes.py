"""Magnitudes are drawn as their distribution says, all of them between the limits and none a whole number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, SettingsError
from pipeline.injection import InjectionSettings, draw_magnitudes


def draw(number=2000, listed=None, **settings):
    return draw_magnitudes(number, InjectionSettings(**settings), np.random.default_rng(1), listed)


@pytest.mark.replaces("gmadet", "O1")
@settings(max_examples=30, deadline=None)
@given(st.floats(-5.0, 24.0), st.floats(0.01, 10.0), st.sampled_from(["uniform", "power_law"]), st.floats(-5.0, 5.0))
def test_every_magnitude_lies_between_limits_that_may_be_any_float(low, span, distribution, slope):
    drawn = draw(200, magnitude_min=low, magnitude_max=low + span, magnitudes=distribution, magnitude_slope=slope)
    assert drawn.min() >= low
    assert drawn.max() <= low + span
    assert len(np.unique(drawn)) > 100 or abs(slope) * span > 10 or span < 1e-6


@pytest.mark.parametrize("slope", [0.6, 0.3, -0.4])
def test_a_power_law_has_its_slope(slope):
    drawn = draw(20_000, magnitude_min=17.0, magnitude_max=21.0, magnitudes="power_law", magnitude_slope=slope)
    counts, edges = np.histogram(drawn, np.linspace(17.0, 21.0, 9))
    middles = (edges[1:] + edges[:-1]) / 2.0
    kept = counts > 50
    fitted = np.polyfit(middles[kept], np.log10(counts[kept]), 1, w=np.sqrt(counts[kept]))[0]
    assert fitted == pytest.approx(slope, abs=0.04)


def test_a_list_gives_its_own_magnitudes_within_the_limits():
    drawn = draw(
        listed=np.array([12.25, 18.5, 19.75, np.nan, 99.0]), magnitudes="file", magnitude_min=15.0, magnitude_max=20.0
    )
    assert set(drawn) == {18.5, 19.75}


@pytest.mark.parametrize("listed", [None, np.array([]), np.array([np.nan, 99.0])])
def test_a_list_without_a_magnitude_in_the_limits_is_refused(listed):
    with pytest.raises(InputError, match=r"none of \d listed magnitudes is from 17.0 to 21.0"):
        draw(listed=listed, magnitudes="file")


@pytest.mark.parametrize("limits", [(20.0, 19.0), (18.0, 18.0), (-99.0, 20.0), (17.0, 99.0)])
def test_magnitudes_out_of_order_or_beyond_sense_are_refused(limits):
    with pytest.raises(SettingsError, match=r"magnitudes from|is not below"):
        InjectionSettings(magnitude_min=limits[0], magnitude_max=limits[1])
