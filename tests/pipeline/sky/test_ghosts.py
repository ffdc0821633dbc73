"""A ghost lies opposite its star, is a ring, and has a share of its light."""

import numpy as np
import pytest

from pipeline.errors import SettingsError
from pipeline.sky import GhostSettings
from pipeline.sky.ghosts import add_ghosts

SETTINGS = GhostSettings(share=0.01, radius_pixel=15.0, obstruction=0.4, magnification=0.9)


def test_a_ghost_is_mirrored_about_the_axis_with_its_share_of_the_light():
    light = np.zeros((201, 201))
    seen = add_ghosts(light, [(50.0, 130.0, 1e6)], SETTINGS, 1.0)
    y, x = np.indices(light.shape)
    assert light.sum() == pytest.approx(1e4)
    assert (light * x).sum() / light.sum() == pytest.approx(100.0 + 0.9 * 50.0, abs=0.01)
    assert (light * y).sum() / light.sum() == pytest.approx(100.0 - 0.9 * 30.0, abs=0.01)
    assert seen[73, 145]
    assert not seen[130, 50]


def test_it_is_a_ring_of_even_brightness():
    light = np.zeros((201, 201))
    add_ghosts(light, [(100.0, 100.0, 1e6)], SETTINGS, 1.0)
    assert light[100, 100] < 0.02 * light[100, 110]
    assert light[100, 110] == pytest.approx(light[90, 100], rel=0.01)
    assert light[100, 125] < 0.01 * light[100, 110]


def test_what_is_too_faint_is_not_marked_and_what_lies_outside_is_left_out():
    light = np.zeros((101, 101))
    assert not add_ghosts(light, [(20.0, 50.0, 100.0)], SETTINGS, 1.0).any()
    before = light.sum()
    assert not add_ghosts(light, [(-900.0, 50.0, 1e6)], SETTINGS, 1.0).any()
    assert light.sum() == before


def test_settings_that_make_no_ghost_are_refused():
    for changes in ({"share": -0.1}, {"radius_pixel": 0.0}, {"obstruction": 1.0}):
        with pytest.raises(SettingsError, match="ghosts: "):
            GhostSettings(**changes)
