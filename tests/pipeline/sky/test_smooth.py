import numpy as np
import pytest

from pipeline.sky.smooth import smooth_field

SIDE = 400


def field(scale, seed=1):
    return smooth_field(SIDE, scale, np.random.default_rng(seed))


@pytest.mark.parametrize("scale", [10.0, 37.0, 1000.0])
def test_a_field_has_mean_0_and_spread_1(scale):
    smooth = field(scale)
    assert smooth.shape == (SIDE, SIDE)
    assert smooth.mean() == pytest.approx(0.0, abs=1e-9)
    assert smooth.std() == pytest.approx(1.0)


def alike(smooth, shift):
    return np.mean(smooth[:, shift:] * smooth[:, :-shift])


def test_it_is_smooth_over_its_scale_and_forgets_beyond():
    scale = 20
    smooth = np.mean([[alike(field(scale, seed), shift) for shift in (2, 10, 80)] for seed in range(5)], axis=0)
    assert smooth[0] > 0.97
    assert 0.5 < smooth[1] < smooth[0]
    assert abs(smooth[2]) < 0.15


def test_it_is_as_rough_along_one_axis_as_along_the_other():
    smooth = np.stack([field(20, seed) for seed in range(5)])
    steps = [np.diff(smooth, axis=axis).std() for axis in (1, 2)]
    assert steps[0] == pytest.approx(steps[1], rel=0.1)
