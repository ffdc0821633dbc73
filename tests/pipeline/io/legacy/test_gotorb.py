"""gotorb's csv with HDF5 stamps, and its hickle pack."""

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, MissingInputError, NightsiftError
from pipeline.io.legacy.load import open_format


@pytest.mark.replaces("gotorb", "G6")
def test_a_folder_is_imported_with_its_six_layers_and_all_columns(legacy, imported):
    folder, table, stamps = legacy.gotorb()
    rows, pixels, header = imported("gotorb", folder)
    assert header.channels == ("science", "template", "difference", "frames_ptp", "frames_min", "frames_max")
    assert rows["candidate_id"].tolist() == table["id"].tolist()
    assert rows["exposure_id"][0] == str(2**53 + 1)
    assert rows["label_source"].tolist()[:5] == ["mp", "randjunk", "marshall", "syntransient", "glxresid"]
    assert rows["kind"].tolist()[:5] == ["mover", "bogus", "", "injected_host", "bogus"]
    assert np.isnan(rows["fwhm_pixel"][4])
    np.testing.assert_allclose(rows["x_pixel"], table["x"] - 1)
    np.testing.assert_array_equal(pixels[1:], stamps[1:].astype(np.float32))


@pytest.mark.replaces("gotorb", "G6")
def test_what_lies_outside_the_image_is_missing_not_a_millionth(legacy, imported):
    rows, pixels, _ = imported("gotorb", legacy.gotorb()[0])
    assert np.isnan(pixels[0, :, :2]).all()
    assert np.isfinite(pixels[0, :, 2:]).all()
    assert rows["edge_fraction"][0] == pytest.approx(2 / 7)
    assert rows["flags"][0] == 1


@pytest.mark.replaces("gotorb", "G6")
def test_out_again_gives_the_same_files(legacy, imported, exported):
    folder, _table, stamps = legacy.gotorb()
    imported("gotorb", folder)
    out = exported("gotorb")
    with h5py.File(out / "data_stamps.h5") as file:
        assert file["src"].dtype == "f8"
        again = file["src"][:]
    np.testing.assert_array_equal(again == 1e-6, stamps == 1e-6)
    np.testing.assert_array_equal(again[again != 1e-6], stamps[stamps != 1e-6])
    pd.testing.assert_frame_equal(pd.read_csv(out / "data_labels.csv"), pd.read_csv(folder / "data_labels.csv"))


@pytest.mark.replaces("gotorb", "G6")
def test_out_and_in_again_gives_the_same_rows(imported, exported, make_rows, make_cutouts, tmp_path):
    rows = make_rows(["0017", str(2**53 + 1)], object_id=["0017", str(2**53 + 1)], exposure_id=["007", "8"],
                     label=[1, 0], label_source=["mp", "randjunk"], magnitude=[17.123457, np.nan],
                     x_pixel=[10.25, 20], y_pixel=[1, 2])  # fmt: skip
    make_cutouts(tmp_path / "in.h5", rows, size=4)
    again, pixels, _ = imported("gotorb", exported("gotorb", "in.h5"))
    for name in ("candidate_id", "exposure_id", "label", "label_source", "magnitude", "ra_deg", "dec_deg", "x_pixel"):
        np.testing.assert_array_equal(again[name], rows[name])
    from pipeline.io.results.cutout_file import open_cutouts

    with open_cutouts(tmp_path / "in.h5") as file:
        np.testing.assert_array_equal(pixels, file.pixels())


@pytest.mark.replaces("gotorb", "G6")
def test_a_cleaned_pair_is_chosen_by_its_prefix(legacy, opened):
    folder, *_ = legacy.gotorb()
    legacy.gotorb(count=4, prefix="clean_")
    assert len(opened("gotorb", folder).rows) == 10
    assert len(opened("gotorb", folder, prefix="clean_").rows) == 4
    (folder / "data_labels.csv").unlink()
    assert len(opened("gotorb", folder).rows) == 4
    legacy.gotorb(count=3, prefix="mpcleaned_")
    with pytest.raises(MissingInputError, match=r"clean_data_labels\.csv, mpcleaned_data_labels\.csv; allowed: one"):
        opened("gotorb", folder)
    with pytest.raises(MissingInputError, match="varcleaned_data_labels"):
        opened("gotorb", folder, prefix="varcleaned_")


@pytest.mark.replaces("gotorb", "G6")
def test_a_pickled_table_in_a_pack_stays_closed_and_is_named(legacy, opened):
    path, table, stamps = legacy.hickle_pack()
    with pytest.raises(InputError, match=r"node 'data/data_1' is pickled and stays closed"):
        opened("gotorb", path)
    found = opened("gotorb", path, labels=str(legacy.folder / "packed" / "data_labels.csv"))
    assert found.rows["candidate_id"].tolist() == table["id"].tolist()
    np.testing.assert_array_equal(found.pixels(np.array([1, 3]))[0], stamps[[1, 3]].astype(np.float32))


@pytest.mark.replaces("gotorb", "G6")
def test_a_pack_with_plain_columns_is_read_whole(legacy, opened):
    path, table, _ = legacy.hickle_pack(pickled=False)
    rows = opened("gotorb", path).rows
    assert rows["candidate_id"].tolist() == table["id"].tolist()
    assert rows["label"].tolist() == table["label"].tolist()


def test_stamps_and_rows_of_different_number_are_refused(legacy, opened):
    folder, table, _ = legacy.gotorb()
    table.iloc[:-1].to_csv(folder / "data_labels.csv", index=False)
    with pytest.raises(InputError, match=r"has 9 rows and .* 10 stamps; allowed: one for each"):
        opened("gotorb", folder)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("label", "2", "label: row 3: label is 2; allowed: whole numbers 0 to 1"),
        ("ra", "east", "ra: row 3: 'east' is not a number"),
        ("id", "0000-uuid-9007199254740993", "appears in row 0 and again in row 3"),
        ("id", "", "row 3: the id is empty"),
    ],
)
def test_a_bad_value_is_named_with_its_row(legacy, opened, column, value, message):
    folder, table, _ = legacy.gotorb()
    table = table.astype("str")
    table.loc[3, column] = value
    table.to_csv(folder / "data_labels.csv", index=False)
    with pytest.raises(InputError, match=message):
        opened("gotorb", folder)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.one_of(
        st.binary(max_size=120),
        st.lists(st.sampled_from(["id", "label", ",", "\n", '"', "1", "a", "ra"])).map(lambda p: "".join(p).encode()),
    )
)
def test_whatever_a_csv_holds_only_our_own_errors_come_out(tmp_path, text):
    (tmp_path / "data_labels.csv").write_bytes(text)
    with h5py.File(tmp_path / "data_stamps.h5", "w") as file:
        file["src"] = np.zeros((1, 2, 2, 6))
    try:
        open_format("gotorb", {}, "test").open([tmp_path])
    except NightsiftError as error:
        assert "\n" not in str(error)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), ending=st.sampled_from(["hkl", "h5"]))
def test_whatever_bytes_the_stamps_have_only_our_own_errors_come_out(tmp_path, data, ending):
    path = tmp_path / f"data_stamps.{ending}"
    path.unlink(missing_ok=True)
    with h5py.File(path, "w") as file:
        file["src"], file["'id'"], file["'label'"] = np.ones((2, 3, 3, 6)), np.array(["a", "b"], "S"), [0, 1]
    (tmp_path / "data_labels.csv").write_text("id,label\na,0\nb,1\n")
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(st.binary(min_size=1, max_size=12))
        content[place : place + len(piece)] = piece
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    try:
        stamps = open_format("gotorb", {}, "test").open([path if ending == "hkl" else tmp_path])
        stamps.pixels(np.arange(len(stamps.rows)))
    except NightsiftError as error:
        assert "\n" not in str(error)
