"""Sky positions lie in the pixels that astropy says, and a WCS that cannot be used is one error."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.io.fits import Header
from astropy.wcs import WCS

from pipeline.errors import InputError
from pipeline.io.fits.wcs import celestial_wcs, pixel_positions

PATH = Path("image.fits")


def header_of(projection="TAN", scale=0.01, **more):
    cards = {"NAXIS": 2, "NAXIS1": 200, "NAXIS2": 100, "CTYPE1": f"RA---{projection}", "CTYPE2": f"DEC--{projection}"}
    cards |= {"CRVAL1": 150.0, "CRVAL2": 2.2, "CRPIX1": 100.5, "CRPIX2": 50.5}
    cards |= {"CD1_1": -scale, "CD1_2": 0.001, "CD2_1": 0.001, "CD2_2": scale}
    return Header(cards | more)


SIP = {"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 1e-4, "A_0_2": -3e-5, "B_2_0": 2e-5, "B_1_1": -1e-4}
TPV = {"PV1_0": 0.001, "PV1_1": 1.01, "PV2_0": -0.002, "PV2_1": 0.99, "PV1_4": 0.002}
HEADERS = {"plain": header_of(), "sip": header_of("TAN-SIP", **SIP), "tpv": header_of("TPV", **TPV)}


def positions(header, ra, dec):
    return pixel_positions(header, np.asarray(ra, float), np.asarray(dec, float), path=PATH, hdu="SCI")


@pytest.mark.parametrize("kind", HEADERS)
def test_pixels_count_from_zero_and_lead_back_to_the_sky(kind):
    x, y = np.meshgrid(np.linspace(-5, 205, 8), np.linspace(-5, 105, 5))
    sky = WCS(HEADERS[kind]).all_pix2world(x.ravel(), y.ravel(), 0)
    found = positions(HEADERS[kind], *sky)
    np.testing.assert_allclose(found, [x.ravel(), y.ravel()], atol=2e-3)


def test_the_reference_pixel_is_one_less_than_fits_counts_it():
    assert np.allclose(positions(header_of(), [150.0], [2.2]), [[99.5], [49.5]])


def test_a_field_across_zero_hours_is_one_field():
    header = header_of(CRVAL1=0.0)
    x, _ = positions(header, [359.9, 0.1], [2.2, 2.2])
    assert x[0] - x[1] == pytest.approx(20.0, abs=0.3)


def test_positions_that_are_unknown_or_on_the_other_side_of_the_sky_are_nowhere():
    x, y = positions(HEADERS["sip"], [np.nan, 150.0, 330.0, 150.0], [2.2, np.inf, -2.2, 95.0])
    assert np.isnan(x).all() and np.isnan(y).all()


FRAMES = {
    "icrs": {"RADESYS": "ICRS"}, "j2000": {"RADESYS": "FK5", "EQUINOX": 2000.0}, "of date": {"EQUINOX": 2025.5},
    "b1950": {"RADESYS": "FK4", "EQUINOX": 1950.0},
}  # fmt: skip


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("kind", HEADERS)
def test_positions_are_icrs_whatever_the_frame_of_the_header(kind, frame):
    header = HEADERS[kind].copy()
    header.update(FRAMES[frame])
    x, y = np.array([10.0, 150.0]), np.array([80.0, 20.0])
    sky = WCS(header).pixel_to_world(x, y).icrs
    np.testing.assert_allclose(positions(header, sky.ra.deg, sky.dec.deg), [x, y], atol=2e-3)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("2025.5", 2025.5), ("J2025.5", 2025.5), ("B1950.0 ", 1950.0), (0.0, None), (0, None), ("", None)],
)
@pytest.mark.parametrize("key", ["EQUINOX", "EPOCH"])
def test_an_equinox_may_be_a_text_and_0_is_none(key, written, meant):
    truth = header_of() if meant is None else header_of(EQUINOX=meant)
    x, y = np.array([10.0, 150.0]), np.array([80.0, 20.0])
    sky = WCS(truth).pixel_to_world(x, y).icrs
    header = header_of(**{key: written})
    np.testing.assert_allclose(positions(header, sky.ra.deg, sky.dec.deg), [x, y], atol=1e-6)
    assert header[key] == written.strip() if isinstance(written, str) else header[key] == written


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ({"CD1_1": "-0.01"}, "CD1_1 is '-0.01'; allowed: a number"),
        ({"EQUINOX": "of date"}, "EQUINOX is 'of date'; allowed: a year, such as 2000.0, J2000.0 or B1950.0"),
        (dict.fromkeys(("CD1_1", "CD1_2", "CD2_1", "CD2_2")), "none of the keys CDELT, CD and PC says how large"),
    ],
)
def test_what_astropy_would_pass_over_in_silence_is_an_error(cards, message):
    header = header_of(**cards)
    with pytest.raises(InputError, match=message):
        positions(header, [150.0], [2.2])
    with pytest.raises(InputError, match=message):
        celestial_wcs(header, "template")


def test_a_header_may_name_declination_first():
    cards = {"CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN", "CRVAL1": 2.2, "CRVAL2": 150.0}
    header = header_of(**cards)
    x, y = np.array([10.0, 150.0]), np.array([80.0, 20.0])
    sky = WCS(header).pixel_to_world(x, y).icrs
    assert sky.ra.deg == pytest.approx([150.0, 150.0], abs=1.0)
    np.testing.assert_allclose(positions(header, sky.ra.deg, sky.dec.deg), [x, y], atol=1e-6)


def test_a_frame_nobody_knows_is_an_error_before_images_are_aligned():
    with pytest.raises(InputError, match="the WCS of the template cannot be used: its frame is not known: RADESYS"):
        celestial_wcs(header_of(RADESYS="GAPPT"), "template")


def test_no_position_needs_no_luck():
    assert positions(header_of(), [], [])[0].shape == (0,)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (Header({"NAXIS": 2}), "HDU 'SCI' of image.fits holds no WCS"),
        (header_of(CTYPE1="LINEAR", CTYPE2="LINEAR"), "holds no WCS"),
        (header_of(CTYPE1="GLON-TAN", CTYPE2="GLAT-TAN"), "is in GLON and GLAT; allowed: RA and DEC"),
        (header_of(CD1_1=1.0, CD1_2=1.0, CD2_1=1.0, CD2_2=1.0), "the WCS of HDU 'SCI' of image.fits cannot be used"),
        (header_of(CTYPE1="RA---XYZ", CTYPE2="DEC--XYZ"), "HDU 'SCI' of image.fits"),
        (header_of(RADESYS="GAPPT"), "the WCS of HDU 'SCI' of image.fits cannot be used: its frame is not known"),
        (header_of("TAN-SIP", A_ORDER=2, A_2_0=1e-4), "HDU 'SCI' of image.fits"),
        (header_of(CRVAL1="east"), "header key 'CRVAL1' in HDU 'SCI' of image.fits is 'east', not usable"),
    ],
)
def test_a_wcs_that_cannot_be_used_names_file_and_hdu(header, message):
    with pytest.raises(InputError, match=message) as caught:
        positions(header, [150.0], [2.2])
    assert "\n" not in str(caught.value)


def test_a_distorted_camera_shows_its_stars_where_astropy_says(real_data):
    path = next((real_data / "frames" / "legacypipe_decam" / "testcase6").rglob("c4d_171113_061941_ooi_r_ls9.S4.fits"))
    header = fits.getheader(path, 1)
    x, y = np.array([3.0, 50.0, 97.5]), np.array([5.0, 60.25, 90.0])
    sky = WCS(header).all_pix2world(x, y, 0)
    np.testing.assert_allclose(positions(header, *sky), [x, y], atol=1e-3)
