import h5py
import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.io.legacy.hdf5_nodes import node, reading, take, texts


@pytest.fixture
def foreign_file(tmp_path):
    """Return the path of a small file of another system."""
    path = tmp_path / "foreign.h5"
    with h5py.File(path, "w") as file:
        file["pixels"] = np.arange(60, dtype=np.float32).reshape(5, 4, 3)
        file["names"] = np.array([b"a", b"bc", b"", b"d", b"0017"])
        file.create_group("group")
    return path


def test_a_node_is_found_by_its_name_and_its_axes(foreign_file):
    with reading(foreign_file) as file:
        assert node(file, "pixels", 3, "(n, y, x)").shape == (5, 4, 3)


@pytest.mark.parametrize(
    ("name", "axes", "message"),
    [
        ("absent", 3, r"no data set 'absent' \(\(n, y, x\)\); there: .*names"),
        ("group", 3, "no data set 'group'"),
        ("pixels", 4, r"'pixels' is float32 of shape \(5, 4, 3\); allowed: numbers, \(n, y, x\)"),
        ("names", 1, "'names' is .*; allowed: numbers"),
    ],
)
def test_what_stands_in_place_of_a_node_is_said(foreign_file, name, axes, message):
    with reading(foreign_file) as file, pytest.raises(InputError, match=message):
        node(file, name, axes, "(n, y, x)")


def test_texts_are_one_for_each_row(foreign_file):
    with reading(foreign_file) as file:
        assert texts(file, "names", 5).tolist() == ["a", "bc", "", "d", "0017"]
        with pytest.raises(InputError, match="one name for each of the 4 rows"):
            texts(file, "names", 4)


@pytest.mark.parametrize("rows", [[], [0], [1, 2, 3], [0, 2, 4]])
def test_rows_are_taken_as_they_are_asked_for(foreign_file, rows):
    with reading(foreign_file) as file:
        np.testing.assert_array_equal(take(file["pixels"], np.array(rows, np.intp)), file["pixels"][:][rows])


def test_a_file_that_is_damaged_is_named(foreign_file):
    foreign_file.write_bytes(foreign_file.read_bytes()[:300])
    with pytest.raises(InputError, match=r"foreign.h5 is not a readable HDF5 file"), reading(foreign_file):
        pass
