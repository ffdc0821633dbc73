import numpy as np
import pytest

from pipeline.injection.offsets import OFFSETS

NUMBER, SCALE = 20_000, 3.0


def drawn(name):
    """Return distances and angles of many sources around their hosts."""
    rng = np.random.default_rng(1)
    return np.array([OFFSETS[name](SCALE, rng) for _ in range(NUMBER)]).T


@pytest.mark.parametrize("name", sorted(OFFSETS))
def test_no_direction_is_preferred(name):
    distance, angle = drawn(name)
    assert (distance >= 0).all()
    assert np.hypot(np.cos(angle).mean(), np.sin(angle).mean()) < 0.03


def test_the_scale_of_a_disc_is_the_mean_distance():
    distance, _ = drawn("disc")
    assert distance.mean() == pytest.approx(SCALE, rel=0.03)
    # the light of an exponential disc within r is 1 - (1 + x) exp(-x), x = r over half the mean distance
    within = 1 - (1 + 2.0) * np.exp(-2.0)
    assert (distance < SCALE).mean() == pytest.approx(within, abs=0.02)


@pytest.mark.parametrize(("name", "sigma"), [("normal", SCALE), ("nuclear", SCALE / 20)])
def test_a_normal_scale_is_the_spread_along_each_axis(name, sigma):
    distance, angle = drawn(name)
    assert np.std(distance * np.cos(angle)) == pytest.approx(sigma, rel=0.03)
    assert np.std(distance * np.sin(angle)) == pytest.approx(sigma, rel=0.03)


def test_the_scale_of_a_square_is_half_its_side():
    distance, angle = drawn("uniform")
    x = distance * np.cos(angle)
    assert np.abs(x).max() == pytest.approx(SCALE, rel=0.01)
    assert np.std(x) == pytest.approx(SCALE / np.sqrt(3), rel=0.03)
