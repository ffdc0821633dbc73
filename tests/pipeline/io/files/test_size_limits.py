"""A small file that claims to be a huge one is refused before memory is taken for what it claims."""

import ast
import bz2
import gzip
import lzma
import os
import tracemalloc
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits

from pipeline.errors import InputError, SettingsError
from pipeline.io.files.size_limits import credible_bytes, require_credible, stored_bytes
from pipeline.io.fits.image import FitsFile, read_image
from pipeline.io.legacy.columns import read_csv
from pipeline.io.results.sealed_parquet import read_sealed
from pipeline.io.services.orbit_catalogue import read_orbits
from pipeline.io.tables.id_list import read_id_list
from pipeline.io.tables.table_file import read_table

ROOT = Path(__file__).resolve().parents[4]
MOST_MB = 60
"""What a refusal may take: far less than the gigabytes that are claimed."""


@pytest.fixture
def little_memory():
    """What is refused may take no more memory than `MOST_MB` until then."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MOST_MB * 1e6


def cards(**values):
    """A FITS header of these keys, in whole blocks."""
    lines = [f"{name:8}= {value:>20}" for name, value in values.items()]
    return "".join(line.ljust(80) for line in [*lines, "END"]).ljust(2880 * (len(lines) // 36 + 1)).encode()


def image_of(width, height, bitpix=-32):
    return cards(SIMPLE="T", BITPIX=bitpix, NAXIS=2, NAXIS1=width, NAXIS2=height)


def packed_image(side, **more):
    """An empty primary HDU and a compressed image of so many pixels a side, whose table has one row."""
    table = cards(
        XTENSION="'BINTABLE'", BITPIX=8, NAXIS=2, NAXIS1=8, NAXIS2=1, PCOUNT=0, GCOUNT=1, TFIELDS=1,
        TTYPE1="'COMPRESSED_DATA'", TFORM1="'1PB(0)'", ZIMAGE="T", ZBITPIX=-32, ZNAXIS=2, ZNAXIS1=side,
        ZNAXIS2=side, ZCMPTYPE="'RICE_1'", **more,
    )  # fmt: skip
    return cards(SIMPLE="T", BITPIX=8, NAXIS=0) + table + bytes(2880)


HOSTILE_FITS = {
    "image": (image_of(10**6, 10**6) + bytes(2880), "data of 1000000 x 1000000 values would take 4e\\+03 GB"),
    "third image": (
        cards(SIMPLE="T", BITPIX=8, NAXIS=0)
        + cards(XTENSION="'IMAGE'", BITPIX=8, NAXIS=0, PCOUNT=0, GCOUNT=1)
        + cards(XTENSION="'IMAGE'", BITPIX=-32, NAXIS=2, NAXIS1=10**6, NAXIS2=10**6, PCOUNT=0, GCOUNT=1),
        "data of 1000000 x 1000000 values",
    ),
    "table": (
        cards(SIMPLE="T", BITPIX=8, NAXIS=0)
        + cards(XTENSION="'BINTABLE'", BITPIX=8, NAXIS=2, NAXIS1=8, NAXIS2=10**9, PCOUNT=0, GCOUNT=1, TFIELDS=1,
                TTYPE1="'ID'", TFORM1="'K'") + bytes(2880),
        "data of 8 x 1000000000 values would take 8 GB",
    ),
    "heap": (
        cards(SIMPLE="T", BITPIX=8, NAXIS=0)
        + cards(XTENSION="'BINTABLE'", BITPIX=8, NAXIS=2, NAXIS1=8, NAXIS2=1, PCOUNT=10**12, GCOUNT=1, TFIELDS=1,
                TTYPE1="'ID'", TFORM1="'K'") + bytes(2880),
        "would take 1e\\+03 GB",
    ),
    "compressed image": (packed_image(10**6), "a compressed image of 1000000 x 1000000 pixels would take 4e\\+03 GB"),
    "tile": (packed_image(100, ZTILE1=10**6, ZTILE2=10**6), "a compressed image of 1000000 x 1000000 pixels"),
    "axes": (cards(SIMPLE="T", BITPIX=8, NAXIS=999999999), "announces 999999999 axes or columns; allowed: at most 999"),
    "header": (cards(SIMPLE="T", BITPIX=8, NAXIS=0)[:800] + b" " * 15_000_000, "does not end within 14,400,000 bytes"),
}  # fmt: skip
PACKERS = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": partial(lzma.compress, preset=0)}


@pytest.mark.parametrize("packed", PACKERS)
@pytest.mark.parametrize("what", HOSTILE_FITS)
def test_a_fits_file_whose_header_claims_what_cannot_be_in_it_is_refused(what, packed, tmp_path, little_memory):
    data, message = HOSTILE_FITS[what]
    path = tmp_path / f"hostile.fits{packed}"
    path.write_bytes(PACKERS[packed](data))
    with pytest.raises(InputError, match=rf"hostile\.fits.*{message}") as caught, FitsFile(path) as file:
        file.image(-1)
    assert "\n" not in str(caught.value)


def test_a_fits_table_that_claims_a_billion_rows_is_refused(tmp_path):
    (tmp_path / "t.fits").write_bytes(HOSTILE_FITS["table"][0])
    with pytest.raises(InputError, match=r"data of 8 x 1000000000 values would take 8 GB, of which .* kB are stored"):
        read_table(tmp_path / "t.fits")


def test_a_fits_file_that_is_a_hole_is_refused(tmp_path):
    path = tmp_path / "hole.fits"
    path.write_bytes(image_of(60_000, 60_000))
    os.truncate(path, 2880 + 4 * 60_000**2)
    with pytest.raises(InputError, match=r"data of 60000 x 60000 values would take 14.4 GB"):
        read_image(path, 0)


def test_a_frame_of_real_size_is_let_in(tmp_path):
    path = tmp_path / "frame.fits"
    path.write_bytes(image_of(20_000, 10_000))
    os.truncate(path, 2880 + 800_003_520)
    with FitsFile(path) as file:
        assert file.shape(0) == (10_000, 20_000)


@pytest.mark.parametrize("packed", PACKERS)
def test_a_whole_file_is_read_however_it_is_packed(packed, tmp_path):
    pixels = np.random.default_rng(1).normal(size=(40, 30)).astype(np.float32)
    fits.HDUList(
        [
            fits.PrimaryHDU(),
            fits.ImageHDU(pixels),
            fits.CompImageHDU(pixels, compression_type="GZIP_1", quantize_level=0),
        ]
    ).writeto(tmp_path / "whole.fits")
    path = tmp_path / f"whole.fits{packed}"
    path.write_bytes(PACKERS[packed]((tmp_path / "whole.fits").read_bytes()))
    for hdu in (1, 2):
        np.testing.assert_array_equal(read_image(path, hdu)[0], pixels)


def test_a_zip_archive_that_unpacks_to_far_more_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_LARGEST_GB", "0.01")
    with zipfile.ZipFile(tmp_path / "z.fits", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.fits", bytes(21_000_000))
    with pytest.raises(InputError, match=r"what is packed in it would take 21 MB"):
        read_image(tmp_path / "z.fits", 0)


@pytest.fixture(scope="module")
def bomb(tmp_path_factory):
    """Three megabytes of gzip that unpack to three gigabytes."""
    member = gzip.compress(b"1," * 10_000_000)
    path = tmp_path_factory.mktemp("bomb") / "bomb.gz"
    path.write_bytes(member * 150)
    assert path.stat().st_size < 3_500_000
    return path


READERS = {
    "labels": read_csv,
    "orbits": read_orbits,
    "ids": lambda path: read_id_list(f"@{path}"),
}


def test_three_megabytes_that_unpack_to_three_gigabytes_are_refused(bomb, little_memory):
    with pytest.raises(InputError, match=r"bomb\.gz: what it holds, as far as .*, would take 2 GB, of which"):
        read_csv(bomb)


@pytest.mark.parametrize("reader", READERS)
def test_no_reader_unpacks_what_does_not_end(reader, bomb, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_LARGEST_GB", "0.1")
    with pytest.raises(InputError, match=r"bomb\.gz: what it holds, as far as .*, would take 293 MB, of which"):
        READERS[reader](bomb)


@pytest.mark.parametrize("reader", [*READERS.values(), lambda path: read_table(path.rename(path.with_suffix(".csv")))])
def test_a_file_that_is_a_hole_is_refused(reader, tmp_path):
    path = tmp_path / "hole.txt"
    path.write_bytes(b"candidate_id,label\n")
    os.truncate(path, 10**12)
    with pytest.raises(InputError, match=r"the file would take 1e\+03 GB, of which .* are stored; allowed: 2 GB"):
        reader(path)


@pytest.fixture(scope="module")
def many_empty_rows(tmp_path_factory):
    """A Parquet file of 300 million empty rows in less than a megabyte."""
    path = tmp_path_factory.mktemp("rows") / "t.parquet"
    block = pa.table({"candidate_id": pa.nulls(1_000_000, pa.string())})
    with pq.ParquetWriter(path, block.schema) as writer:
        for _ in range(300):
            writer.write_table(block)
    assert path.stat().st_size < 1_000_000
    return path


@pytest.mark.parametrize("read", [read_sealed, read_table])
def test_a_parquet_file_of_many_rows_in_few_bytes_is_refused(read, many_empty_rows):
    with pytest.raises(InputError, match=r"a table of 300000000 rows and 1 columns would take 2.4 GB, of which .* kB"):
        read(many_empty_rows)


def test_the_setting_raises_what_may_be_claimed(monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_LARGEST_GB", "3.5")
    assert credible_bytes(0) == 3_500_000_000
    assert credible_bytes(10**9) == 10**11
    with pytest.raises(InputError, match=r"set NIGHTSIFT_LARGEST_GB to 4"):
        require_credible("x.fits", 3_600_000_000, 1000, "an image")


@pytest.mark.parametrize("given", ["much", "-1", "0", "nan", "inf"])
def test_a_setting_that_is_no_size_is_refused(given, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_LARGEST_GB", given)
    with pytest.raises(SettingsError, match=r"NIGHTSIFT_LARGEST_GB is .*; allowed: gigabytes, a number above 0"):
        credible_bytes(0)


def test_what_a_hole_leaves_out_is_not_stored(tmp_path):
    (tmp_path / "x").write_bytes(b"1" * 10_000)
    whole = stored_bytes(tmp_path / "x")
    os.truncate(tmp_path / "x", 10**9)
    assert whole == 10_000
    assert stored_bytes(tmp_path / "x") < 20_000


def calls(folder, names):
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names
    }


def test_every_fits_file_is_opened_in_one_place():
    assert calls("pipeline", {"fits.open", "fits.getdata", "fits.getheader", "Table.read"}) == {
        "pipeline/io/fits/pixels.py",
        "pipeline/io/tables/table_file.py",
    }


def test_nothing_is_unpacked_whole_before_its_size_is_known():
    assert calls("pipeline", {"gzip.decompress", "zlib.decompress", "bz2.decompress", "lzma.decompress"}) == set()
