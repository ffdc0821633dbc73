import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from pipeline.errors import InputError
from pipeline.metrics.differences import difference_quality, gaussian_peaks, robust_sigma

SIDE = 200


def quality(difference, noise, masked=None, places=(), **settings):
    masked = np.zeros(difference.shape, bool) if masked is None else masked
    detections = pd.DataFrame(list(places), columns=["x_pixel", "y_pixel"], dtype=float)
    return difference_quality(difference, noise, difference, masked, detections, fwhm_pixel=3.0, **settings)


def flat(value):
    return np.full((SIDE, SIDE), value, np.float32)


def drawn(sigma):
    return np.random.default_rng(1).normal(0.5, sigma, (SIDE, SIDE)).astype(np.float32)


def test_noise_that_is_predicted_too_small_by_half_spreads_by_two():
    found = quality(drawn(6.0), flat(3.0))
    assert found.spread == pytest.approx(2.0, rel=0.02)
    assert found.score_spread == pytest.approx(6.0, rel=0.02)
    assert found.median == pytest.approx(0.5 / 3.0, abs=0.05)


def test_the_spread_does_not_feel_a_few_wild_pixels():
    difference = drawn(1.0)
    difference[:2] = 1e6
    assert quality(difference, flat(1.0)).spread == pytest.approx(1.0, rel=0.05)


def test_missing_masked_and_noiseless_pixels_do_not_count():
    difference, noise, masked = drawn(1.0), flat(1.0), np.zeros((SIDE, SIDE), bool)
    difference[0], noise[1], masked[2] = np.nan, 0.0, True
    assert quality(difference, noise, masked).pixels == SIDE * (SIDE - 3)


def test_a_detection_on_a_masked_star_is_not_false():
    masked = np.zeros((SIDE, SIDE), bool)
    masked[50, 10] = True
    found = quality(drawn(1.0), flat(1.0), masked, [(10.2, 49.9), (50.0, 10.0), (SIDE + 0.4, 3.0)])
    assert found.false_per_million == pytest.approx(2 / (SIDE * SIDE - 1) * 1e6)


def test_where_nothing_is_left_there_is_no_quality():
    with pytest.raises(InputError, match="every pixel"):
        quality(flat(np.nan), flat(1.0))


def test_both_signs_are_expected_to_peak():
    expected = quality(drawn(1.0), flat(1.0), threshold_sigma=4.0).expected_per_million
    assert expected == pytest.approx(2e6 * gaussian_peaks(4.0, 3.0))


def test_filtered_noise_peaks_as_often_as_is_expected():
    fwhm, threshold, side = 8.0, 3.0, 2000  # wide, for the highest point of a peak lies between pixels
    smooth = ndimage.gaussian_filter(np.random.default_rng(2).normal(size=(side, side)), fwhm / 2.3548, mode="wrap")
    smooth /= smooth.std()
    peaks = (smooth == ndimage.maximum_filter(smooth, 3, mode="wrap")) & (smooth > threshold)
    assert peaks.sum() / side**2 == pytest.approx(gaussian_peaks(threshold, fwhm), rel=0.15)


def test_the_robust_sigma_is_that_of_a_gaussian_and_passes_by_missing_values():
    values = np.append(np.random.default_rng(3).normal(7.0, 0.3, 50_000), np.nan)
    assert robust_sigma(values) == pytest.approx(0.3, rel=0.02)
