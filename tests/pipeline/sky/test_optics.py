"""The PSF varies over the field as the settings say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.psf import Moffat
from pipeline.sky.optics import FieldPsf

PSF = FieldPsf(
    central=Moffat(fwhm_pixel=3.0, beta=3.0, ellipticity=0.1, angle_deg=20.0), size_pixel=401, growth=0.1,
    tilt=(0.05, 0.0), astigmatism=0.2,
)  # fmt: skip


def test_the_centre_has_the_central_psf():
    psf = PSF.at(200.0, 200.0)
    assert psf.fwhm_pixel == pytest.approx(3.0)
    assert (psf.ellipticity, psf.angle_deg) == (pytest.approx(0.1), pytest.approx(20.0))


def test_the_corners_are_wider_and_the_tilt_tells_one_side_from_the_other():
    assert PSF.at(400.0, 400.0).fwhm_pixel == pytest.approx(3.0 * 1.15)
    assert PSF.at(0.0, 0.0).fwhm_pixel == pytest.approx(3.0 * 1.05)


def test_the_optics_stretch_along_the_line_to_the_centre():
    round_psf = FieldPsf(central=Moffat(fwhm_pixel=3.0, beta=3.0), size_pixel=401, astigmatism=0.2)
    for x, y, angle in ((400.0, 200.0, 0.0), (200.0, 400.0, 90.0), (400.0, 400.0, 45.0)):
        assert abs(round_psf.at(x, y).angle_deg) == pytest.approx(angle)
    assert round_psf.at(400.0, 400.0).ellipticity == pytest.approx(0.2)
    assert round_psf.at(400.0, 200.0).ellipticity == pytest.approx(0.1)


@given(x=st.floats(-1e4, 1e4), y=st.floats(-1e4, 1e4))
def test_beyond_the_border_the_psf_is_that_of_the_border(x, y):
    inside = PSF.at(float(np.clip(x, 0.0, 400.0)), float(np.clip(y, 0.0, 400.0)))
    assert PSF.at(x, y) == inside
    assert 0.0 <= inside.ellipticity <= 0.5
