import shutil
import subprocess
import sys
import textwrap

import h5py
import numpy as np
import pytest

from pipeline.errors import SettingsError
from pipeline.io.results.content import content_sha256
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.hdf5 import COMPRESSIONS, compression
from pipeline.io.results.schema import CANDIDATE_COLUMNS

FILTERS = {"zstd": {32015, 2, 3}, "gzip": {1, 2, 3}, "none": {3}}
"""Numbers by which HDF5 knows what pixels go through: zstd, gzip, shuffle, Fletcher32."""


@pytest.fixture
def write_as(make_cutouts, make_rows, tmp_path, monkeypatch):
    """Write the same cutouts with a compression."""

    def write(name):
        monkeypatch.setenv("NIGHTSIFT_COMPRESSION", name)
        return make_cutouts(tmp_path / f"{name}.h5", make_rows("abcdefgh", magnitude=np.arange(8.0)), size=21)

    return write


def by_h5py_alone(path, size=21):
    """Read a file in a fresh Python as docs/formats.md says, and return what it wrote and how it ended."""
    program = f"""
        import sys
        import h5py
        with h5py.File({str(path)!r}) as file:
            print(file["cutouts"][:100].shape, file["candidates/candidate_id"].asstr()[:100].tolist())
        assert "hdf5plugin" not in sys.modules
    """
    return subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_pixels_go_through_the_filters_of_the_compression_chosen(write_as, name):
    path = write_as(name)
    with h5py.File(path) as file:
        made = file["cutouts"].id.get_create_plist()
        assert {made.get_filter(index)[0] for index in range(made.get_nfilters())} == FILTERS[name]


def test_the_content_is_the_same_under_every_compression(write_as):
    assert len({content_sha256(write_as(name)) for name in COMPRESSIONS}) == 1


@pytest.mark.parametrize("name", ["gzip", "none"])
def test_h5py_alone_opens_what_is_kept_for_any_program(write_as, name):
    done = by_h5py_alone(write_as(name))
    assert done.stdout == "(8, 21, 21, 3) ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']\n", done.stderr


def test_h5py_alone_cannot_open_the_pixels_of_the_default(write_as):
    done = by_h5py_alone(write_as("zstd"))
    assert done.returncode == 1
    assert "Can't synchronously read data" in done.stderr


@pytest.mark.skipif(shutil.which("h5dump") is None, reason="hdf5-tools are not installed")
@pytest.mark.parametrize("name", ["gzip", "none"])
def test_h5dump_shows_every_pixel_of_what_is_kept_for_any_program(write_as, name):
    path = write_as(name)
    said = subprocess.run(
        ["h5dump", "-y", "-w", "0", "-m", "%.9g", "-d", "/cutouts", path], capture_output=True, text=True, check=True
    ).stdout
    numbers = [float(text) for text in said.partition("DATA {")[2].replace("}", "").replace(",", " ").split()]
    with open_cutouts(path) as file:
        np.testing.assert_array_equal(np.float32(numbers), file.pixels().ravel())


@pytest.mark.skipif(shutil.which("h5dump") is None, reason="hdf5-tools are not installed")
def test_h5dump_knows_every_column(write_as):
    said = subprocess.run(["h5dump", "-n", write_as("gzip")], capture_output=True, text=True, check=True).stdout
    assert all(f"/candidates/{name}\n" in said for name in CANDIDATE_COLUMNS)


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_a_fresh_python_compares_contents_by_path_or_text(write_as, name):
    path = write_as(name)
    program = f"from pipeline.io.results.content import content_sha256\nprint(content_sha256({str(path)!r}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == content_sha256(path), done.stderr


def test_an_unknown_compression_is_named_with_those_there_are(monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_COMPRESSION", "lzf")
    with pytest.raises(SettingsError, match="NIGHTSIFT_COMPRESSION is 'lzf'; allowed: zstd, gzip, none"):
        compression()
