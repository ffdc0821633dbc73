"""Whatever is wrong with a cutout file or data set is one line that names the file and what it is."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter, open_cutouts
from pipeline.io.results.dataset_file import open_dataset

ROWS, SIDE = 6, 9
LONG = "x" * 60_000


@pytest.fixture(scope="module")
def sound_dataset(tmp_path_factory, make_rows):
    """A data set without a seal."""
    path = tmp_path_factory.mktemp("sound") / "x.h5"
    header = CutoutHeader(survey="toy", channels=("science", "difference"), size_pixel=SIDE, pixel_scale_arcsec=1.0)
    with CutoutWriter(path, header) as writer:
        writer.append(np.ones((ROWS, SIDE, SIDE, 2), np.float32), make_rows("abcdef"))
        writer.write_split(np.array([0, 0, 0, 1, 2, 2], np.int8), "0123")
    with h5py.File(path, "r+") as file:
        del file.attrs["seal"]
    return path


@pytest.fixture
def dataset_copy(tmp_path, sound_dataset):
    """A sound data set without a seal, to be changed."""
    return Path(shutil.copy(sound_dataset, tmp_path))


def put(name, value):
    return lambda file: file.attrs.__setitem__(name, value)


def drop(name):
    return lambda file: file.attrs.__delitem__(name)


def remove(name):
    return lambda file: file.__delitem__(name)


def replace(name, data, **options):
    def change(file):
        del file[name]
        file.create_dataset(name, data=data, **options)

    return change


def group(name):
    def change(file):
        del file[name]
        file.create_group(name)

    return change


def texts(count):
    return np.array(["x"] * count, dtype=object)


ATTRIBUTES = {
    "survey": [3, np.nan, "", LONG, np.arange(5)],
    "channels": [3, "", "{", "7", "null", "[]", "[1, 2]", '["science", "science"]', "[" * 5000, '["science"]', b"\xff"],
    "size_pixel": [np.nan, -1, 0, 2.5, "9", 10**6, np.inf, np.arange(3)],
    "pixel_scale_arcsec": [-1.0, 0.0, np.inf, "1", np.arange(3)],
    "class_names": ["", "[]", "7", "[" * 5000, '["real", "real"]'],
    "pixel_state": [3, "", LONG],
    "unit": [3, LONG],
    "schema": [2, "1", LONG, np.nan, np.arange(3)],
}
SHAPES = {
    "cutouts": [5, "x", texts(ROWS), np.zeros(ROWS), np.zeros((ROWS, SIDE, SIDE, 1), "f4"),
                np.zeros((ROWS, 2, SIDE, SIDE), "f4"), np.zeros((ROWS, SIDE, SIDE + 1, 2), "f4"),
                np.zeros((ROWS - 1, SIDE, SIDE, 2), "f4"), np.zeros((ROWS, SIDE, SIDE, 2), "i2"),
                np.zeros((ROWS, SIDE, SIDE, 2), complex), np.zeros(ROWS, [("a", "i4"), ("b", "f4")]), h5py.Empty("f4")],
    "pixel_digest": [5, "x", np.zeros(ROWS), np.zeros((ROWS, 2), "u8"), np.zeros(ROWS + 1, "u8"), h5py.Empty("u8")],
    "candidates/candidate_id": [5, np.zeros(ROWS), np.zeros(ROWS, complex), texts(ROWS - 1), h5py.Empty("f4")],
    "candidates/label": [5, texts(ROWS), np.full(ROWS, np.nan), np.zeros(ROWS - 1, "i1"), np.zeros((ROWS, 2), "i1")],
    "candidates/ra_deg": ["x", texts(ROWS), np.zeros(ROWS + 1), np.zeros(ROWS, complex)],
    "candidates/night": [np.zeros(ROWS), texts(ROWS + 1)],
    "dropped/reason": [5, np.zeros(3), texts(3)],
    "split": [5, "x", texts(ROWS), np.zeros(ROWS), np.zeros(ROWS + 1, "i1"), np.full(ROWS, 7, "i1"),
              np.full(ROWS, -1, "i1"), np.array([2, 1, 0, 0, 1, 2], "i1"), h5py.Empty("i1")],
}  # fmt: skip
NEEDED = ("cutouts", "pixel_digest", "candidates", "candidates/candidate_id", "dropped")
CASES = (
    [(f"no attribute {name}", drop(name)) for name in (*ATTRIBUTES, "fingerprint")]
    + [(f"{name} is {str(value)[:12]}", put(name, value)) for name, values in ATTRIBUTES.items() for value in values]
    + [(f"no {name}", remove(name)) for name in NEEDED]
    + [(f"group {name}", group(name)) for name in SHAPES]
    + [
        (f"{name} number {number}", replace(name, data))
        for name, values in SHAPES.items()
        for number, data in enumerate(values)
    ]
)  # fmt: skip


def read_all(path):
    with open_dataset(path) as file:
        file.candidates("train")
        file.cutouts("test")
        list(file.file.batches(4, hashed=True))
        file.file.table("dropped")


def test_the_file_that_is_changed_is_sound(dataset_copy):
    read_all(dataset_copy)


@pytest.mark.parametrize(("what", "change"), CASES, ids=[what for what, _ in CASES])
def test_what_is_wrong_is_said_in_one_line_with_the_file(what, change, dataset_copy):
    with h5py.File(dataset_copy, "r+") as file:
        change(file)
    with pytest.raises(InputError, match=r"x\.h5") as caught:
        read_all(dataset_copy)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("share", np.linspace(0, 0.999, 25))
def test_a_file_that_was_cut_off_is_said_to_be_none(share, dataset_copy):
    data = dataset_copy.read_bytes()
    dataset_copy.write_bytes(data[: int(share * len(data))])
    with pytest.raises(InputError, match=r"x\.h5") as caught:
        read_all(dataset_copy)
    assert "\n" not in str(caught.value)


def test_a_column_that_is_asked_for_and_not_there_is_named(dataset_copy):
    with h5py.File(dataset_copy, "r+") as file:
        del file["candidates/magnitude"]
    with (
        open_cutouts(dataset_copy) as file,
        pytest.raises(InputError, match=r"x\.h5: no column 'magnitude' in /candidates"),
    ):
        file.candidates(columns=("candidate_id", "magnitude"))
