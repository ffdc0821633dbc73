"""BLANK is missing for every stored type, plain or compressed, whole or in part, and all readers agree."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

import pipeline
from pipeline.errors import InputError
from pipeline.io.alerts import stamp_bytes
from pipeline.io.fits.image import FitsFile, read_image
from pipeline.io.fits.pixels import physical_values
from pipeline.io.fits.psf import read_psf
from pipeline.io.legacy import fits_stamp

SHAPE = (40, 30)
HOLES = (np.array([3, 3, 20, 39]), np.array([0, 7, 11, 29]))
KINDS = {
    "u8": ("u1", 1, 0, 255),
    "u8 blank 0": ("u1", 1, 0, 0),
    "u8 shifted": ("u1", 1, 950, 0),
    "i8": ("u1", 1, -128, 0),
    "i16": ("i2", 1, 0, -32768),
    "i16 blank 0": ("i2", 1, 0, 0),
    "i16 scaled": ("i2", 0.3, 900.1, -32768),
    "u16": ("i2", 1, 32768, -32768),
    "u16 blank 65535": ("i2", 1, 32768, 32767),
    "i32": ("i4", 1, 0, -2147483648),
    "u32": ("i4", 1, 2147483648, -2147483648),
    "i64": ("i8", 1, 0, -1),
    "u64": ("i8", 1, 1 << 63, -(1 << 63)),
}
COMPRESSED = [name for name in KINDS if name not in ("i64", "u64")]  # RICE is for at most 32 bits
CASES = [(name, False) for name in KINDS] + [(name, True) for name in COMPRESSED]


def stored_of(kind):
    """Return stored values without the blank one, then with it in the holes, and the right physical values."""
    dtype, scale, zero, blank = KINDS[kind]
    stored = np.random.default_rng(5).integers(1, 90, SHAPE).astype(dtype)
    stored[HOLES] = blank
    expected = (stored.astype(np.float64) * scale + zero).astype(np.float32)
    expected[HOLES] = np.nan
    return stored, expected


def write(path: Path, kind: str, compressed: bool, key: str = "BLANK") -> None:
    """Write stored values as they are, and the keys that say what they mean, past astropy's own scaling."""
    stored, _ = stored_of(kind)
    _, scale, zero, blank = KINDS[kind]
    keys = {"BSCALE": scale, "BZERO": zero, key: blank}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if compressed:
            made = fits.CompImageHDU(stored, compression_type="RICE_1", tile_shape=(16, SHAPE[1]))
            fits.HDUList([fits.PrimaryHDU(), made]).writeto(path)
        else:
            fits.PrimaryHDU(stored).writeto(path)
    set_keys(path, keys, at=1 if compressed else 0)


def set_keys(path: Path, keys: dict[str, object], *, at: int) -> None:
    """Set keys in a header of a file by its bytes; there is room for them in its last block."""
    raw = path.read_bytes()
    start = 2880 * at  # an empty primary header is one block
    end = start
    while raw[end : end + 80] != b"END" + b" " * 77:
        end += 80
    block_end = start + -(-(end + 80 - start) // 2880) * 2880
    cards = [raw[place : place + 80] for place in range(start, end, 80)]
    cards = [card for card in cards if card[:8].decode().strip() not in keys]
    cards += [f"{name:<8}= {value!r:>20}".encode().ljust(80) for name, value in keys.items()]
    header = (b"".join(cards) + b"END".ljust(80)).ljust(block_end - start)
    assert len(header) % 2880 == 0
    path.write_bytes(raw[:start] + header + raw[block_end:])


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}{' RICE' if case[1] else ''}")
def product(request, tmp_path):
    kind, compressed = request.param
    path = tmp_path / ("e.fits.fz" if compressed else "e.fits")
    write(path, kind, compressed)
    return path, int(compressed), stored_of(kind)[1]


def test_blank_is_missing_in_a_whole_image(product):
    path, hdu, expected = product
    np.testing.assert_array_equal(read_image(path, hdu)[0], expected)


def test_blank_is_missing_where_only_some_rows_are_read(product):
    path, hdu, expected = product
    with FitsFile(path) as file:
        pixels, _ = file.image(hdu, [(2, 8), (18, 22)])
    for first, stop in [(2, 8), (18, 22)]:
        np.testing.assert_array_equal(pixels[first:stop].astype(np.float32), expected[first:stop])
    assert not pixels[8:18].any()


def test_every_reader_of_a_stamp_gives_the_same(product):
    path, hdu, expected = product
    np.testing.assert_array_equal(stamp_bytes.read_stamp(path.read_bytes(), "stamp").pixels, expected)
    np.testing.assert_array_equal(fits_stamp.read_stamp(path, hdu), expected)
    np.testing.assert_array_equal(fits_stamp.read_stamp(path), expected)


def test_a_header_does_not_say_how_pixels_were_stored_that_are_scaled(product):
    path, hdu, _ = product
    _, header = read_image(path, hdu)
    assert not {"BSCALE", "BZERO", "BLANK"} & set(header)


@pytest.mark.parametrize("kind", ["u16", "u32", "u8 shifted"])
def test_the_blank_value_of_a_compressed_image_may_be_called_zblank(tmp_path, kind):
    write(tmp_path / "e.fits.fz", kind, compressed=True, key="ZBLANK")
    np.testing.assert_array_equal(read_image(tmp_path / "e.fits.fz", 1)[0], stored_of(kind)[1])


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i2", "i4"])
def test_a_mask_without_blank_keeps_its_integers(tmp_path, dtype, compressed):
    limits = np.iinfo(dtype)
    mask = np.array([[limits.min, limits.max, 1, 0], [5, 6, 7, 8]], dtype=dtype)
    made = fits.CompImageHDU(mask) if compressed else fits.ImageHDU(mask)
    fits.HDUList([fits.PrimaryHDU(), made]).writeto(tmp_path / "m.fits")
    with FitsFile(tmp_path / "m.fits") as file:
        pixels, _ = file.image(1)
    assert pixels.dtype.newbyteorder("=") == np.dtype(dtype)
    np.testing.assert_array_equal(pixels, mask)


@pytest.mark.parametrize(
    ("stored", "zero", "wanted"), [("i2", 1 << 15, "u2"), ("i8", 1 << 63, "u8"), ("u1", -128, "i1")]
)
def test_a_zero_that_only_changes_the_sign_keeps_every_digit(stored, zero, wanted):
    limits, found = np.iinfo(stored), np.iinfo(wanted)
    for order in "<>":
        values = physical_values(np.array([limits.min, limits.max], dtype=order + stored), zero=zero)
        assert values.dtype == np.dtype(wanted)
        assert values.tolist() == [found.min, found.max]


def test_blank_means_nothing_for_stored_floats():
    assert physical_values(np.array([[7.0, 8.0]], dtype=">f4"), blank=7).tolist() == [[7.0, 8.0]]


def test_a_psf_image_of_integers_is_scaled(tmp_path):
    samples = np.zeros((9, 9), dtype=np.uint16)
    samples[3:6, 3:6] = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    for name, pixels in (("unsigned", samples), ("floats", samples.astype(np.float32))):
        fits.PrimaryHDU(pixels, fits.Header({"PSF_SAMP": 1.0})).writeto(tmp_path / f"{name}.fits")
    found, wanted = (read_psf(tmp_path / f"{name}.fits", shape=SHAPE) for name in ("unsigned", "floats"))
    np.testing.assert_array_equal(found.samples, wanted.samples)


def test_no_other_module_lets_astropy_open_a_file():
    folder = Path(pipeline.__file__).parent
    opening = [
        path
        for path in folder.rglob("*.py")
        if any(word in path.read_text() for word in ("fits.open(", "fits.getdata("))
    ]
    assert [path.name for path in opening] == ["pixels.py"]


@pytest.mark.parametrize(
    ("written", "compressed"), [("-32768.0", False), ("-3.2768E4", False), ("'-32768 '", False), ("-32768.0", True)]
)
def test_a_blank_that_is_written_as_no_integer_counts_all_the_same(tmp_path, written, compressed):
    path = tmp_path / "image.fits"
    write(path, "i16", compressed)
    data = path.read_bytes()
    card = f"BLANK   = {-32768:>20}".encode()
    assert data.count(card) == 1
    path.write_bytes(data.replace(card, f"BLANK   = {written:>20}".encode()))
    _, expected = stored_of("i16")

    np.testing.assert_array_equal(read_image(path, 1 if compressed else 0)[0], expected)
    np.testing.assert_array_equal(stamp_bytes.read_stamp(path.read_bytes(), "stamp").pixels, expected)


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_a_scale_of_0_is_refused(dtype):
    with pytest.raises(InputError, match="BSCALE is 0, with which all pixels are equal"):
        physical_values(np.ones((2, 2), dtype), scale=0.0)
