"""gmadet's and otrain's npz cube."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, NightsiftError
from pipeline.io.legacy.load import open_format


@pytest.mark.replaces("gmadet", "O7")
@pytest.mark.parametrize("one_hot", [False, True])
def test_a_cube_is_imported_with_all_its_arrays(legacy, imported, one_hot):
    path, made = legacy.cube(one_hot=one_hot)
    rows, pixels, header = imported("gmadet_cube", path)
    np.testing.assert_array_equal(pixels, made["cube"])
    assert header.channels == ("difference",)
    assert rows["candidate_id"].tolist() == [str(2**53 + 1 + row) for row in range(9)]
    assert rows["label"].tolist() == [0, 1] * 4 + [0]
    assert rows["band"].tolist()[:3] == ["g", "r", "i"]
    assert np.isnan(rows["magnitude_error"][3])
    np.testing.assert_allclose(rows["magnitude"], made["mags"])


@pytest.mark.replaces("gmadet", "O7")
def test_magnitudes_that_became_text_are_read_as_numbers(legacy, opened):
    path, _ = legacy.cube(mags=np.array(["17.5", "-99.0"] * 4 + ["18"]))
    magnitude = opened("gmadet_cube", path).rows["magnitude"]
    assert magnitude[0] == 17.5
    assert np.isnan(magnitude[1])


@pytest.mark.replaces("gmadet", "O7")
def test_ids_cut_into_letters_are_refused_and_can_be_left_out(legacy, opened):
    path, _ = legacy.cube(candids=np.array(list("candidate_12345")))
    with pytest.raises(InputError, match="array 'candids' has 15 values for 9 stamps; the option ignore leaves"):
        opened("gmadet_cube", path)
    assert opened("gmadet_cube", path, ignore=["candids"]).rows["candidate_id"][8] == "cube_0000008"


@pytest.mark.replaces("gmadet", "O7")
def test_an_array_of_objects_is_refused_by_name(legacy, opened):
    path, _ = legacy.cube(filters=np.array(["g", None] * 4 + [3], dtype=object))
    with pytest.raises(InputError, match="array 'filters' holds Python objects, which only unpickling could read"):
        opened("gmadet_cube", path)


@pytest.mark.replaces("gmadet", "O7")
def test_compressed_files_are_read_as_well(legacy, opened):
    path, made = legacy.cube()
    np.savez_compressed(path, **made)
    np.testing.assert_array_equal(opened("gmadet_cube", path).pixels(np.arange(2, 5))[0], made["cube"][2:5])


@pytest.mark.replaces("gmadet", "O7")
def test_out_and_in_again_gives_the_same_pixels_ids_labels_and_columns(
    imported, exported, make_rows, make_cutouts, tmp_path
):
    rows = make_rows(["0017", str(2**53 + 1), "c"], label=[1, 0, -1], magnitude=[17.5, np.nan, 18], band=["r", "g", ""],
                     magnitude_error=[0.1, np.nan, 0.2], fwhm_pixel=[2.5, 3, np.nan])  # fmt: skip
    make_cutouts(tmp_path / "in.h5", rows, size=7)
    path = exported("gmadet_cube", "in.h5", to="cube.npz")
    with np.load(path, allow_pickle=False) as arrays:
        assert arrays["cube"].dtype == np.float32
        assert arrays["cube"].shape == (3, 7, 7, 3)
        assert arrays["mags"].tolist() == [17.5, -99.0, 18.0]
    again, pixels, header = imported("gmadet_cube", path)
    assert header.channels == ("science", "template", "difference")
    from pipeline.io.results.cutout_file import open_cutouts

    with open_cutouts(tmp_path / "in.h5") as file:
        np.testing.assert_array_equal(pixels, file.pixels())
    for name in ("candidate_id", "label", "magnitude", "magnitude_error", "fwhm_pixel", "band"):
        np.testing.assert_array_equal(again[name], rows[name])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"cube": np.zeros((3, 4, 5, 1))}, r"array 'cube' is float64 of shape \(3, 4, 5, 1\); allowed"),
        ({"cube": None}, "array 'cube' is none"),
        ({"labels": np.full((9, 2), 0.5)}, r"labels: row 0 is \[0.5, 0.5\]; allowed: \[1, 0\] or \[0, 1\]"),
        ({"labels": np.full(9, 3)}, "labels: row 0: label is 3"),
        (
            {"candids": 2.0**53 + 2 * np.arange(9)},
            "candids holds the float 9007199254740992.0, which may be another id",
        ),
        ({"candids": np.array([*"abcdefgh", "3.91E+16"])}, r"row 8: the id '3.91E\+16' is in scientific notation"),
        ({"candids": np.zeros(9, int)}, "id '0' appears in row 0 and again in row 1"),
    ],
)
def test_what_does_not_fit_is_named(legacy, opened, arrays, message):
    path, _ = legacy.cube(**arrays)
    with pytest.raises(InputError, match=message):
        opened("gmadet_cube", path)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_bytes_a_file_has_only_our_own_errors_come_out(tmp_path, data):
    path = tmp_path / "any.npz"
    np.savez(path, cube=np.ones((2, 3, 3, 1), np.float32), labels=[0, 1], candids=["a", "b"])
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(st.binary(min_size=1, max_size=12))
        content[place : place + len(piece)] = piece
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    try:
        stamps = open_format("gmadet_cube", {}, "test").open([path])
        stamps.pixels(np.arange(len(stamps.rows)))
    except NightsiftError as error:
        assert "\n" not in str(error)
