"""Which profile fluxes are measured with, and what an aperture holds of it."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.imaging.frame import Frame
from pipeline.injection import inject_sources
from pipeline.psf import Moffat, moffat_alpha
from pipeline.subtraction.flux_profile import aperture_share, difference_profile, flux_profile
from pipeline.subtraction.subtract import Subtraction

KERNEL = np.full((3, 3), 1.0 / 9.0, np.float32)


def frame(fwhm, beta=3.0, flux=1e5):
    rng = np.random.default_rng(3)
    x, y = (np.mgrid[25:230:45, 25:230:45] + rng.uniform(-4, 4, (2, 5, 5))).reshape(2, -1)
    sky = rng.normal(100.0, 5.0, (250, 250)).astype(np.float32)
    psf, light = Moffat(fwhm_pixel=fwhm, beta=beta), np.full(len(x), flux)
    pixels = inject_sources(sky, psf=psf, x_pixel=x, y_pixel=y, flux=light, gain=2.0, rng=rng)
    return Frame(pixels=pixels, gain=2.0, read_noise=5.0, saturation=6e4, fwhm_pixel=fwhm)


def subtraction(convolved, kernel=None):
    """Return a subtraction of which only these two are looked at."""
    one = np.ones((1, 1), np.float32)
    numbers = dict.fromkeys(("correlation", "scale", "x_offset", "y_offset"), 1.0)
    return Subtraction(
        difference=one, noise=one, fwhm_pixel=3.0, n_stars=9, convolved=convolved, science_kernel=kernel, **numbers
    )


def test_it_is_that_of_the_stars():
    found = flux_profile(frame(2.5, beta=4.0), "science image")
    assert found.note == ""
    assert found.profile.fwhm_pixel == pytest.approx(2.5, rel=0.03)
    expected = Moffat(fwhm_pixel=2.5, beta=4.0).shares([0.0], [0.0], 9)
    assert found.profile.shares([0.0], [0.0], 9) == pytest.approx(expected, abs=0.01)


def test_without_stars_it_is_a_moffat_profile_of_the_stated_width_and_a_note():
    found = flux_profile(replace(frame(2.5, flux=0.0), fwhm_pixel=3.1), "template")
    assert found.profile == Moffat(fwhm_pixel=3.1)
    assert "the template shows no PSF" in found.note
    assert "beta 3 and FWHM 3.10 pixel is taken, and magnitudes are off where it is another" in found.note


def test_a_new_source_in_a_difference_has_the_profile_of_the_science_image_as_it_was_convolved():
    sharp, wide = frame(2.5), frame(4.0)
    plain = difference_profile(sharp, wide, subtraction("template"))
    assert plain.profile.fwhm_pixel == pytest.approx(2.5, rel=0.03)
    convolved = difference_profile(sharp, wide, subtraction("science", KERNEL)).profile
    own = plain.profile.shares([0.0], [0.0], 11)[0]
    mean_of_nine = own[4:7, 4:7].mean()
    assert convolved.shares([0.0], [0.0], 9)[0, 4, 4] == pytest.approx(mean_of_nine, rel=1e-3)
    assert difference_profile(sharp, wide, subtraction("science", KERNEL), plain).profile.profile is plain.profile


def test_where_nothing_says_with_what_it_was_convolved_the_profile_is_that_of_the_template():
    found = difference_profile(frame(2.5), frame(4.0), subtraction("science"))
    assert found.profile.fwhm_pixel == pytest.approx(4.0, rel=0.03)


@pytest.mark.parametrize(("fwhm", "beta", "radius"), [(6.0, 3.0, 9.0), (5.0, 2.5, 4.3), (8.0, 4.5, 25.0)])
def test_an_aperture_holds_what_the_formula_of_a_moffat_profile_says(fwhm, beta, radius):
    expected = 1.0 - (1.0 + (radius / moffat_alpha(fwhm, beta)) ** 2) ** (1.0 - beta)
    assert aperture_share(Moffat(fwhm_pixel=fwhm, beta=beta), radius) == pytest.approx(expected, abs=0.01)
