"""The seeing of a night: what its settings allow, and how it changes from exposure to exposure."""

import numpy as np
import pytest

from pipeline.sky.seeing import NightSeeing, SeeingSettings


def nights(settings, number=300, exposures=3):
    return [NightSeeing.draw(settings, exposures, np.random.default_rng(seed)) for seed in range(number)]


def test_nights_have_any_seeing_between_the_limits():
    widths = [night.fwhm_pixel for night in nights(SeeingSettings(seeing_min_pixel=2.0, seeing_max_pixel=4.0))]
    assert 2.0 <= min(widths) < 2.1
    assert 3.9 < max(widths) <= 4.0


def test_the_tilt_is_at_most_what_the_settings_say_in_any_direction():
    tilts = np.array([(night.x_tilt, night.y_tilt) for night in nights(SeeingSettings(seeing_tilt=0.1))])
    assert 0.09 < np.hypot(*tilts.T).max() <= 0.1
    assert (tilts.min(axis=0) < -0.05).all()
    assert (tilts.max(axis=0) > 0.05).all()


def test_exposures_scatter_about_the_drift_of_the_night():
    night = nights(SeeingSettings())[0]
    rng = np.random.default_rng(1)
    logs = np.log([[night.of_exposure(number, rng)[0] for _ in range(400)] for number in (0, 9)])
    assert logs.mean(axis=1) == pytest.approx(np.log(night.fwhm_pixel) + night.drift * np.array([0, 9]), abs=0.01)
    assert logs.std(axis=1) == pytest.approx([0.05, 0.05], rel=0.15)


def test_no_exposure_is_further_from_round_than_the_settings_allow():
    night = nights(SeeingSettings(ellipticity_max=0.2))[3]
    rng = np.random.default_rng(2)
    drawn = [night.of_exposure(0, rng) for _ in range(500)]
    assert 0.0 <= max(ellipticity for _, ellipticity, _ in drawn) <= 0.2
    assert all(0.0 <= angle < 180.0 for _, _, angle in drawn)
