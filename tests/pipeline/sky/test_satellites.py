"""Trails are straight, of the width and the level that the settings say."""

import numpy as np
import pytest

from pipeline.errors import SettingsError
from pipeline.sky import SatelliteSettings
from pipeline.sky.satellites import add_trails

STEADY = SatelliteSettings(per_exposure=1.0, flashing_share=0.0, level_min=100.0, level_max=100.0)


def one_trail(settings, seed=0):
    for number in range(50):
        light = np.zeros((300, 300))
        seen = add_trails(light, settings, 3.0, np.random.default_rng([seed, number]))
        if 500 < seen.sum() < 6000:
            return light, seen
    raise AssertionError


def test_a_steady_trail_is_one_line_of_its_level():
    light, seen = one_trail(STEADY)
    rows, columns = np.nonzero(seen)
    variances = np.linalg.eigvalsh(np.cov(rows, columns))
    assert variances[0] < 6.0
    assert variances[1] > 500.0
    assert 70.0 < light.max() < 130.0


def test_defocus_makes_it_wider():
    sharp, _ = one_trail(STEADY)
    wide, _ = one_trail(
        SatelliteSettings(per_exposure=1.0, flashing_share=0.0, defocus_pixel=6.0, level_min=100.0, level_max=100.0)
    )
    assert (wide > 20.0).sum() > 1.5 * (sharp > 20.0).sum()


def test_a_flashing_trail_is_dark_between_its_flashes():
    steps = {"flash_step_min_pixel": 60.0, "flash_step_max_pixel": 110.0}
    light, _ = one_trail(
        SatelliteSettings(per_exposure=1.0, flashing_share=1.0, level_min=100.0, level_max=100.0, **steps)
    )
    line = light.max(axis=0) if light.max(axis=0).std() > light.max(axis=1).std() else light.max(axis=1)
    assert line.max() > 10.0 * np.median(line)


def test_flashes_lie_as_far_apart_as_the_settings_say():
    steps = {"flash_step_min_pixel": 20.0, "flash_step_max_pixel": 20.0}
    settings = SatelliteSettings(per_exposure=1.0, flashing_share=1.0, level_min=100.0, level_max=100.0, **steps)
    gaps = []
    for seed in range(12):
        light, _ = one_trail(settings, seed)
        rows, columns = np.nonzero(light > 0.3 * light.max())
        variances, directions = np.linalg.eigh(np.cov(rows, columns))
        if variances[0] < 6.0:  # one trail, not two
            along = np.sort(np.stack([rows, columns]).T @ directions[:, 1])
            gaps.extend(np.diff(along[np.concatenate([[True], np.diff(along) > 3.0])]))
    assert len(gaps) > 20
    assert np.median(gaps) == pytest.approx(20.0, abs=1.5)


def test_the_number_of_trails_is_that_of_the_settings():
    settings = SatelliteSettings(per_exposure=0.3)
    found = [add_trails(np.zeros((40, 40)), settings, 3.0, np.random.default_rng(n)).any() for n in range(400)]
    assert np.mean(found) == pytest.approx(1.0 - np.exp(-0.3), abs=0.06)


@pytest.mark.parametrize(
    "changes",
    [
        {"per_exposure": -1.0},
        {"flashing_share": 1.5},
        {"level_min": 0.0},
        {"level_min": 900.0},
        {"flash_step_min_pixel": 200.0},
    ],
)
def test_settings_that_make_no_trail_are_refused(changes):
    with pytest.raises(SettingsError, match=r"satellites: .*must be"):
        SatelliteSettings(**changes)
