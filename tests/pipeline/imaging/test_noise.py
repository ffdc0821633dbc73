"""Gain, pedestal and correlation come back from frames that were made with known ones."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import fftconvolve

from pipeline.errors import InputError
from pipeline.imaging.frame import Frame
from pipeline.imaging.noise import (
    clipped_variance,
    fixed_pattern,
    noise_from_pairs,
    noise_kernel_of,
    root_kernel,
    with_sky_noise,
)

GAIN, READ_NOISE, PEDESTAL = 2.5, 6.0, 100.0


def sky(level, seed, *, whole=False, size=200, gain=GAIN, read_noise=READ_NOISE, pedestal=PEDESTAL):
    """A frame of sky with a gradient and a few stars."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((size, size))
    light = level * (1.0 + 0.2 * x / size)
    for star in range(25):
        light = light + 3000.0 * np.exp(-((x - 37 * star % size) ** 2 + (y - 61 * star % size) ** 2) / 4.0)
    electrons = rng.poisson(light * gain) + rng.normal(0.0, read_noise, light.shape)
    pixels = electrons / gain + pedestal
    return (np.round(pixels) if whole else pixels).astype(np.float32)


def pairs(levels=(50, 100, 200, 400, 800), **changes):
    return [(sky(level, 2 * n, **changes), sky(level, 2 * n + 1, **changes)) for n, level in enumerate(levels)]


def test_the_gain_comes_back_within_its_error():
    found = noise_from_pairs(pairs())
    assert found.gain == pytest.approx(GAIN, rel=0.05)
    assert abs(found.gain - GAIN) < 4 * found.gain_error


def test_the_variance_of_any_level_is_that_of_the_frames():
    found = noise_from_pairs(pairs())
    for level in (50.0, 800.0):
        expected = level / GAIN + (READ_NOISE / GAIN) ** 2
        predicted = (level + PEDESTAL - found.pedestal) / found.gain + (found.read_noise / found.gain) ** 2
        assert predicted == pytest.approx(expected, rel=0.1)


def test_frames_of_whole_numbers_do_as_well():
    found = noise_from_pairs(pairs((20, 40, 80, 160), whole=True, gain=8.0, read_noise=4.0))
    assert found.gain == pytest.approx(8.0, rel=0.15)


def test_read_noise_comes_back_where_there_is_no_pedestal():
    found = noise_from_pairs(pairs((5, 20, 50, 100), pedestal=0.0, read_noise=15.0))
    assert found.read_noise == pytest.approx(15.0, rel=0.15)
    assert found.pedestal == 0.0


def test_frames_that_tell_nothing_are_refused():
    with pytest.raises(InputError, match="does not grow with its level"):
        noise_from_pairs([(np.random.default_rng(n).normal(100, 3, (2, 200, 200)).astype("f4")) for n in range(3)])
    with pytest.raises(InputError, match="tiles of sky between the sources"):
        noise_from_pairs([(sky(50, 0, size=60), sky(50, 1, size=60))])
    with pytest.raises(InputError, match="of one shape"):
        noise_from_pairs([(sky(50, 0), sky(50, 1, size=100))])
    with pytest.raises(InputError, match="of one shape"):
        noise_from_pairs([])


def test_outliers_do_not_count_in_a_variance():
    values = np.random.default_rng(0).normal(0.0, 3.0, 20_000)
    values[:50] = 1e4
    assert clipped_variance(values) == pytest.approx(9.0, rel=0.03)


def test_hot_pixels_are_the_pattern_and_moving_stars_are_not():
    frames = [np.roll(sky(100, seed), (13 * seed, 19 * seed), (0, 1)) for seed in range(11)]
    for frame in frames:
        frame[30, 40] += 500.0
    pattern = fixed_pattern(frames)
    assert pattern[30, 40] == pytest.approx(500.0, rel=0.1)
    assert np.percentile(np.abs(pattern), 99) < 20.0 < frames[0].max() / 20
    with pytest.raises(InputError, match="at least 3 frames"):
        fixed_pattern(frames[:2])


def test_correlated_noise_gives_the_kernel_that_made_it():
    smoothing = np.array([[0.0, 0.1, 0.0], [0.1, 0.9, 0.1], [0.0, 0.1, 0.0]])
    smoothing /= np.sqrt((smoothing**2).sum())
    white = np.random.default_rng(1).normal(0.0, 4.0, (400, 400))
    kernel = noise_kernel_of(fftconvolve(white, smoothing, mode="same").astype(np.float32) + 100.0)
    np.testing.assert_allclose(kernel[2:5, 2:5], smoothing, atol=0.03)
    assert (kernel**2).sum() == pytest.approx(1.0, abs=1e-5)


def test_white_noise_has_no_kernel():
    assert noise_kernel_of(np.random.default_rng(1).normal(100, 4, (400, 400)).astype(np.float32)) is None


def test_the_root_of_a_correlation_has_that_correlation():
    kernel = np.array([[0.05, 0.2, 0.05], [0.2, 0.8, 0.2], [0.05, 0.2, 0.05]])
    correlation = fftconvolve(kernel, kernel)
    correlation /= correlation.max()
    root = root_kernel(correlation).astype(float)
    np.testing.assert_allclose(fftconvolve(root, root)[2:-2, 2:-2], correlation, atol=0.02)


def test_the_variance_of_a_stacked_image_is_scaled_to_its_own_sky():
    stacked = np.mean([sky(200, seed) for seed in range(4)], axis=0).astype(np.float32)
    frame = Frame(pixels=stacked, gain=GAIN, read_noise=READ_NOISE, pedestal=PEDESTAL, saturation=6e4, fwhm_pixel=3.3)
    measured = with_sky_noise(frame)
    assert np.median(measured.variance_map / frame.variance(300.0)) == pytest.approx(0.25, rel=0.08)
    assert measured.noise_kernel is None
    with pytest.raises(InputError, match="pixels of sky"):
        with_sky_noise(replace(frame, pixels=frame.pixels[:8, :8]))
