"""Galaxies have the Sersic profile, the flux and the place that they say."""

import numpy as np
import pandas as pd
import pytest
from astropy.modeling.models import Sersic1D
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gamma, gammainc, gammaincinv

from pipeline.psf import Moffat
from pipeline.sky.galaxies import add_galaxies, sersic_image
from pipeline.sky.optics import FieldPsf


@given(
    half_light_pixel=st.floats(0.7, 8.0), index=st.floats(0.5, 5.0), axis_ratio=st.floats(0.25, 1.0),
    angle_deg=st.floats(0.0, 180.0), x=st.floats(-0.5, 0.5), y=st.floats(-0.5, 0.5),
)  # fmt: skip
def test_an_image_has_unit_sum_and_no_negative_pixel(half_light_pixel, index, axis_ratio, angle_deg, x, y):
    image = sersic_image(
        half_light_pixel=half_light_pixel, index=index, axis_ratio=axis_ratio, angle_deg=angle_deg, offset=(x, y)
    )
    assert image.sum() == pytest.approx(1.0)
    assert (image >= 0).all()
    assert image.shape[0] == image.shape[1]
    assert image.shape[0] % 2 == 1


@pytest.mark.parametrize("index", [0.8, 1.0, 2.5, 4.0])
def test_half_of_the_light_lies_within_the_half_light_radius(index):
    image = sersic_image(half_light_pixel=12.0, index=index)
    half = len(image) // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    inside = image[np.hypot(x, y) < 12.0].sum()
    b = gammaincinv(2.0 * index, 0.5)
    within_image = gammainc(2.0 * index, b * 7.0 ** (1.0 / index))
    assert inside * within_image == pytest.approx(0.5, abs=0.015)


@pytest.mark.parametrize("index", [1.0, 4.0])
def test_the_profile_is_that_of_astropy(index):
    image = sersic_image(half_light_pixel=10.0, index=index)
    half = len(image) // 2
    b = gammaincinv(2.0 * index, 0.5)
    total = 2.0 * np.pi * 100.0 * index * np.exp(b) * b ** (-2.0 * index) * gamma(2.0 * index)
    lost = gammainc(2.0 * index, b * 7.0 ** (1.0 / index))
    radii = np.arange(3, 40)
    expected = Sersic1D(amplitude=1.0, r_eff=10.0, n=index)(radii) / total / lost
    np.testing.assert_allclose(image[half, half + radii], expected, rtol=0.04)


def test_a_galaxy_has_its_flux_and_its_place():
    galaxies = pd.DataFrame({
        "x_pixel": [60.3], "y_pixel": [50.8], "magnitude": [18.0], "half_light_arcsec": [2.0], "sersic": [1.0],
        "axis_ratio": [0.6], "angle_deg": [30.0],
    })  # fmt: skip
    light = np.zeros((120, 120))
    psf = FieldPsf(central=Moffat(fwhm_pixel=3.0, beta=3.0), size_pixel=120)
    add_galaxies(light, galaxies, 10.0 ** (0.4 * 27.0), psf, 1.0)
    y, x = np.indices(light.shape)
    assert light.sum() == pytest.approx(10.0**3.6, rel=0.01)
    assert (light * x).sum() / light.sum() == pytest.approx(60.3, abs=0.05)
    assert (light * y).sum() / light.sum() == pytest.approx(50.8, abs=0.05)
