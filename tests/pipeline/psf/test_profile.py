"""The profile of an image's stars: its shape, its whole light, and what a kernel makes of it."""

import numpy as np
import pytest
from scipy.signal import fftconvolve

from pipeline.errors import InputError
from pipeline.injection import inject_sources
from pipeline.psf import ConvolvedProfile, Moffat, PsfStars, find_psf_stars, fit_profile


def stars(psf, flux=5e4, seed=1, number=25, wrong=None):
    """Return the stars of an image of one PSF; ``wrong`` is that of two among them."""
    rng = np.random.default_rng(seed)
    x, y = (np.mgrid[25:230:45, 25:230:45] + rng.uniform(-4, 4, (2, 5, 5))).reshape(2, -1)
    image = rng.normal(100.0, 5.0, (250, 250)).astype(np.float32)
    for rows, one in ((slice(2 if wrong else 0, number), psf), (slice(0, 2 if wrong else 0), wrong)):
        sources = {"x_pixel": x[rows], "y_pixel": y[rows], "flux": np.full(len(x[rows]), flux)}
        image = inject_sources(image, psf=one, gain=2.0, rng=rng, **sources) if one else image
    return find_psf_stars(image)


@pytest.mark.parametrize("fwhm", [1.6, 2.5, 5.0])
@pytest.mark.parametrize("beta", [2.5, 3.5])
def test_the_profile_is_that_of_the_stars(fwhm, beta):
    psf = Moffat(fwhm_pixel=fwhm, beta=beta, ellipticity=0.2, angle_deg=40.0)
    profile = fit_profile(stars(psf), gain=2.0)
    assert profile.core.beta == pytest.approx(beta, abs=0.3)
    assert profile.fwhm_pixel == pytest.approx(fwhm, rel=0.03)
    x, y, size = [0.0, 0.3], [0.0, -0.4], 2 * int(1.5 * fwhm) + 1
    expected = psf.shares(x, y, size)
    assert np.abs(profile.shares(x, y, size) - expected).sum(axis=(1, 2)).max() < 0.02
    assert profile.shares([0.0], [0.0], 2 * int(40 * fwhm) + 1).sum() == pytest.approx(1.0, abs=0.003)


def test_sources_of_another_shape_are_left_out():
    psf = Moffat(fwhm_pixel=3.0)
    profile = fit_profile(stars(psf, wrong=Moffat(fwhm_pixel=3.4, ellipticity=0.25, beta=2.0)), gain=2.0)
    assert profile.fwhm_pixel == pytest.approx(3.0, rel=0.02)
    assert np.abs(profile.shares([0.0], [0.0], 9) - psf.shares([0.0], [0.0], 9)).sum() < 0.02


def test_too_few_stars_show_no_profile():
    few = stars(Moffat(fwhm_pixel=3.0)).chosen(np.arange(2))
    assert isinstance(few, PsfStars)
    with pytest.raises(InputError, match=r"2 of \d+ sources are usable stars, a profile takes 3"):
        fit_profile(few)


def test_three_stars_show_one():
    profile = fit_profile(stars(Moffat(fwhm_pixel=3.0, beta=4.0)).chosen(np.arange(3)), gain=2.0)
    assert profile.factors is None
    assert profile.shares([0.0], [0.0], 9) == pytest.approx(
        Moffat(fwhm_pixel=3.0, beta=4.0).shares([0.0], [0.0], 9), abs=0.01
    )


def test_a_convolved_profile_is_that_of_a_convolved_image():
    profile = Moffat(fwhm_pixel=2.0, beta=3.0)
    line = np.array([0.1, 0.2, 0.4, 0.3, 0.0])
    kernel = np.outer(line, line[::-1])
    convolved = ConvolvedProfile(profile=profile, kernel=kernel, fwhm_pixel=2.6)
    expected = fftconvolve(profile.shares([0.2], [-0.1], 61)[0], kernel, mode="same")
    assert convolved.shares([0.2] * 300, [-0.1] * 300, 9)[299] == pytest.approx(expected[26:35, 26:35], abs=1e-6)
    assert convolved.shares([], [], 9).shape == (0, 9, 9)
