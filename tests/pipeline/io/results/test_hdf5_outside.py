import ast
from pathlib import Path

import h5py
import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.io.legacy.load import open_format
from pipeline.io.results.content import content_sha256
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.hdf5 import open_to_read

ROOT = Path(__file__).resolve().parents[4]
SECRET = b"not for anybody's eyes"


@pytest.fixture
def secret(tmp_path):
    """A file that whoever runs Nightsift may read."""
    path = tmp_path / "secret"
    path.write_bytes(SECRET)
    return path


def with_external_values(file, secret):
    file.create_dataset("stolen", (len(SECRET),), "u1", external=[(str(secret), 0, len(SECRET))])


def with_external_link(file, secret):
    file["stolen"] = h5py.ExternalLink(str(secret), "/x")


def with_virtual_set(file, secret):
    layout = h5py.VirtualLayout((3,), "i8")
    layout[:] = h5py.VirtualSource(str(secret), "x", (3,))
    file.create_virtual_dataset("stolen", layout)


def deep_within(file, secret):
    with_external_values(file.create_group("a/b/c"), secret)


def behind_a_soft_link(file, secret):
    file["a"] = h5py.SoftLink("/stolen")
    with_external_link(file, secret)


STEALING = {
    with_external_values: r"data set 'stolen' has its values in another file, '.*secret'",
    with_external_link: "'stolen' is a link into another file",
    with_virtual_set: r"data set 'stolen' is put together from others \(a virtual data set\)",
    deep_within: "data set 'a/b/c/stolen' has its values in another file, '.*secret'",
    behind_a_soft_link: "'stolen' is a link into another file",
}


@pytest.mark.parametrize("steal", STEALING)
def test_a_file_that_shows_bytes_of_another_is_refused_with_the_name_of_the_node(steal, secret, tmp_path):
    path = tmp_path / "hostile.h5"
    with h5py.File(path, "w") as file:
        steal(file, secret)
    with pytest.raises(InputError, match=rf"hostile\.h5: {STEALING[steal]}; allowed: an HDF5 file that holds all"):
        open_to_read(path)


@pytest.mark.parametrize("steal", STEALING)
def test_a_cutout_file_with_bytes_of_another_is_refused_wherever_it_is_opened(
    steal, secret, make_cutouts, make_rows, tmp_path
):
    path = make_cutouts(tmp_path / "c.h5", make_rows("ab"))
    with h5py.File(path, "r+") as file:
        del file.attrs["seal"]
        steal(file, secret)
    for opened in (open_cutouts, content_sha256):
        with pytest.raises(InputError, match=r"another file|put together"):
            opened(path)


def pixels_elsewhere(path, name, shape, elsewhere):
    np.ones(shape).tofile(elsewhere)
    with h5py.File(path, "r+" if path.exists() else "w") as file:
        file.pop(name, None)
        file.create_dataset(name, shape, "f8", external=[(str(elsewhere), 0, h5py.h5f.UNLIMITED)])


@pytest.mark.parametrize(
    ("kind", "name", "shape"),
    [("psat_hdf5", "X", (16, 400)), ("galaxy10", "images", (8, 12, 12, 3))],
)
def test_a_stamp_set_whose_pixels_are_elsewhere_is_refused(kind, name, shape, tmp_path):
    from legacy_files import LegacyFiles

    path = tmp_path / "legacy.h5"
    getattr(LegacyFiles(tmp_path), kind)(name=path.name)
    pixels_elsewhere(path, name, shape, tmp_path / "elsewhere")
    with pytest.raises(InputError, match=f"legacy.h5: data set '{name}' has its values in another file"):
        open_format(kind, {}, "options").open([path], channels=(), size_pixel=0)


def test_links_within_a_file_are_its_own(tmp_path):
    with h5py.File(tmp_path / "own.h5", "w") as file:
        file["x"] = np.arange(3)
        file["y"] = h5py.SoftLink("/x")
        file["z"] = file["x"]
        file["loop/back"] = file["/"]
    with open_to_read(tmp_path / "own.h5") as file:
        assert file["y"][:].tolist() == file["z"][:].tolist() == [0, 1, 2]


def test_groups_nested_without_end_are_refused(tmp_path):
    with h5py.File(tmp_path / "deep.h5", "w") as file:
        group = file
        for _ in range(1000):
            group = group.create_group("g")
    with pytest.raises(InputError, match="lies in more than 64 groups"):
        open_to_read(tmp_path / "deep.h5")


@pytest.mark.parametrize(
    ("name", "shape", "chunks"),
    [
        ("candidates/ra_deg", (2 * 10**9,), (1024,)),
        ("cutouts", (3, 10**6, 10**6, 1), (1, 64, 64, 1)),
        ("x", (10**10,), None),
    ],
)
def test_a_data_set_that_claims_far_more_than_is_stored_is_refused_unread(name, shape, chunks, tmp_path):
    path = tmp_path / "sparse.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset(name, shape, "f4", chunks=chunks)
    assert path.stat().st_size < 10_000
    said = rf"sparse\.h5: data set '{name}' of .* would take .*GB, of which .*kB are stored; allowed: 2 GB; if that is"
    with pytest.raises(InputError, match=said):
        open_to_read(path)


def test_one_chunk_that_inflates_to_gigabytes_is_refused_unread(tmp_path):
    path = tmp_path / "chunk.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (10,), "f8", maxshape=(None,), chunks=(500_000_001,), compression="gzip")
    with pytest.raises(InputError, match=r"data set 'x' of \(10,\) would take 4 GB"):
        open_to_read(path)


def test_what_is_meant_to_be_large_is_let_in_by_the_setting(tmp_path, monkeypatch):
    path = tmp_path / "large.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (10**9,), "f8", chunks=(1024,))
    with pytest.raises(InputError, match="set NIGHTSIFT_LARGEST_GB to 8"):
        open_to_read(path)
    monkeypatch.setenv("NIGHTSIFT_LARGEST_GB", "8")
    open_to_read(path).close()


def opens_hdf5(node):
    """Tell whether a node of a program opens an HDF5 file by itself."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "h5py" or (node.module or "").startswith("tables")
    if not isinstance(node, ast.Call):
        return False
    return ast.unparse(node.func) in ("h5py.File", "pd.read_hdf", "pandas.read_hdf", "h5py.h5f.open")


def test_every_hdf5_file_is_opened_in_one_place():
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("pipeline", "models", "tasks", "commands", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if any(map(opens_hdf5, ast.walk(ast.parse(path.read_text(encoding="utf-8")))))
    }
    assert found == {"pipeline/io/results/hdf5.py"}
