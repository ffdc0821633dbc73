import zipfile

import numpy as np
import pytest

from pipeline.errors import InputError, MissingInputError
from pipeline.io.legacy.npz import read_arrays, write_arrays

CUBE = np.arange(24, dtype=np.float32).reshape(4, 3, 2)


def write(path, **arrays):
    blocks = iter([CUBE[:3], CUBE[3:]])
    write_arrays(path, arrays, ("cube", CUBE.shape, CUBE.dtype, blocks))
    return path


def test_numpy_reads_what_was_written_in_blocks(tmp_path):
    names = np.array(["a", "bc"])
    with np.load(write(tmp_path / "c.npz", names=names), allow_pickle=False) as file:
        np.testing.assert_array_equal(file["cube"], CUBE)
        assert file["names"].tolist() == ["a", "bc"]


def test_equal_arrays_give_equal_bytes(tmp_path):
    one, other = (write(tmp_path / name, label=np.arange(3)) for name in ("1.npz", "2.npz"))
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_wrote_is_read_with_its_types_and_its_order(tmp_path, save):
    save(tmp_path / "c.npz", cube=CUBE, turned=np.asfortranarray(CUBE), none=np.zeros((0, 5)), words=np.array(["käse"]))
    found = read_arrays(tmp_path / "c.npz")
    np.testing.assert_array_equal(found["cube"], CUBE)
    np.testing.assert_array_equal(found["turned"], CUBE)
    assert found["none"].shape == (0, 5)
    assert found["words"].tolist() == ["käse"]
    assert found["cube"].dtype == np.float32


def test_an_array_of_objects_stays_closed(tmp_path):
    np.savez(tmp_path / "c.npz", names=np.array(["a", None], dtype=object))
    with pytest.raises(InputError, match="array 'names' holds Python objects"):
        read_arrays(tmp_path / "c.npz")


def test_a_header_that_promises_more_than_there_is_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "c.npz", "w") as archive, archive.open("cube.npy", "w") as member:
        np.lib.format.write_array_header_1_0(member, {"descr": "<f4", "fortran_order": False, "shape": (10**12,)})
        member.write(b"\0" * 16)
    with pytest.raises(InputError, match=r"cube.npy holds \d+ bytes; its header says 4000000000000 of data"):
        read_arrays(tmp_path / "c.npz")


def test_what_is_no_archive_and_what_is_not_there_are_told_apart(tmp_path):
    (tmp_path / "c.npz").write_bytes(b"none")
    with pytest.raises(InputError, match=r"cannot read .*c.npz"):
        read_arrays(tmp_path / "c.npz")
    with pytest.raises(MissingInputError, match=r"no file .*d.npz"):
        read_arrays(tmp_path / "d.npz")
