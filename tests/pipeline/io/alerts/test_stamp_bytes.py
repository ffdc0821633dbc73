import contextlib
import gzip
import io
import warnings

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import NightsiftError
from pipeline.io.alerts import stamp_bytes
from pipeline.io.alerts.packet_writer import fits_bytes

STAMP = fits_bytes(np.arange(35, dtype=np.float32).reshape(5, 7))


def read_stamp(data, where):
    return stamp_bytes.read_stamp(data, where).pixels


def file_of(*hdus):
    buffer = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(buffer)
    return buffer.getvalue()


def by_astropy(data):
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with fits.open(io.BytesIO(data)) as opened:
            return next(hdu.data for hdu in opened if hdu.data is not None).astype(np.float32)


@pytest.fixture
def no_astropy(monkeypatch):
    def forbidden(*_):
        raise AssertionError("a plain image is read without astropy")

    monkeypatch.setattr(stamp_bytes, "_by_astropy", forbidden)


@pytest.mark.parametrize("kind", ["u1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_plain_image_of_any_type_is_what_astropy_reads(kind, zipped, no_astropy):
    pixels = np.random.default_rng(1).uniform(0, 200, (4, 6)).astype(kind)
    data = fits_bytes(pixels, zipped=zipped)
    found = read_stamp(data, "stamp")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, by_astropy(data))
    np.testing.assert_array_equal(found, pixels.astype(np.float32))


@pytest.mark.parametrize(
    "header",
    [
        {"BZERO": 32768},
        {"BSCALE": 0.5, "BZERO": -3.25},
        {"BLANK": 7},
        {"BLANK": 7, "BSCALE": 2.0, "BZERO": 100.0},
    ],
)
def test_scale_zero_and_blank_are_honoured(header, no_astropy):
    image = fits.PrimaryHDU(np.arange(20, dtype=np.int16).reshape(4, 5))
    image.header.update(header)
    raw = image.header.tostring().encode() + np.arange(20).astype(">i2").tobytes().ljust(2880, b"\0")
    found = read_stamp(raw, "stamp")
    np.testing.assert_array_equal(found, by_astropy(raw))
    assert np.isnan(found).sum() == ("BLANK" in header)


def test_a_float_image_may_have_a_scale_and_an_exponent_with_d(no_astropy):
    data = fits_bytes(np.full((2, 2), 3.0, np.float32), cards=["BSCALE  =              2.0D+00 / twice"])
    np.testing.assert_array_equal(read_stamp(data, "stamp"), np.full((2, 2), 6.0))


def test_nan_and_huge_values_are_kept_as_they_are(no_astropy):
    pixels = np.array([[np.nan, np.inf], [3.4e38, 1.0]], np.float32)
    np.testing.assert_array_equal(read_stamp(fits_bytes(pixels), "stamp"), pixels)


def test_a_double_beyond_single_precision_becomes_infinite(no_astropy):
    assert np.isinf(read_stamp(fits_bytes(np.array([[1e300]])), "stamp")).all()


def test_long_headers_and_further_hdus_do_not_matter(no_astropy):
    image = fits.PrimaryHDU(np.ones((3, 3), np.float32))
    for number in range(100):
        image.header[f"KEY{number}"] = ("text / with a slash", "comment")
    mask = fits.ImageHDU(np.zeros((3, 3), np.int32), name="MASK")
    np.testing.assert_array_equal(read_stamp(file_of(image, mask), "stamp"), np.ones((3, 3)))


def test_several_gzip_members_are_one_file():
    raw = gzip.decompress(STAMP)
    whole = gzip.compress(raw[:3000]) + gzip.compress(raw[3000:])
    np.testing.assert_array_equal(read_stamp(whole, "stamp"), read_stamp(STAMP, "stamp"))


def test_an_image_in_an_extension_is_read_by_astropy():
    pixels = np.arange(12, dtype=np.float32).reshape(3, 4)
    packed = fits.CompImageHDU(pixels.astype(np.int32), compression_type="RICE_1")
    for extension in (fits.ImageHDU(pixels), packed):
        np.testing.assert_array_equal(read_stamp(file_of(fits.PrimaryHDU(), extension), "stamp"), pixels)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a FITS file"),
        (b"GIF89a", "not a FITS file; it begins with b'GIF89a'"),
        (STAMP[: len(STAMP) // 2], "gzip data are truncated"),
        (STAMP[:12] + b"\xff" * 20, "gzip data are damaged"),
        (gzip.decompress(STAMP)[:2900], r"truncated: 2900 bytes for \(5, 7\) pixels"),
        (b"SIMPLE  =                    T".ljust(2880), "header does not end"),
        (file_of(fits.PrimaryHDU()), "holds no image"),
        (file_of(fits.PrimaryHDU(np.zeros((2, 2, 2)))), r"shape is \(2, 2, 2\); allowed: two axes"),
        (file_of(fits.PrimaryHDU(np.zeros((1, 5000), "u1"))), r"shape is \(1, 5000\); allowed"),
        (gzip.compress(bytes(65 << 20), mtime=0), "would inflate above 64 MB"),
    ],
)
def test_what_is_no_stamp_is_said_in_one_line(data, message):
    with pytest.raises(NightsiftError, match=f"^a.avro: the stamp.*{message}") as caught:
        read_stamp(data, "a.avro")
    assert "\n" not in str(caught.value)


def test_a_header_that_announces_a_giant_costs_neither_time_nor_memory():
    giant = fits_bytes(np.zeros((2, 2), "u1"), zipped=False).replace(b"                   2", b"          1000000000")
    with pytest.raises(NightsiftError, match="stamp"):
        read_stamp(giant, "stamp")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_the_bytes_are_only_our_errors_come_out(data):
    raw = bytearray(data.draw(st.sampled_from([STAMP, gzip.decompress(STAMP)[:3200]])))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    try:
        found = read_stamp(bytes(raw[: cut or None]), "stamp")
    except NightsiftError:
        return
    assert found.dtype == np.float32
    assert found.ndim == 2


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 5), st.sampled_from([b"-1", b"0", b"1e9", b"99999999", b"'T'", b"", b"\xff", b"nan", b"16"])
        )
    )
)
def test_whatever_the_header_says_only_our_errors_come_out(changes):
    raw = gzip.decompress(STAMP)
    for card, value in changes:
        place = card * 80 + 10
        raw = raw[:place] + value.rjust(20) + raw[place + 20 :]
    with contextlib.suppress(NightsiftError):
        read_stamp(raw, "stamp")


@given(st.binary(max_size=300))
def test_random_bytes_are_refused(data):
    with pytest.raises(NightsiftError):
        read_stamp(data, "stamp")


@pytest.mark.parametrize("by_astropy_alone", [False, True])
@pytest.mark.parametrize(
    ("keys", "reference"),
    [
        ({"CRPIX1": 15.25, "CRPIX2": 16.0, "CRVAL1": 63.5, "CRVAL2": -47.0}, (14.25, 15.0, 63.5, -47.0)),
        ({"CRPIX1": 15.25, "CRPIX2": 16.0, "CRVAL1": 63.5}, ()),
        ({"CRPIX1": "15.25", "CRPIX2": 16.0, "CRVAL1": "east", "CRVAL2": -47.0}, ()),
        ({}, ()),
    ],
)
def test_the_reference_point_of_a_header_comes_with_the_pixels(keys, reference, by_astropy_alone):
    hdu = fits.PrimaryHDU(np.ones((4, 4), np.float32), fits.Header(keys))
    data = file_of(fits.PrimaryHDU(), fits.ImageHDU(hdu.data, hdu.header)) if by_astropy_alone else file_of(hdu)
    assert stamp_bytes.read_stamp(data, "stamp").reference == reference


def further_of(data, *names):
    return stamp_bytes.read_stamp(data, "stamp", names).further


IMAGE = np.arange(35, dtype=np.float32).reshape(5, 7)
VARIANCE = np.full((5, 7), 2.0, np.float32)
PSF = np.random.default_rng(5).uniform(size=(41, 41))
OF_LSST = fits_bytes(IMAGE, further={"UNCERT": VARIANCE, "PSFIMAGE": PSF})


@pytest.mark.parametrize("data", [OF_LSST, gzip.decompress(OF_LSST) + b"\0" * 100])
def test_further_images_are_read_by_their_name(data, no_astropy):
    found = further_of(data, "PSFIMAGE", "UNCERT")
    np.testing.assert_array_equal(found["UNCERT"], VARIANCE)
    np.testing.assert_array_equal(found["PSFIMAGE"], PSF.astype(np.float32))
    assert further_of(data) == {}
    assert list(further_of(data, "MASK", "PSFIMAGE")) == ["PSFIMAGE"]
    assert further_of(STAMP, "UNCERT") == {}


@pytest.mark.parametrize("kind", [fits.ImageHDU, fits.CompImageHDU])
def test_further_images_are_what_astropy_wrote(kind):
    table = fits.BinTableHDU.from_columns([fits.Column("a", "E", array=[1.0])], name="ZZZ")
    hdus = [fits.ImageHDU(VARIANCE, name="UNCERT"), kind(PSF.astype(np.float32), name="PSFIMAGE")]
    data = file_of(fits.PrimaryHDU(IMAGE), hdus[0], table, hdus[1], fits.ImageHDU(VARIANCE + 1, name="UNCERT"))
    found = further_of(data, "UNCERT", "PSFIMAGE")
    np.testing.assert_array_equal(found["UNCERT"], VARIANCE)
    np.testing.assert_allclose(found["PSFIMAGE"], PSF, atol=0.05 if kind is fits.CompImageHDU else 1e-7)
    assert stamp_bytes.read_stamp(data, "stamp").pixels.shape == (5, 7)


def test_a_further_image_that_ends_early_or_has_three_axes_is_named():
    with pytest.raises(NightsiftError, match="stamp: HDU PSFIMAGE: the stamp is truncated"):
        further_of(gzip.decompress(OF_LSST)[:-2880], "PSFIMAGE")
    cube = file_of(fits.PrimaryHDU(IMAGE), fits.ImageHDU(np.zeros((2, 5, 7), np.float32), name="UNCERT"))
    with pytest.raises(NightsiftError, match=r"HDU UNCERT: the stamp's shape is \(2, 5, 7\)"):
        further_of(cube, "UNCERT")
    assert further_of(cube) == {}
