"""The variance of a frame follows from its counts, not from the noise in them."""

import numpy as np
import pytest

from pipeline.imaging.frame import Frame


def frame(pixels, **changes):
    properties = {"gain": 2.0, "read_noise": 6.0, "saturation": 1000.0, "fwhm_pixel": 3.0} | changes
    return Frame(pixels=pixels.astype(np.float32), **properties)


def test_the_variance_of_a_sky_is_that_of_its_photons_and_electrons():
    rng = np.random.default_rng(0)
    pixels = (rng.poisson(400.0 * 2.0, (200, 200)) + rng.normal(0, 6.0, (200, 200))) / 2.0
    variance = frame(pixels).variance(400.0)
    assert np.median(variance) == pytest.approx(400 / 2 + 9, rel=0.01)
    assert pixels.var() == pytest.approx(np.median(variance), rel=0.03)


def test_low_pixels_are_not_called_less_noisy():
    rng = np.random.default_rng(0)
    pixels = rng.normal(100.0, 10.0, (200, 200))
    variance = frame(pixels).variance(100.0)
    assert abs(np.corrcoef(pixels.ravel(), variance.ravel())[0, 1]) < 0.5
    assert variance[pixels < 75].mean() == pytest.approx(variance.mean(), rel=0.06)


def test_the_core_of_a_star_keeps_its_own_counts():
    pixels = np.full((41, 41), 100.0)
    pixels[20, 20] = 5000.0
    assert frame(pixels).variance(100.0)[20, 20] == pytest.approx(5000 / 2 + 9)


def test_missing_and_full_pixels_are_saturated():
    pixels = np.array([[10.0, 999.0, 1000.0, np.nan]])
    assert frame(pixels).saturated().tolist() == [[False, False, True, True]]
    assert np.isfinite(frame(pixels).variance(100.0)).all()
