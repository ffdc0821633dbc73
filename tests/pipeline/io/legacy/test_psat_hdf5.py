"""psat-ml's HDF5 data set."""

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.cutouts import normalise
from pipeline.datasets.leakage import Separation
from pipeline.errors import DataSetError, InputError, NightsiftError, SettingsError
from pipeline.io.legacy.load import open_format
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter, open_cutouts
from pipeline.io.results.dataset_file import open_dataset


@pytest.mark.replaces("psat-ml", "P4")
def test_an_old_file_is_imported_with_its_fortran_order(legacy, imported):
    path, made = legacy.psat_hdf5()
    rows, pixels, header = imported("psat_hdf5", path)
    assert header.size_pixel == 20
    assert rows["candidate_id"].tolist() == list(made)
    assert rows["object_id"].tolist()[:3] == ["tr0", "tr0", "tr1"]
    assert rows["label"].tolist() == [0, 1] * 8
    for name, image in zip(rows["candidate_id"], pixels[..., 0], strict=True):
        np.testing.assert_array_equal(image, made[name])


def test_what_was_done_to_the_pixels_is_stated_not_forgotten(legacy, imported):
    path, _ = legacy.psat_hdf5()
    assert imported("psat_hdf5", path, to="1.h5")[2].pixel_state == "sign_log"
    for told, meant in (("raw", "raw"), ("noNorm", "raw"), ("spn", "sign_log"), ("l2", "l2")):
        assert imported("psat_hdf5", path, to=f"{told}.h5", options={"pixel_state": told})[2].pixel_state == meant
    with pytest.raises(SettingsError, match=r"known: asinh, .* raw"):
        imported("psat_hdf5", path, options={"pixel_state": "flat"})


@pytest.mark.replaces("psat-ml", "P4")
def test_rotated_copies_get_ids_of_their_own_and_keep_their_object(legacy, opened):
    path, _ = legacy.psat_hdf5()
    with h5py.File(path, "r+") as file:
        names = np.repeat(file["train_files"][:3], 4)
        del file["train_files"]
        file["train_files"] = names
    rows = opened("psat_hdf5", path).rows
    assert rows["candidate_id"].tolist()[:5] == [
        "tr0_58226.4_0",
        *(f"tr0_58226.4_0#{n}" for n in (1, 2, 3)),
        "tr0_58226.4_1",
    ]
    assert rows["object_id"].tolist()[:8] == ["tr0"] * 8


@pytest.mark.replaces("psat-ml", "P4")
def test_unlabelled_files_come_and_go(legacy, imported, exported):
    path, _made = legacy.psat_hdf5(labelled=False)
    rows, pixels, _ = imported("psat_hdf5", path)
    assert set(rows["label"]) == {-1}
    with h5py.File(exported("psat_hdf5", to="out.h5")) as file:
        assert {"X", "images"} <= set(file)
        assert "y" not in file
        assert file["images"][0].decode() == "tr0_58226.4_0.fits"
        np.testing.assert_array_equal(file["X"][0], np.ravel(pixels[0, ..., 0], order="F"))


@pytest.mark.replaces("psat-ml", "P4")
def test_out_and_in_again_gives_the_same_pixels_ids_labels_and_columns(
    imported, exported, make_rows, make_cutouts, tmp_path
):
    rows = make_rows(["a_1", "2", str(2**53 + 1)], object_id=["a", "o", ""], label=[1, 0, 1], magnitude=[17.5, 18, 19],
                     label_source=["spec", "eye", "spec"], night=["2026-01-05"] * 3)  # fmt: skip
    make_cutouts(tmp_path / "in.h5", rows, size=6)
    path = exported("psat_hdf5", "in.h5", to="out.h5", channel="science")
    with h5py.File(path) as file:
        assert {name: (file[name].dtype.str, file[name].shape) for name in ("X", "y", "testX", "testy")} == {
            "X": ("<f8", (3, 36)), "y": ("<f8", (3,)), "testX": ("<f8", (0, 36)), "testy": ("<f8", (0,)),
        }  # fmt: skip
        assert file["train_files"].dtype.kind == "S"
        assert file["train_files"][1] == b"o_2.fits"
    again, pixels, header = imported("psat_hdf5", path)
    assert header.channels == ("science",)
    with open_cutouts(tmp_path / "in.h5") as file:
        np.testing.assert_array_equal(pixels[..., 0], file.pixels()[..., 0])
    for name in ("candidate_id", "object_id", "label", "label_source", "magnitude", "night"):
        np.testing.assert_array_equal(again[name], rows[name])


@pytest.mark.replaces("psat-ml", "P4")
def test_the_vector_of_an_asymmetric_stamp_runs_down_its_columns(make_rows, make_cutouts, exported, tmp_path):
    pixels = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
    make_cutouts(tmp_path / "in.h5", make_rows(["a"], label=[1]), channels=("difference",), pixels=pixels)
    with h5py.File(exported("psat_hdf5", "in.h5", to="out.h5")) as file:
        assert file["X"][0].tolist() == [0, 3, 6, 1, 4, 7, 2, 5, 8]


@pytest.mark.replaces("psat-ml", "P4")
def test_the_middle_is_kept_under_a_normalisation(make_rows, make_cutouts, exported, imported, tmp_path):
    make_cutouts(tmp_path / "in.h5", make_rows(["a", "b"], label=[1, 0]), size=12)
    path = exported("psat_hdf5", "in.h5", to="out.h5", extent=3, normalisation="sign_log")
    with open_cutouts(tmp_path / "in.h5") as file:
        middle = file.pixels()[:, 3:9, 3:9, 2:]
    _, pixels, header = imported("psat_hdf5", path)
    assert header.pixel_state == "sign_log"
    np.testing.assert_array_equal(pixels, normalise.apply("sign_log", middle))
    values = middle[0, ..., 0].astype(float)
    np.testing.assert_allclose(pixels[0, ..., 0], np.sign(values) * np.log1p(np.abs(values) / values.std()), rtol=1e-5)


@pytest.mark.replaces("psat-ml", "P3")
@pytest.mark.parametrize(("theirs", "ours"), [("spn", "sign_log"), ("bg_sub_spn", "bg_sub")])
def test_pixels_under_psats_normalisations_are_psats_where_some_are_missing(
    theirs, ours, make_rows, make_cutouts, exported, imported, tmp_path
):
    pixels = np.random.default_rng(0).normal(size=(2, 9, 9, 1)).astype(np.float32)
    pixels[:, 2, 3:5] = np.nan
    make_cutouts(
        tmp_path / "in.h5", make_rows(["a", "b"], label=[1, 0]), size=9, channels=("difference",), pixels=pixels
    )
    path = exported("psat_hdf5", "in.h5", to="out.h5", normalisation=theirs)
    _, normalised, header = imported("psat_hdf5", path)
    assert header.pixel_state == ours
    np.testing.assert_array_equal(normalised, normalise.apply(ours, np.nan_to_num(pixels)))


def test_missing_pixels_become_a_number_for_programs_that_know_no_nan(make_rows, make_cutouts, exported, tmp_path):
    pixels = np.full((1, 2, 2, 1), np.nan, np.float32)
    make_cutouts(tmp_path / "in.h5", make_rows(["a"], label=[1]), size=2, channels=("difference",), pixels=pixels)
    with h5py.File(exported("psat_hdf5", "in.h5", to="out.h5", missing_value=-1)) as file:
        assert (file["X"][:] == -1).all()


@pytest.mark.replaces("psat-ml", "P5")
def test_a_data_set_keeps_the_old_test_part_and_drops_what_leaked_into_it(legacy, imported, tmp_path):
    path, _ = legacy.psat_hdf5(train=40, test=8, leak=True)
    imported("psat_hdf5", path, keep_split=True)
    with open_dataset(tmp_path / "imported.h5") as data:
        parts = {part: data.candidates(part) for part in ("train", "validation", "test")}
        dropped = data.file.table("dropped")
    assert len(parts["test"]) == 8
    assert set(dropped["reason"]) == {"its object stands in the test part"}
    assert len(dropped) == 2
    assert len(parts["train"]) + len(parts["validation"]) == 38
    assert 0 < len(parts["validation"]) < len(parts["train"])
    objects = [set(rows["object_id"]) for rows in parts.values()]
    assert not (objects[0] & objects[1] or objects[0] & objects[2] or objects[1] & objects[2])


@pytest.fixture
def placed_parts(make_rows, exported, tmp_path):
    """Return a function that writes psat-ml's file of two parts whose rows state where they lie, in pixels."""

    def write(train, test):
        names = [f"t{row}" for row in range(len(train))] + [f"e{row}" for row in range(len(test))]
        x = np.array([*train, *test], float)
        rows = make_rows(names, label=np.arange(len(x)) % 2, exposure_id=["e"] * len(x), x_pixel=x, y_pixel=0 * x)
        rows = rows.assign(ra_deg=np.nan, dec_deg=np.nan)
        header = CutoutHeader(survey="toy", channels=("difference",), size_pixel=4, pixel_scale_arcsec=1.0)
        with CutoutWriter(tmp_path / "placed.h5", header) as writer:
            writer.append(np.random.default_rng(1).normal(size=(len(x), 4, 4, 1)).astype("f4"), rows)
            writer.write_split(np.repeat(np.array([0, 2], np.int8), [len(train), len(test)]), "f")
        return exported("psat_hdf5", "placed.h5", to="placed_psat.h5")

    return write


def test_training_rows_that_share_pixels_with_the_old_test_part_are_dropped_and_counted(
    placed_parts, imported, tmp_path
):
    path = placed_parts(train=[*range(0, 400, 10), 1003, 1004, 997, 996], test=[1000, 1100])
    imported("psat_hdf5", path, keep_split=True)
    with open_dataset(tmp_path / "imported.h5") as data:
        dropped = data.file.table("dropped")
        separation = Separation.from_facts(data.file.provenance["separation"])
        kept = [name for part in ("train", "validation") for name in data.candidates(part)["candidate_id"]]
    assert dropped["candidate_id"].tolist() == ["t40", "t42"]
    assert set(dropped["reason"]) == {"cutout overlaps another part"}
    assert len(kept) == 42
    assert (separation.divided_by, separation.training + separation.validation) == ("the files", 2)


def test_a_class_that_shares_all_its_pixels_with_the_old_test_part_is_an_error(placed_parts, imported):
    path = placed_parts(train=[1000 if row % 2 else 10 * row for row in range(80)], test=[1000, 1100])
    with pytest.raises(DataSetError, match=r"train rows of class 1 have cutouts that .* leave out --keep-split"):
        imported("psat_hdf5", path, keep_split=True)


@pytest.mark.replaces("psat-ml", "P4")
def test_the_parts_of_a_data_set_are_those_of_the_file(legacy, imported, exported, tmp_path):
    path, made = legacy.psat_hdf5(train=40, test=8)
    imported("psat_hdf5", path, keep_split=True)
    with h5py.File(exported("psat_hdf5", to="out.h5")) as file:
        assert file["X"].shape == (40, 400)
        assert {name.decode() for name in file["test_files"][:]} == {
            f"{name}.fits" for name in made if name.startswith("test")
        }
        for part in ("train", "test"):
            vectors = file["X" if part == "train" else "testX"]
            for name, vector in zip(file[f"{part}_files"][:], vectors, strict=True):
                np.testing.assert_array_equal(vector, np.ravel(made[name.decode().removesuffix(".fits")], order="F"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.__delitem__("X"), "has no data set 'X'"),
        (lambda f: replace(f, "X", np.zeros((12, 399))), "vectors of 399 and 400 values; allowed: one square number"),
        (lambda f: replace(f, "X", np.zeros((12, 400), "S3")), "'X' is .*S3 of shape .*; allowed: numbers"),
        (lambda f: replace(f, "y", np.zeros(11)), "'y' has 11 labels for 12 rows"),
        (lambda f: replace(f, "y", np.full(12, 0.5)), "y: row 0: label is 0.5; allowed: whole numbers 0 to 1"),
        (
            lambda f: replace(f, "train_files", np.array(["a"] * 5, "S")),
            "'train_files' has shape .5,.; allowed: one name",
        ),
        (
            lambda f: f.create_group("nightsift").create_dataset("label", data=[1]),
            "the columns in 'nightsift' do not fit",
        ),
    ],
)
def test_what_does_not_fit_is_named(legacy, opened, change, message):
    path, _ = legacy.psat_hdf5()
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(InputError, match=message):
        opened("psat_hdf5", path)


def replace(file, name, values):
    del file[name]
    file[name] = values


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_bytes_a_file_has_only_our_own_errors_come_out(tmp_path, data):
    path = tmp_path / "any.h5"
    path.unlink(missing_ok=True)
    with h5py.File(path, "w") as file:
        file["X"], file["y"], file["train_files"] = np.ones((2, 4)), [0.0, 1.0], np.array(["a_1.fits", "b_1.fits"], "S")
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(st.binary(min_size=1, max_size=12))
        content[place : place + len(piece)] = piece
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    try:
        stamps = open_format("psat_hdf5", {}, "test").open([path])
        stamps.pixels(np.arange(len(stamps.rows)))
    except NightsiftError as error:
        assert "\n" not in str(error)
