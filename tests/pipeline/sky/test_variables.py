"""Variables change about their mean by no more than they say."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sky import VARIABLE_TYPES, SkySettings, draw_field, plan_visits
from pipeline.sky.variables import variation


@pytest.mark.parametrize("name", list(VARIABLE_TYPES))
@given(phase=st.floats(0.0, 1e5))
def test_no_type_leaves_its_range(name, phase):
    assert -1.0001 <= VARIABLE_TYPES[name](np.array([phase]))[0] <= 1.0001


@pytest.mark.parametrize("name", ["sine", "eclipse", "sawtooth"])
def test_periodic_types_repeat(name):
    phase = np.linspace(0.0, 1.0, 50, endpoint=False)
    np.testing.assert_allclose(VARIABLE_TYPES[name](phase), VARIABLE_TYPES[name](phase + 7.0), atol=1e-9)


def test_an_eclipse_is_short_and_deep():
    change = VARIABLE_TYPES["eclipse"](np.linspace(0.0, 1.0, 1001))
    assert change.min() == pytest.approx(-1.0, abs=0.01)
    assert 0.05 < (change < -0.3).mean() < 0.15


def test_a_positive_change_is_a_brighter_star():
    table = pd.DataFrame({"variable_type": ["sine"], "period_day": [4.0], "amplitude": [1.0], "phase": [0.25]})
    assert variation(table, 0.0)[0] == pytest.approx(10.0**0.4)
    assert variation(table, 2.0)[0] == pytest.approx(10.0**-0.4)


def test_agn_lie_in_the_centres_of_galaxies():
    settings = SkySettings(galaxies=30, agn=8, fields=1)
    visits = plan_visits(settings, 2)
    field = draw_field(settings, 0, visits, 2)
    nuclei = field.variables[field.variables["variable_type"] == "agn"]
    assert len(nuclei) == 8
    assert set(zip(nuclei["ra_deg"], nuclei["dec_deg"], strict=True)) <= set(
        zip(field.galaxies["ra_deg"], field.galaxies["dec_deg"], strict=True)
    )
    few = draw_field(SkySettings(galaxies=3, agn=8, fields=1), 0, visits, 2)
    assert (few.variables["variable_type"] == "agn").sum() == 3
