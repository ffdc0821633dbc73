"""Moffat images hold their flux, centre and width; the FWHM of stars is found again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.psf import Moffat, measure_fwhm, moffat


@settings(max_examples=40, deadline=None)
@given(st.floats(1.2, 6.0), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(0.0, 0.4), st.floats(0.0, 180.0))
def test_an_image_has_unit_sum_and_its_centre_where_asked(fwhm, x_offset, y_offset, ellipticity, angle):
    star = moffat(fwhm, 81, 3.0, x_offset, y_offset, ellipticity=ellipticity, angle_deg=angle)
    y, x = np.mgrid[-40:41, -40:41]
    assert star.sum() == pytest.approx(1.0)
    near = np.hypot(x - x_offset, y - y_offset) < 3.0 * fwhm
    core = np.where(near, star, 0.0)
    assert (core * x).sum() / core.sum() == pytest.approx(x_offset, abs=0.02)
    assert (core * y).sum() / core.sum() == pytest.approx(y_offset, abs=0.02)


@pytest.mark.parametrize("fwhm", [1.5, 2.4, 3.0, 4.5])
@pytest.mark.parametrize("offset", [0.0, 0.31, -0.5])
def test_pixels_hold_the_integral_of_the_profile(fwhm, offset):
    fine = 51
    grid = (np.arange(31 * fine) + 0.5) / fine - 0.5 - 15
    alpha = fwhm / 2.0 / np.sqrt(2.0 ** (1 / 3) - 1.0)
    profile = (1 + ((grid[None] - offset) ** 2 + grid[:, None] ** 2) / alpha**2) ** -3.0
    exact = profile.reshape(31, fine, 31, fine).sum(axis=(1, 3))
    np.testing.assert_allclose(
        moffat(fwhm, 31, 3.0, offset, 0.0), exact / exact.sum(), rtol=0.02, atol=1e-3 * exact.max() / exact.sum()
    )


def test_the_wing_beyond_the_square_is_as_stated():
    fwhm, radius = 3.0, 15.0
    alpha = fwhm / 2.0 / np.sqrt(2.0 ** (1 / 3) - 1.0)
    big = moffat(fwhm, 401)
    y, x = np.mgrid[-200:201, -200:201]
    beyond = big[np.hypot(x, y) > radius].sum()
    assert beyond == pytest.approx((1 + (radius / alpha) ** 2) ** -2.0, rel=0.05)


def test_an_ellipse_is_long_along_its_angle():
    star = moffat(4.0, 41, ellipticity=0.3, angle_deg=90.0)
    assert star[24, 20] > 1.2 * star[20, 24]


@pytest.mark.parametrize("bad", [{"fwhm_pixel": 0.0}, {"size_pixel": 0}, {"beta": 1.0}, {"ellipticity": 1.0}])
def test_a_profile_that_is_none_is_refused(bad):
    with pytest.raises(InputError, match="no Moffat profile"):
        moffat(**{"fwhm_pixel": 3.0, "size_pixel": 11} | bad)


def starfield(fwhm, number, seed=0):
    rng = np.random.default_rng(seed)
    image = rng.normal(300.0, 10.0, (256, 256))
    for _ in range(number):
        x, y = rng.uniform(25, 230, 2)
        star = Moffat(fwhm_pixel=fwhm, size_pixel=41)(x - round(x), y - round(y)) * rng.uniform(2e4, 1e5)
        image[round(y) - 20 : round(y) + 21, round(x) - 20 : round(x) + 21] += star
    return image.astype(np.float32)


@pytest.mark.parametrize("fwhm", [2.5, 4.0])
def test_the_width_of_stars_is_found_again(fwhm):
    image = starfield(fwhm, 20)
    image[:, 100] = np.nan
    assert measure_fwhm(image) == pytest.approx(fwhm, rel=0.05)


def test_without_stars_there_is_no_width():
    with pytest.raises(InputError, match="2 of 2 sources are usable stars, a FWHM takes at least 3"):
        measure_fwhm(starfield(3.0, 2))
    for blank in (starfield(3.0, 0), np.zeros((64, 64), np.float32)):
        with pytest.raises(InputError, match="nothing in the image stands out by 30 sigma: is it blank"):
            measure_fwhm(blank)
    with pytest.raises(InputError, match="none of the"):
        measure_fwhm(np.full((64, 64), np.nan, np.float32))
