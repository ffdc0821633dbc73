import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.features.psf_fit import fit_gaussian


def gaussian(flux, x, y, width, background=0.0):
    yy, xx = np.mgrid[-7:8, -7:8]
    shape = np.exp(-0.5 * ((xx - x) ** 2 + (yy - y) ** 2) / width**2) / (2 * np.pi * width**2)
    return (flux * shape + background).astype(np.float32)[None]


@settings(max_examples=20, deadline=None)
@given(st.floats(50, 1e5), st.floats(-1.2, 1.2), st.floats(-1.2, 1.2), st.floats(0.7, 2.2), st.floats(-20, 20))
def test_a_noiseless_gaussian_is_recovered(flux, x, y, width, background):
    fit = fit_gaussian(gaussian(flux, x, y, width, background), np.ones((1, 15, 15), dtype=bool))
    assert fit.flux[0] == pytest.approx(flux, rel=0.05)
    assert (fit.x[0], fit.y[0]) == pytest.approx((x, y), abs=0.06)
    assert fit.width[0] == pytest.approx(width, rel=0.05)
    assert fit.background[0] == pytest.approx(background, abs=0.01 * flux)


def test_a_negative_source_has_a_negative_flux():
    fit = fit_gaussian(gaussian(-500, 0.2, 0, 1.2), np.ones((1, 15, 15), dtype=bool))
    assert fit.flux[0] == pytest.approx(-500, rel=0.05)


def test_missing_pixels_do_not_count():
    image, mask = gaussian(900, 0, 0, 1.2), np.ones((1, 15, 15), dtype=bool)
    mask[:, 5:7, 8:10] = False
    image[~mask] = 1e5
    fit = fit_gaussian(image, mask)
    assert fit.flux[0] == pytest.approx(900, rel=0.05)
    assert fit.explained[0] > 0.99


def test_noise_is_not_explained():
    noise = np.random.default_rng(0).normal(0, 1, (50, 15, 15)).astype(np.float32)
    fit = fit_gaussian(noise, np.ones_like(noise, dtype=bool))
    assert np.median(fit.explained) < 0.2
    assert np.isfinite(fit.leftover).all()
