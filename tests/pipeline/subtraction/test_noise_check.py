"""The predicted noise against the difference that it is of."""

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.subtraction.noise_check import equal_pixels, noise_notes, noise_spread

SHAPE = (300, 400)


def difference(sigma=5.0):
    pixels = np.random.default_rng(1).normal(0.3, sigma, SHAPE).astype(np.float32)
    pixels[:20] = np.nan
    pixels[50:60, 50:60] = 1e5
    return pixels


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.73])
def test_the_spread_is_the_factor_by_which_the_prediction_is_off(factor):
    noise = np.full(SHAPE, 5.0 / factor, np.float32)
    assert noise_spread(difference(), noise) == pytest.approx(factor, rel=0.02)


def test_an_image_without_a_finite_pixel_has_no_spread():
    nothing = np.full(SHAPE, np.nan, np.float32)
    assert np.isnan(noise_spread(nothing, nothing))
    assert equal_pixels(nothing)[1] == 0.0


def test_the_most_frequent_value_and_its_share_are_found():
    pixels = difference()
    pixels[100:250] = 7.0
    value, share = equal_pixels(pixels)
    assert value == 7.0
    assert share == pytest.approx(150 / 280, abs=0.01)


def test_a_true_prediction_says_nothing():
    assert noise_notes(1.2, difference(), 2.0) == []


@pytest.mark.parametrize("spread", [0.7, 1.4])
def test_a_doubtful_prediction_is_said_with_its_factor(spread):
    (note,) = noise_notes(spread, difference(), 2.0)
    assert f"{spread:g} times its predicted noise" in note


@pytest.mark.parametrize("spread", [0.0003, 0.49, 2.73, 6.6])
def test_a_prediction_that_cannot_be_true_is_refused(spread):
    with pytest.raises(InputError, match=r"max_noise_factor: 0.5 to 2\. Look at gain"):
        noise_notes(spread, difference(), 2.0)


def test_padding_is_named():
    padded = np.where(np.arange(SHAPE[1]) < 200, np.float32(0.0), difference(3.0))
    (note,) = noise_notes(1.0, padded, 2.0)
    assert "pixels are exactly 0; state it in magic_values" in note
    with pytest.raises(InputError, match="pixels are exactly 0"):
        noise_notes(6.6, padded, 2.0)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 1.5])
def test_a_sky_of_few_whole_numbers_is_not_taken_for_padding(sigma):
    whole = np.round(352.0 + difference(sigma))
    assert np.mean(whole[np.isfinite(whole)] == 352.0) > 0.25
    assert noise_notes(1.0, whole, 2.0) == []
    with pytest.raises(InputError, match=r"its predicted noise, usual is 0.8 to 1.25; allowed"):
        noise_notes(0.05, whole, 2.0)


def test_padding_in_a_sky_of_few_whole_numbers_is_named():
    padded = np.where(np.arange(SHAPE[1]) < 200, np.float32(0.0), np.round(352.0 + difference(1.0)))
    (note,) = noise_notes(1.0, padded, 2.0)
    assert "pixels are exactly 0; state it in magic_values" in note
