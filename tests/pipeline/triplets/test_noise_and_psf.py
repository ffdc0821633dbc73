import numpy as np
import pytest

from pipeline.triplets.noise_and_psf import known_planes, photon_variance, psf_width, shifted_psf


def gaussian(size, sigma_y, sigma_x, y=0.0, x=0.0):
    """Return a Gaussian of unit sum; these widths are of several pixels, so that its samples are its pixels."""
    step = np.arange(size) - size // 2
    square = ((step[:, None] - y) / sigma_y) ** 2 + ((step[None] - x) / sigma_x) ** 2
    return (np.exp(-0.5 * square) / (2 * np.pi * sigma_y * sigma_x)).astype(np.float32)


@pytest.mark.parametrize("size", [30, 31])
@pytest.mark.parametrize("place", [(0.0, 0.0), (0.4, -0.3), (-0.5, 0.5)])
def test_a_moved_psf_is_that_of_a_source_there_and_keeps_its_sum(size, place):
    found = shifted_psf(gaussian(size, 2.5, 1.8), *place)
    np.testing.assert_allclose(found, gaussian(size, 2.5, 1.8, *place), atol=5e-3 * found.max())
    assert found.sum() == pytest.approx(1.0, abs=1e-5)


def test_the_flux_beyond_a_cut_psf_stays_beyond_it():
    cut = 0.9 * gaussian(31, 2.0, 2.0)
    assert shifted_psf(cut, 0.3, 0.3).sum() == pytest.approx(0.9, abs=1e-5)


@pytest.mark.parametrize("sigma", [1.5, 2.5])
def test_the_width_of_a_psf(sigma):
    assert psf_width(gaussian(31, sigma, sigma)) == pytest.approx(sigma, rel=0.02)


def test_the_slope_of_the_variance_is_the_noise_of_photons():
    rng = np.random.default_rng(0)
    pixels = rng.normal(0, 40, (30, 30)).astype(np.float32)
    assert photon_variance(pixels, 1600 + 0.63 * pixels) == pytest.approx(0.63, rel=1e-4)
    noisy = (1600 + 0.63 * pixels + rng.normal(0, 15, pixels.shape)).astype(np.float32)
    assert photon_variance(pixels, noisy) == pytest.approx(0.63, abs=0.05)
    assert photon_variance(pixels, 1600 - pixels) == 0.0
    assert photon_variance(np.full((3, 3), 2.0, np.float32), np.ones((3, 3), np.float32)) == 0.0
    assert np.isnan(photon_variance(pixels, np.full_like(pixels, np.nan)))


def test_planes_are_told_apart_and_may_be_unknown():
    cutout = np.ones((5, 5, 9), np.float32)
    cutout[..., 4] = np.nan
    cutout[2, 2, 8] = np.nan
    known = known_planes(cutout)
    assert [known.has_variance(image) for image in range(3)] == [True, False, True]
    assert [known.has_psf(image) for image in range(3)] == [True, True, False]
    np.testing.assert_array_equal(known.stacked(), cutout[..., 3:])
    assert known_planes(cutout[..., :3]) is None
