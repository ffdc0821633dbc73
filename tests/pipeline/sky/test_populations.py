"""Numbers on the sky against a volume that is counted by hand."""

import numpy as np
import pytest

from pipeline.sky.populations import Population, per_deg2_year

SPHERE_DEG2 = 4.0 * np.pi * np.degrees(1.0) ** 2


def test_nearby_the_universe_is_euclidean():
    found = per_deg2_year([Population(per_mpc3_year=1e-4, absolute_magnitude=-18.0, scatter=0.0)], 0.0, 13.0)
    radius_mpc = 10.0 ** ((13.0 + 18.0 - 25.0) / 5.0)
    assert found == pytest.approx(1e-4 * 4.0 / 3.0 * np.pi * radius_mpc**3 / SPHERE_DEG2, rel=0.03)


def test_scatter_shows_more_of_them_as_in_malmquist():
    sharp, wide = (
        per_deg2_year([Population(per_mpc3_year=1e-4, absolute_magnitude=-18.0, scatter=scatter)], 0.0, 14.0)
        for scatter in (0.0, 0.5)
    )
    euclidean = np.exp(0.5 * (0.6 * np.log(10.0) * 0.5) ** 2)
    assert wide / sharp == pytest.approx(euclidean, rel=0.05)


def test_the_bright_limit_leaves_out_the_bright():
    one = [Population(per_mpc3_year=1e-4, absolute_magnitude=-18.0, scatter=0.3)]
    whole, bright, faint = (per_deg2_year(one, *limits) for limits in ((0.0, 18.0), (0.0, 16.0), (16.0, 18.0)))
    assert whole == pytest.approx(bright + faint)


def test_populations_add_up():
    one, two = (Population(per_mpc3_year=rate, absolute_magnitude=-18.0, scatter=0.3) for rate in (1e-5, 3e-5))
    assert per_deg2_year([one, two], 0.0, 18.0) == pytest.approx(4.0 * per_deg2_year([one], 0.0, 18.0))
