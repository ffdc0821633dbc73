"""A projection that is off is moved with its distortions, and said from one pixel on."""

import numpy as np
import pytest
from astropy.wcs import WCS, DistortionLookupTable, Sip

from pipeline.astrometry.projection import pixel_to_sky
from pipeline.astrometry.wcs_offset import moved, offset_notes
from pipeline.errors import InputError

X, Y = np.array([3.0, 50.0, 90.0]), np.array([80.0, 10.0, 40.0])


def plain():
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [150.0, 2.0], [50.0, 50.0]
    wcs.wcs.cdelt = [-1 / 3600.0, 1 / 3600.0]
    return wcs


def with_sip():
    wcs = plain()
    wcs.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"]
    a, b = np.zeros((3, 3)), np.zeros((3, 3))
    a[2, 0], b[0, 2] = 1e-3, -2e-3
    wcs.sip = Sip(a, b, None, None, [50.0, 50.0])
    return wcs


def with_tables():
    wcs = plain()
    table = np.random.default_rng(0).normal(0.0, 2.0, (21, 21)).astype(np.float32)
    wcs.cpdis1 = DistortionLookupTable(table, (10.0, 10.0), (50.0, 50.0), (10.0, 10.0))
    return wcs


@pytest.mark.parametrize("make_wcs", [plain, with_sip, with_tables])
def test_distortions_move_along(make_wcs):
    wcs = make_wcs()
    before = pixel_to_sky(wcs, X, Y)
    there = pixel_to_sky(moved(wcs, 3.25, -1.5), X - 3.25, Y + 1.5)
    np.testing.assert_allclose(there, before, rtol=0, atol=1e-10)
    np.testing.assert_array_equal(pixel_to_sky(wcs, X, Y), before)


def test_it_is_said_from_one_pixel_on_and_refused_beyond_what_is_allowed():
    assert offset_notes(0.6, -0.7, 5.0) == []
    (note,) = offset_notes(3.2, -2.4, 5.0)
    assert "off by 4.00 pixel (x +3.20, y -2.40)" in note
    with pytest.raises(InputError, match=r"off by 4\.00 pixel.*allowed by max_wcs_offset_pixel: 3\. Solve"):
        offset_notes(3.2, -2.4, 3.0)
    with pytest.raises(InputError, match="off by nan pixel"):
        offset_notes(float("nan"), 0.0, 3.0)
