"""A WCS gives the same sky whatever its frame and the order of its axes."""

import numpy as np
import pytest
from astropy.wcs import WCS

from pipeline.astrometry.projection import pixel_to_sky, sky_to_pixel

X, Y = np.array([10.0, 99.0, 180.0]), np.array([80.0, 49.0, 5.0])


def wcs_of(frame="ICRS", equinox=np.nan, dec_first=False):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval = ["RA---TAN", "DEC--TAN"], [150.0, 20.0]
    wcs.wcs.crpix, wcs.wcs.cdelt = [100.0, 50.0], [-3e-4, 3e-4]
    if dec_first:
        wcs.wcs.ctype, wcs.wcs.crval = ["DEC--TAN", "RA---TAN"], [20.0, 150.0]
    wcs.wcs.radesys, wcs.wcs.equinox = frame, equinox
    wcs.wcs.set()
    return wcs


@pytest.mark.parametrize("dec_first", [False, True])
@pytest.mark.parametrize(("frame", "equinox"), [("ICRS", np.nan), ("FK5", 2000.0), ("FK5", 2025.5), ("FK4", 1950.0)])
def test_both_directions_agree_with_astropy(frame, equinox, dec_first):
    wcs = wcs_of(frame, equinox, dec_first)
    ra, dec = pixel_to_sky(wcs, X, Y)
    known = wcs.pixel_to_world(X, Y).icrs
    np.testing.assert_allclose([ra, dec], [known.ra.deg, known.dec.deg], rtol=0, atol=1e-9)
    np.testing.assert_allclose(sky_to_pixel(wcs, ra, dec), [X, Y], atol=1e-4)


def test_icrs_is_not_transformed_at_all():
    wcs = wcs_of()
    np.testing.assert_array_equal(pixel_to_sky(wcs, X, Y), wcs.all_pix2world(X, Y, 0))
    sky = wcs.all_pix2world(X, Y, 0)
    np.testing.assert_array_equal(sky_to_pixel(wcs, *sky), wcs.all_world2pix(*sky, 0))
