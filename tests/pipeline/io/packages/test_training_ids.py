import numpy as np
import pandas as pd
import pytest
from small_packages import rewrite_manifest, write_small_package

from pipeline.errors import InputError, MissingInputError
from pipeline.io.packages.training_ids import TRAINING_IDS, packages_called, read_training_ids, write_training_ids


def ids(names):
    return pd.Series(names, dtype="str")


def written(folder, train, validation):
    folder.mkdir()
    write_training_ids(folder, {"train": ids(train), "validation": ids(validation)})
    return (folder / TRAINING_IDS).read_bytes()


def test_each_id_gets_the_part_that_it_was_learned_in(tmp_path):
    package = write_small_package(tmp_path / "p", learned={"train": ["b", "a"], "validation": ["v", "a"]})
    name, learned = read_training_ids(package)
    assert name == "toy-0123456789ab"
    asked = ids(["v", "x", "a", "b", ""]).set_axis([7, 3, 5, 1, 0])
    pd.testing.assert_series_equal(learned.part_of(asked), pd.Series([1, -1, 0, 0, -1], asked.index, dtype="int8"))


def test_of_many_ids_all_are_found_and_no_other(tmp_path):
    train, validation = [f"{n}" for n in range(0, 60_000, 3)], [f"{n}" for n in range(1, 60_000, 3)]
    _, learned = read_training_ids(
        write_small_package(tmp_path / "p", learned={"train": train, "validation": validation})
    )
    found = learned.part_of(ids([f"{n}" for n in range(60_000)])).to_numpy().reshape(-1, 3)
    assert (found == [0, 1, -1]).all()


def test_an_id_costs_8_bytes_and_the_order_of_rows_does_not_count(tmp_path):
    names = [f"ZTF-{n}" for n in range(1000)]
    one = written(tmp_path / "one", names[:700], names[700:])
    assert one == written(tmp_path / "other", names[:700][::-1], names[700:][::-1] + names[800:])
    assert len(one) <= 8 * 1000 + 128
    assert one != written(tmp_path / "third", names[:699], names[699:])


def test_the_bytes_are_those_that_other_versions_wrote(tmp_path):
    written(tmp_path / "one", ["2450001"], ["c1"])
    assert np.load(tmp_path / "one" / TRAINING_IDS).tolist() == [5653263758500360259, 6995610983494525140]


def test_a_package_that_learned_from_nothing_knows_so(tmp_path):
    _, learned = read_training_ids(write_small_package(tmp_path / "p", learned={}))
    assert learned.part_of(ids(["a"])).tolist() == [-1]


def test_a_package_of_before_does_not_say(tmp_path):
    assert read_training_ids(write_small_package(tmp_path / "p")) == ("toy-0123456789ab", None)


@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        (np.array([4, 2], "<u8"), "not in order or appear twice"),
        (np.array([4, 5], "<u8"), "not in order or appear twice"),
        (np.array([1, 2], "<i4"), "does not hold a list of 8-byte numbers"),
        (np.zeros((1, 1), "<u8"), "does not hold a list of 8-byte numbers"),
        (np.array([object()]), "is not a list of ids"),
    ],
)
def test_a_list_that_cannot_be_right_is_refused(tmp_path, numbers, why):
    package = write_small_package(tmp_path / "p")
    np.save(package / TRAINING_IDS, numbers)
    rewrite_manifest(package)
    with pytest.raises(InputError, match=rf"{TRAINING_IDS} .*{why}"):
        read_training_ids(package)


def test_changed_and_missing_ids_are_named(tmp_path):
    package = write_small_package(tmp_path / "p", learned={"train": ["a"]})
    data = bytearray((package / TRAINING_IDS).read_bytes())
    data[-1] ^= 1
    (package / TRAINING_IDS).write_bytes(data)
    with pytest.raises(InputError, match=rf"{TRAINING_IDS} was changed after it was written"):
        read_training_ids(package)
    (package / TRAINING_IDS).unlink()
    rewrite_manifest(package)
    with pytest.raises(MissingInputError, match=rf"{TRAINING_IDS} is missing"):
        read_training_ids(package)


def test_packages_are_found_by_name_whatever_else_lies_there(tmp_path):
    one = write_small_package(tmp_path / "one", name="one-1")
    write_small_package(tmp_path / "two", name="two-2")
    (tmp_path / "three").mkdir()
    (tmp_path / "four").mkdir()
    (tmp_path / "four" / "package.json").write_text("[]")
    (tmp_path / "five").mkdir()
    (tmp_path / "five" / "package.json").write_text("no JSON")
    folders = sorted(path for path in tmp_path.iterdir() if path.is_dir())
    assert packages_called(["one-1", "six-6"], folders) == [one]
