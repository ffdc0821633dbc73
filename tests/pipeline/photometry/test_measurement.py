import numpy as np
import pytest

from pipeline.photometry.measurement import centroids, moment_widths, psf_flux

SIDE, FWHM = 61, 3.2


def gaussian(x, y, fwhm_x, fwhm_y=None, flux=1.0):
    rows, columns = np.mgrid[:SIDE, :SIDE]
    sx, sy = fwhm_x / 2.3548, (fwhm_y or fwhm_x) / 2.3548
    light = np.exp(-0.5 * (((columns - x) / sx) ** 2 + ((rows - y) / sy) ** 2))
    return (flux * light / (2 * np.pi * sx * sy)).astype(np.float32)


def at(*places):
    return tuple(np.array(values, np.float64) for values in zip(*places, strict=True))


@pytest.mark.parametrize("fwhm", [2.5, 3.2, 5.0])
def test_the_width_of_a_round_source_is_found_whatever_the_weight(fwhm):
    width, elongation = moment_widths(gaussian(30.2, 29.7, fwhm), *at((30.2, 29.7)), FWHM)
    assert width == pytest.approx([fwhm], rel=0.03)
    assert elongation == pytest.approx([1.0], abs=0.02)


def test_an_oblong_source_is_as_long_as_it_is():
    _, elongation = moment_widths(gaussian(30.0, 30.0, 4.8, 3.2), *at((30.0, 30.0)), FWHM)
    assert elongation == pytest.approx([1.5], rel=0.03)


def test_what_has_no_width_stays_within_the_limits():
    width, _ = moment_widths(np.zeros((SIDE, SIDE), np.float32), *at((30.0, 30.0)), FWHM)
    assert 0.3 <= width[0] <= 5.0 * FWHM


def test_a_centroid_is_drawn_to_the_source_and_not_to_one_far_off():
    missing = np.zeros((SIDE, SIDE), bool)
    image = gaussian(30.3, 29.6, FWHM, flux=1000.0)
    assert np.ravel(centroids(image, *at((30.0, 30.0)), FWHM, missing)) == pytest.approx([30.3, 29.6], abs=0.02)
    assert np.ravel(centroids(image, *at((27.0, 30.0)), FWHM, missing)) == pytest.approx([27.0, 30.0])


class GaussianProfile:
    """A Gaussian of which the share in each pixel is the height at its centre."""

    fwhm_pixel = FWHM

    def shares(self, x_offset, y_offset, size_pixel):
        grid = np.arange(size_pixel) - size_pixel // 2
        x = grid[None, None, :] - np.asarray(x_offset)[:, None, None]
        y = grid[None, :, None] - np.asarray(y_offset)[:, None, None]
        variance = (FWHM / 2.3548) ** 2
        return np.exp(-0.5 * (x**2 + y**2) / variance) / (2 * np.pi * variance)


def test_the_flux_is_that_of_the_whole_source_wherever_it_lies_on_its_pixel():
    image = gaussian(20.4, 30.1, FWHM, flux=500.0) + gaussian(45.0, 12.5, FWHM, flux=-80.0)
    flux, _ = psf_flux(image, np.ones_like(image), *at((20.4, 30.1), (45.0, 12.5)), GaussianProfile())
    assert flux == pytest.approx([500.0, -80.0], rel=1e-3)


def test_pixels_without_light_or_without_noise_do_not_bend_the_flux():
    image, noise = gaussian(30.0, 30.0, FWHM, flux=500.0), np.ones((SIDE, SIDE), np.float32)
    image[30, 31], noise[29, 30], image[29, 30] = np.nan, np.nan, 1e6
    flux, _ = psf_flux(image, noise, *at((30.0, 30.0)), GaussianProfile())
    assert flux == pytest.approx([500.0], rel=1e-3)


def test_the_error_is_the_scatter_of_the_flux_in_noise():
    rng = np.random.default_rng(1)
    image = rng.normal(0.0, 2.0, (SIDE * 10, SIDE * 10)).astype(np.float32)
    y, x = (places.ravel().astype(float) for places in np.mgrid[10:600:15, 10:600:15])
    flux, error = psf_flux(image, np.full_like(image, 2.0), x, y, GaussianProfile())
    assert np.std(flux) == pytest.approx(error[0], rel=0.05)
    assert error == pytest.approx(np.full(len(x), error[0]))
