import numpy as np
import pandas as pd
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from pipeline.errors import InputError
from pipeline.solar_system.motion import (
    GAUSS_SQUARED,
    OBLIQUITY_RAD,
    cubed,
    eccentric_anomaly,
    heliocentric_state,
    integrated_state,
)

EPOCH = 60000.0


def orbit(**elements):
    """Return one orbit; what is not stated is that of a circle of 1 au in the ecliptic."""
    known = {"mover_id": "m", "epoch_mjd": EPOCH, "a_au": 1.0, "eccentricity": 0.0, "inclination_deg": 0.0}
    known |= {"node_deg": 0.0, "perihelion_deg": 0.0, "mean_anomaly_deg": 0.0}
    return pd.DataFrame([known | elements])


def state(elements, days):
    return heliocentric_state(elements, np.array([EPOCH + days]))[0]


@pytest.mark.parametrize("eccentricity", [0.0, 0.1, 0.7, 0.97, 0.9999])
def test_keplers_equation_is_solved_as_a_root_finder_does(eccentricity):
    mean = np.linspace(-3.1, 3.1, 41)
    found = eccentric_anomaly(mean, np.full(41, eccentricity))
    expected = [brentq(lambda e, m=m: e - eccentricity * np.sin(e) - m, -4, 4, xtol=1e-15) for m in mean]
    assert found == pytest.approx(expected, abs=1e-9)


def test_a_year_is_that_of_gauss():
    year = 2 * np.pi / np.sqrt(GAUSS_SQUARED)
    assert year == pytest.approx(365.2568983, abs=1e-7)
    elements = orbit(eccentricity=0.3, inclination_deg=20.0, node_deg=50.0, perihelion_deg=70.0)
    assert state(elements, year) == pytest.approx(state(elements, 0.0), abs=1e-12)


def test_at_perihelion_it_is_nearest_and_moves_across():
    there = state(orbit(a_au=2.5, eccentricity=0.4), 0.0)
    assert there[:3] == pytest.approx([1.5, 0.0, 0.0])
    assert there[3] == pytest.approx(0.0, abs=1e-15)
    speed = np.sqrt(GAUSS_SQUARED * (2 / 1.5 - 1 / 2.5))  # vis-viva
    assert np.linalg.norm(there[3:]) == pytest.approx(speed)


def test_the_ecliptic_is_tilted_against_the_equator():
    quarter = state(orbit(mean_anomaly_deg=90.0), 0.0)[:3]
    assert quarter == pytest.approx([0.0, np.cos(OBLIQUITY_RAD), np.sin(OBLIQUITY_RAD)])
    pole = state(orbit(mean_anomaly_deg=90.0, inclination_deg=90.0), 0.0)[:3]
    assert pole == pytest.approx([0.0, -np.sin(OBLIQUITY_RAD), np.cos(OBLIQUITY_RAD)])


@pytest.mark.parametrize(("name", "value"), [("a_au", -1.0), ("a_au", np.nan), ("eccentricity", 1.0)])
def test_what_is_no_ellipse_is_named(name, value):
    with pytest.raises(InputError, match="orbit of 'm'"):
        state(orbit(**{name: value}), 0.0)


def test_two_body_motion_is_what_the_pull_of_the_sun_alone_gives():
    elements = orbit(a_au=1.7, eccentricity=0.5, inclination_deg=30.0, mean_anomaly_deg=200.0)

    def pull(_, flat):
        return np.concatenate([flat[3:], -GAUSS_SQUARED * flat[:3] / np.linalg.norm(flat[:3]) ** 3])

    moved = solve_ivp(pull, (0, 400), state(elements, 0.0), method="DOP853", rtol=1e-12, atol=1e-14).y[:, -1]
    assert state(elements, 400.0) == pytest.approx(moved, abs=1e-9)


def test_times_may_come_in_any_order_and_twice():
    start = heliocentric_state(orbit(a_au=2.7, eccentricity=0.1), np.array([EPOCH]))
    times = EPOCH + np.array([30.0, -20.0, 0.0, 30.0, 10.0])
    found = integrated_state(start, EPOCH, times)
    assert found.shape == (5, 1, 6)
    assert (found[0] == found[3]).all()
    assert found[2, 0] == pytest.approx(start[0])
    for time, there in zip(times, found, strict=True):
        assert integrated_state(start, EPOCH, np.array([time]))[0] == pytest.approx(there, abs=1e-8)


def test_back_and_forth_leads_to_where_it_began():
    start = heliocentric_state(orbit(a_au=2.7, eccentricity=0.1), np.array([EPOCH]))
    there = integrated_state(start, EPOCH, np.array([EPOCH + 300.0]))[0]
    assert integrated_state(there, EPOCH + 300.0, np.array([EPOCH]))[0] == pytest.approx(start, abs=1e-7)


def test_planets_pull_little_in_a_day_and_more_in_a_year():
    elements = orbit(a_au=2.7, eccentricity=0.1)
    start = heliocentric_state(elements, np.array([EPOCH]))
    times = EPOCH + np.array([1.0, 365.0])
    pulled = integrated_state(start, EPOCH, times)[:, 0, :3]
    off = [np.linalg.norm(place - state(elements, days)[:3]) for place, days in zip(pulled, (1.0, 365.0), strict=True)]
    assert off[0] < 1e-7
    assert 1e-5 < off[1] < 1e-2


def test_lengths_are_cubed_along_the_first_axis():
    assert cubed(np.array([[3.0, 0.0], [4.0, 2.0], [0.0, 0.0]])).tolist() == [125.0, 8.0]
