import h5py
import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.io.legacy.hickle_pack import read_pack

STAMPS = np.zeros((3, 5, 5, 2), np.float32)


def pack(path, arrays, marks=()):
    """Write data sets as hickle does, with the type of some of them."""
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name] = values
        for name, mark in marks:
            file[name].attrs["base_type"] = mark
    return path


def test_keys_stand_in_quotes_and_columns_have_one_value_a_stamp(tmp_path):
    arrays = {"data/item_0": STAMPS, 'data/item_1/"label"/data': [1, 0, 1], "data/item_1/b'mag'/data": [1.5, 2, 3]}
    path, node, columns = read_pack(pack(tmp_path / "p.hkl", arrays | {"data/item_2": [1.0, 2.0]}))
    assert (path, node) == (tmp_path / "p.hkl", "data/item_0")
    assert {name: values.tolist() for name, values in columns.items()} == {"label": [1, 0, 1], "mag": [1.5, 2.0, 3.0]}


def test_a_node_without_quotes_is_called_by_its_last_part(tmp_path):
    arrays = {"a/stamps": STAMPS, "a/id": np.array([b"x", b"y", b"0017"])}
    assert read_pack(pack(tmp_path / "p.hkl", arrays))[2]["id"].tolist() == ["x", "y", "0017"]


def test_without_a_wish_for_columns_none_are_read(tmp_path):
    path = pack(tmp_path / "p.hkl", {"stamps": STAMPS, "table": b"x"}, [("table", b"pickle")])
    assert read_pack(path, want_columns=False)[1:] == ("stamps", {})


@pytest.mark.parametrize("mark", [b"pickle", "pickle", np.array([b"pickled_object"])])
def test_a_pickled_table_stays_closed(tmp_path, mark):
    path = pack(tmp_path / "p.hkl", {"stamps": STAMPS, "table": b"cos\nsystem"}, [("table", mark)])
    with pytest.raises(InputError, match=r"node 'table' is pickled .* give its table as a CSV file"):
        read_pack(path)


@pytest.mark.parametrize(("arrays", "count"), [({"a": [1.0]}, 0), ({"a": STAMPS, "b": STAMPS}, 2)])
def test_a_pack_has_one_array_of_stamps(tmp_path, arrays, count):
    with pytest.raises(InputError, match=f"holds {count} arrays of four axes; allowed: one, the stamps"):
        read_pack(pack(tmp_path / "p.hkl", arrays))
