"""FITS images survive compression, and every damage is one readable error."""

import numpy as np
import pytest
from astropy.io import fits as astropy_fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, MissingInputError
from pipeline.io.fits.image import FitsFile, header_value, read_image, write_exposure
from pipeline.io.fits.wcs import pixel_positions

SIGMA = 10.0


@pytest.fixture
def image():
    pixels = np.random.default_rng(1).normal(500.0, SIGMA, (90, 120)).astype(np.float32)
    pixels[:5] = np.nan
    pixels[40, 50] = 60000.0
    return pixels


@pytest.fixture
def path(tmp_path, image):
    header = astropy_fits.Header({"GAIN": 1.5, "FILTER": "r", "EMPTY": None})
    write_exposure(tmp_path / "e.fits.fz", {"SCIENCE": (image, header), "TEMPLATE": (image + 1, header)})
    return tmp_path / "e.fits.fz"


def test_an_image_comes_back_within_a_fraction_of_its_noise(path, image):
    pixels, header = read_image(path, "science")
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(pixels), np.isnan(image))
    assert np.nanmax(np.abs(pixels - image)) < 0.1 * SIGMA
    assert header["GAIN"] == 1.5
    np.testing.assert_allclose(read_image(path, 2)[0], image + 1, atol=0.1 * SIGMA)


def test_quantising_adds_no_noise_to_speak_of(path, image):
    pixels, _ = read_image(path, "SCIENCE")
    assert np.nanstd(pixels[10:] - image[10:]) < 0.03 * SIGMA


def test_equal_images_give_equal_bytes(tmp_path, path, image):
    header = astropy_fits.Header({"GAIN": 1.5, "FILTER": "r", "EMPTY": None})
    write_exposure(tmp_path / "again.fits.fz", {"SCIENCE": (image, header), "TEMPLATE": (image + 1, header)})
    assert (tmp_path / "again.fits.fz").read_bytes() == path.read_bytes()


def test_huge_infinite_and_magic_values_are_missing(tmp_path):
    pixels = np.array([[1.0, np.inf, -3.4e38], [-31415.0, np.nan, 2.0]], dtype=np.float32)
    astropy_fits.PrimaryHDU(pixels).writeto(tmp_path / "plain.fits")
    read, _ = read_image(tmp_path / "plain.fits", 0, magic=(-31415.0,))
    np.testing.assert_array_equal(np.isnan(read), [[False, True, True], [True, True, False]])


def test_integers_with_a_zero_level_are_read_as_floats(tmp_path):
    astropy_fits.PrimaryHDU(np.array([[0, 65535]], dtype=np.uint16)).writeto(tmp_path / "integer.fits")
    assert read_image(tmp_path / "integer.fits", 0)[0].tolist() == [[0.0, 65535.0]]


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingInputError, match=r"no FITS file .*none\.fits"):
        read_image(tmp_path / "none.fits", 0)


@pytest.mark.parametrize("hdu", ["DIFFERENCE", 9])
def test_an_unknown_hdu_lists_the_known(path, hdu):
    with pytest.raises(InputError, match="it has: 0 PRIMARY, 1 SCIENCE, 2 TEMPLATE"):
        read_image(path, hdu)


def test_an_hdu_without_an_image_is_refused(path):
    with pytest.raises(InputError, match="no two-dimensional image"):
        read_image(path, 0)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.3, 0.6, 0.95, 0.999])
def test_a_truncated_file_is_one_error_wherever_it_ends(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"e\.fits\.fz") as caught:
        read_image(path, "TEMPLATE")
    assert "\n" not in str(caught.value)


def test_noise_instead_of_a_file_is_one_error(path):
    path.write_bytes(np.random.default_rng(0).bytes(20000))
    with pytest.raises(InputError, match="cannot read FITS file"):
        read_image(path, "SCIENCE")


def test_header_values_are_converted_or_refused(path):
    _, header = read_image(path, "SCIENCE")
    assert header_value(header, "GAIN", float, path=path, hdu="SCIENCE") == 1.5
    with pytest.raises(InputError, match=r"has no header key 'RDNOISE'; it has: .*GAIN"):
        header_value(header, "RDNOISE", float, path=path, hdu="SCIENCE")
    for key in ("FILTER", "EMPTY"):
        with pytest.raises(InputError, match=f"header key '{key}'.*not usable"):
            header_value(header, key, float, path=path, hdu="SCIENCE")


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("ranges", [[(0, 3)], [(5, 17), (40, 42), (89, 90)], [], [(0, 90)]])
def test_some_rows_are_those_of_the_whole_image(tmp_path, path, image, compressed, ranges):
    if not compressed:
        path = tmp_path / "plain.fits"
        astropy_fits.HDUList([astropy_fits.PrimaryHDU(), astropy_fits.ImageHDU(image, name="SCIENCE")]).writeto(path)
    with FitsFile(path) as file:
        whole, _ = file.image("SCIENCE")
        some, header = file.image("SCIENCE", ranges)
    assert (some.shape, header["EXTNAME"]) == (whole.shape, "SCIENCE")
    for first, stop in ranges:
        np.testing.assert_array_equal(some[first:stop], whole[first:stop])


def test_an_image_can_be_read_twice_and_is_not_kept(path):
    with FitsFile(path) as file:
        one, two = file.image("SCIENCE")[0], file.image("SCIENCE")[0]
        assert one is not two
        np.testing.assert_array_equal(one, two)
        assert file.shape("TEMPLATE") == (90, 120)
        with pytest.raises(InputError, match="no two-dimensional image"):
            file.shape(0)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "p.fits"
    header = astropy_fits.Header({"GAIN": 1.5, "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 1.0})
    science = astropy_fits.ImageHDU(np.ones((4, 5), np.float32), header, name="SCIENCE")
    astropy_fits.HDUList([astropy_fits.PrimaryHDU(), science]).writeto(path)
    return path


CARDS = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=80)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bytes_in_a_header_give_an_image_or_one_of_our_errors(plain, tmp_path, data):
    content = bytearray(plain.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        keys = st.sampled_from(
            ["NAXIS1  =", "BITPIX  =", "XTENSION=", "EXTNAME =", "BZERO   =", "SIMPLE  =", "CTYPE1  ="]
        )
        text = data.draw(st.one_of(CARDS, st.builds(str.__add__, keys, CARDS), st.binary(max_size=80)))
        block = text if isinstance(text, bytes) else text.encode()
        start = 80 * data.draw(st.integers(0, 80))
        content[start : start + 80] = block[:80].ljust(80)
    broken = tmp_path / "broken.fits"
    broken.write_bytes(content[: data.draw(st.sampled_from([len(content), 5760, 3000, 100]))])
    try:
        pixels, header = read_image(broken, "SCIENCE")
        header_value(header, "GAIN", float, path=broken, hdu="SCIENCE")
        pixel_positions(header, np.array([1.0]), np.array([0.0]), path=broken, hdu="SCIENCE")
        assert pixels.ndim == 2
    except InputError as error:
        assert "\n" not in str(error) and "broken.fits" in str(error)
