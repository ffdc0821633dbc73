"""Files of a table: features in the place of pixels, weights of rows, and what other files keep of old."""

import math

import h5py
import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.io.results.content import row_digests
from pipeline.io.results.cutout_file import CutoutWriter, open_cutouts, rows_a_chunk
from pipeline.io.results.cutout_header import CutoutHeader
from pipeline.io.results.dataset_file import open_dataset, write_dataset
from pipeline.io.results.source_columns import SourceColumns
from pipeline.recipes.dataset import DatasetRecipe, SplitSettings
from pipeline.stages.build_dataset import build_dataset

FEATURES = ("g_r", "r_i", "w1")
ROWS = 6
VALUES = np.arange(ROWS * len(FEATURES), dtype=np.float32).reshape(ROWS, len(FEATURES))
WEIGHTS = np.linspace(0, 1, ROWS).astype(np.float32)


def header(**other):
    return CutoutHeader(**{"survey": "toy", "channels": FEATURES, "kind": "table", "class_names": ("a", "b")} | other)


def write(path, rows, head, *, split=None, values=VALUES, weights=WEIGHTS):
    rows = rows.assign(weight=weights) if head.weighted else rows
    with CutoutWriter(path, head) as writer:
        writer.append(values[:, None, None, :], rows)
        if split is not None:
            writer.write_split(np.asarray(split, np.int8), "0123")
    return path


@pytest.fixture
def table(tmp_path, make_rows):
    return write(tmp_path / "t.h5", make_rows("abcdef"), header(weighted=True), split=[0, 0, 0, 1, 2, 2])


def test_a_file_of_a_table_is_read_as_cutouts_of_one_pixel(table):
    with open_cutouts(table) as file:
        assert file.header == header(weighted=True)
        assert (file.header.size_pixel, math.isnan(file.header.pixel_scale_arcsec)) == (1, True)
        pixels = file.pixels()
        assert pixels.shape == (ROWS, 1, 1, len(FEATURES))
        np.testing.assert_array_equal(pixels[:, 0, 0, :], VALUES)
        np.testing.assert_array_equal(file.pixel_digests(), row_digests(pixels))
        assert [rows.shape[0] for _, rows in file.batches(4, hashed=True)] == [4, 2]


def test_headers_are_equal_where_all_is_also_that_a_scale_is_not_known():
    assert header(weighted=True) == header(weighted=True, pixel_scale_arcsec=float("nan"))
    assert len({header(), header()}) == 1
    assert header(weighted=True) != header()
    assert header() != FEATURES


def test_its_features_and_weights_stand_in_the_file_as_the_page_says(table):
    with h5py.File(table) as file:
        assert (file.attrs["schema"], file.attrs["kind"]) == (2, "table")
        assert file.attrs["features"] == '["g_r", "r_i", "w1"]'
        assert not {"channels", "size_pixel", "pixel_scale_arcsec", "unit"} & set(file.attrs)
        np.testing.assert_array_equal(file["features"], VALUES)
        np.testing.assert_array_equal(file["weight"], WEIGHTS)
        assert "cutouts" not in file
        assert "weight" not in file["candidates"]


def test_weights_are_a_column_of_the_rows(table):
    with open_cutouts(table) as file:
        np.testing.assert_array_equal(file.candidates()["weight"], WEIGHTS)
        assert list(file.candidates(slice(2, 4), ("candidate_id", "weight"))["weight"]) == list(WEIGHTS[2:4])
        assert list(file.candidates(columns=("candidate_id",))) == ["candidate_id"]
    with open_dataset(table) as data:
        assert (data.kind, data.class_names) == ("table", ("a", "b"))
        assert list(data.candidates("test")["weight"]) == list(WEIGHTS[4:])


def test_a_data_set_carries_features_and_weights_to_their_new_places(tmp_path, make_rows):
    path = write(tmp_path / "n.h5", make_rows("abcdef"), header(weighted=True))
    places = np.array([4, 0, 3])
    chosen = pd.DataFrame(
        {"place": places, "split": [0, 1, 2], "label": [1, 0, 1], "label_source": "x", "named": places}
    )
    dropped = pd.DataFrame({"place": [1, 2, 5], "reason": "no label"})
    with SourceColumns([path], tmp_path) as columns:
        names = columns.texts("object_id")
        write_dataset(tmp_path / "d.h5", columns=columns, names=names, chosen=chosen, dropped=dropped,
                      fingerprint="01", provenance={})  # fmt: skip
    with open_dataset(tmp_path / "d.h5") as data:
        assert data.file.header == header(weighted=True)
        np.testing.assert_array_equal(data.file.pixels()[:, 0, 0, :], VALUES[places])
        np.testing.assert_array_equal(data.file.candidates()["weight"], WEIGHTS[places])


def test_cutouts_with_weights_keep_their_pixels_and_state_their_kind(tmp_path, make_rows):
    head = CutoutHeader(survey="toy", channels=("science",), size_pixel=3, pixel_scale_arcsec=1.0, weighted=True)
    rows = make_rows("ab").assign(weight=[0.5, 2.0])
    with CutoutWriter(tmp_path / "c.h5", head) as writer:
        writer.append(np.ones((2, 3, 3, 1), np.float32), rows)
    with open_cutouts(tmp_path / "c.h5") as file:
        assert file.header == head
        assert list(file.candidates()["weight"]) == [0.5, 2.0]


def test_cutouts_without_weights_are_of_the_first_version(tmp_path, make_rows):
    head = CutoutHeader(survey="toy", channels=("science",), size_pixel=3, pixel_scale_arcsec=math.nan)
    with CutoutWriter(tmp_path / "c.h5", head) as writer:
        writer.append(np.ones((2, 3, 3, 1), np.float32), make_rows("ab"))
    with h5py.File(tmp_path / "c.h5") as file:
        assert file.attrs["schema"] == 1
        assert "kind" not in file.attrs
    with open_cutouts(tmp_path / "c.h5") as file:
        assert file.header == head, "a size that is not known equals itself"


def test_files_of_different_features_or_weights_are_not_joined(tmp_path, make_rows):
    first = write(tmp_path / "a.h5", make_rows("abcdef"), header())
    for number, other in enumerate([header(channels=("r_i", "g_r", "w1")), header(weighted=True)]):
        second = write(tmp_path / f"b{number}.h5", make_rows("ghijkl"), other)
        with pytest.raises(InputError, match="does not fit"):
            SourceColumns([first, second], tmp_path)


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_a_weight_that_is_none_is_refused_with_its_row(weight, tmp_path, make_rows):
    weights = np.where(np.arange(ROWS) == 2, weight, 1.0)
    with pytest.raises(InputError, match=f"weight of row 2 is {weight}; allowed: 0 and above, finite"):
        write(tmp_path / "w.h5", make_rows("abcdef"), header(weighted=True), weights=weights)


def test_rows_without_the_weights_of_their_file_are_refused(tmp_path, make_rows):
    with CutoutWriter(tmp_path / "w.h5", header(weighted=True)) as writer:
        with pytest.raises(InputError, match="no column 'weight'"):
            writer.append(VALUES[:, None, None, :], make_rows("abcdef"))
        writer.append(VALUES[:, None, None, :], make_rows("abcdef").assign(weight=1.0))


@pytest.mark.parametrize("wrong", [{"kind": "images"}, {"size_pixel": 3}, {"pixel_scale_arcsec": 1.0}])
def test_a_header_that_contradicts_itself_is_refused(wrong):
    with pytest.raises(InputError, match="allowed"):
        header(**wrong)


def _set(name, value):
    return lambda file: file.attrs.__setitem__(name, value)


def _replace(name, data):
    def change(file):
        if name in file:
            del file[name]
        if data is not None:
            file[name] = data

    return change


WRONG = {
    "kind unknown": _set("kind", "spectra"),
    "kind cutouts": _set("kind", "cutouts"),
    "version without a kind": _set("schema", 1),
    "newer version": _set("schema", 3),
    "no names": lambda file: file.attrs.__delitem__("features"),
    "names twice": _set("features", '["a", "a", "b"]'),
    "fewer names": _set("features", '["a", "b"]'),
    "no features": _replace("features", None),
    "whole numbers": _replace("features", VALUES.astype(int)),
    "texts": _replace("features", np.full((ROWS, 3), "x", object)),
    "fewer rows": _replace("features", VALUES[1:]),
    "four axes": _replace("features", VALUES[:, None, None, :]),
    "changed values": _replace("features", VALUES + 1),
    "fewer weights": _replace("weight", WEIGHTS[1:]),
    "weights of text": _replace("weight", np.full(ROWS, "x", object)),
    "a weight below 0": _replace("weight", WEIGHTS - 1),
    "an unknown weight": _replace("weight", np.full(ROWS, np.nan, np.float32)),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_with_a_file_of_a_table_is_said_in_one_line(what, table):
    with h5py.File(table, "r+") as file:
        del file.attrs["seal"]
        WRONG[what](file)
    with pytest.raises(InputError, match=r"t\.h5") as caught, open_dataset(table) as data:
        list(data.file.batches(4, hashed=True))
        data.candidates("train")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700


def test_chunks_of_features_hold_many_rows():
    assert rows_a_chunk((17,)) == 3855
    assert rows_a_chunk((3,)) == 4096
    assert rows_a_chunk((1_000_000,)) == 1


def test_a_data_set_carries_a_target_as_exact_as_it_was(tmp_path, make_rows):
    target = np.array([1 / 3, np.nan, 0.2, 5.0, 1e-9, 2.0])
    head = header(class_names=("measured",), targeted=True)
    rows = make_rows("abcdef").assign(target=target, label=np.where(np.isnan(target), -1, 0).astype(np.int8))
    path = write(tmp_path / "n.h5", rows, head)
    recipe = DatasetRecipe(survey="toy", nights=("all",), split=SplitSettings(minimum_groups=0))
    build_dataset(tmp_path / "d.h5", sources=[path], recipe=recipe, linked_within_arcsec=0.0, fold=0, fingerprint="0",
                  provenance={})  # fmt: skip
    with open_dataset(tmp_path / "d.h5") as data:
        assert data.file.header == head
        known = data.file.candidates(columns=("candidate_id", "target"))
        assert data.file.table("dropped")["reason"].tolist() == ["no target"]
    assert dict(zip(known["candidate_id"], known["target"], strict=True)) == {
        name: value for name, value in zip("abcdef", target.tolist(), strict=True) if name != "b"
    }
