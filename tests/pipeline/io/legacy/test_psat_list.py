"""psat-ml's lists of FITS stamps."""

import shutil

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, MissingInputError, NightsiftError, TooMuchLostError
from pipeline.io.legacy.load import open_format


@pytest.mark.replaces("psat-ml", "P2")
def test_good_and_bad_lists_with_their_folders_are_accepted_as_they_are(legacy, imported):
    folder, made = legacy.psat_lists()
    rows, pixels, header = imported("psat_list", folder)
    assert rows["candidate_id"].tolist() == list(made)
    assert (rows["label"] == 1).sum() == 6
    assert set(rows["label_source"]) == {"psat list"}
    assert header.channels == ("difference",)
    for name, image in zip(rows["candidate_id"], pixels[..., 0], strict=True):
        np.testing.assert_array_equal(image, made[name])


@pytest.mark.replaces("psat-ml", "P2")
def test_folders_alone_and_both_lists_by_name_give_the_same_rows(legacy, imported):
    folder, _ = legacy.psat_lists()
    by_list, pixels, _ = imported("psat_list", folder / "good.txt", folder / "bad.txt", to="1.h5")
    for name in ("good.txt", "bad.txt"):
        (folder / name).unlink()
    by_folder, same, _ = imported("psat_list", folder, to="2.h5")
    order = by_folder.set_index("candidate_id").index.get_indexer(by_list["candidate_id"])
    assert (by_folder["label"].to_numpy()[order] == by_list["label"].to_numpy()).all()
    np.testing.assert_array_equal(same[order], pixels)


@pytest.mark.replaces("psat-ml", "P2")
def test_file_names_say_object_exposure_and_time(legacy, imported):
    rows, _, _ = imported("psat_list", legacy.psat_lists()[0], longitude_deg=-155.6)
    assert rows["object_id"].tolist()[:3] == ["10004", "10004", "10014"]
    assert rows["exposure_id"][0] == "02a58226o0000o"
    assert rows["time_mjd"][0] == 58226.41
    assert rows["night"][0] == "2018-04-17"


@pytest.mark.replaces("psat-ml", "P2")
def test_absolute_paths_of_pan_starrs_keep_the_object_whatever_the_night(legacy, opened, tmp_path):
    folder, made = legacy.psat_lists()
    paths = []
    for night, name in enumerate(made):
        there = tmp_path / "db0" / "images" / str(57000 + night)
        there.mkdir(parents=True)
        word = "good" if (folder / "good" / f"{name}.fits").exists() else "bad"
        paths.append(shutil.move(folder / word / f"{name}.fits", there / f"{name}.fits"))
    (tmp_path / "good.txt").write_text("\n".join(map(str, paths)))
    rows = opened("psat_list", tmp_path / "good.txt").rows
    assert rows["object_id"].tolist() == [name.partition("_")[0] for name in made]
    assert rows["object_id"].nunique() < len(rows)


@pytest.mark.replaces("psat-ml", "P2")
def test_hdu_number_name_and_fpacked_files(legacy, opened, tmp_path):
    image = np.arange(400, dtype=np.int32).reshape(20, 20)
    for name, hdu in (
        ("1_a.fits", fits.ImageHDU(image, name="STAMP")),
        ("1_b.fits.fz", fits.CompImageHDU(image)),
        ("1_c.fits.gz", fits.ImageHDU(image)),
    ):
        fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(tmp_path / name)
    for hdu in ("auto", 1, "1"):
        stamps = opened("psat_list", *sorted(tmp_path.glob("1_*")), hdu=hdu)
        pixels, reasons = stamps.pixels(np.arange(3))
        np.testing.assert_array_equal(pixels[..., 0], np.stack([image, image, image]))
        assert (reasons == "").all()
    assert opened("psat_list", tmp_path / "1_a.fits", hdu="STAMP").rows["candidate_id"].tolist() == ["1_a"]
    with pytest.raises(InputError, match=r"has no HDU 3; it has: 0"):
        opened("psat_list", tmp_path / "1_a.fits", hdu=3)


@pytest.mark.replaces("psat-ml", "P2")
def test_the_magic_number_becomes_missing(legacy, imported):
    folder, _ = legacy.psat_lists(magic=True)
    _, pixels, _ = imported("psat_list", folder, to="1.h5")
    assert np.isnan(pixels[:, 3, 2, 0]).all()
    assert np.isnan(pixels).sum() == len(pixels)
    _, pixels, _ = imported("psat_list", folder, to="2.h5", options={"magic_values": []})
    assert (pixels[:, 3, 2, 0] == -31415).all()


@pytest.mark.replaces("psat-ml", "P3")
def test_the_middle_of_a_stamp_is_that_of_psat(legacy, imported):
    folder, made = legacy.psat_lists(size=40)
    rows, pixels, _ = imported("psat_list", folder, size_pixel=20)
    np.testing.assert_array_equal(pixels[0, ..., 0], made[rows["candidate_id"][0]][10:30, 10:30])


@pytest.mark.replaces("psat-ml", "P13")
def test_any_list_and_lists_of_lists_are_read_without_labels(legacy, opened, tmp_path):
    folder, made = legacy.psat_lists()
    files = sorted(folder.rglob("*.fits"))
    (tmp_path / "first.txt").write_text("\n".join(map(str, files[:5])))
    (tmp_path / "rest.lst").write_text("# a comment\n\n" + "\n".join(path.name for path in files[5:]))
    (tmp_path / "all.txt").write_text("first.txt\nrest.lst\n")
    rows = opened("psat_list", tmp_path / "all.txt", folder=str(tmp_path), label="none")
    assert len(rows.rows) == len(made)
    rows = opened("psat_list", tmp_path / "first.txt", label="none").rows
    assert set(rows["label"]) == {-1}
    assert set(rows["label_source"]) == {""}


@pytest.mark.replaces("psat-ml", "P13")
def test_no_stamp_is_lost_between_chunks(legacy, imported, tmp_path):
    folder, made = legacy.psat_lists(good=300, bad=333, size=4)
    rows, pixels, _ = imported("psat_list", folder)
    assert rows["candidate_id"].tolist() == list(made)
    for row in (0, 99, 100, 255, 256, 512, 632):
        np.testing.assert_array_equal(pixels[row, ..., 0], made[rows["candidate_id"][row]])


def test_an_unreadable_stamp_is_left_out_and_listed(legacy, imported, tmp_path, capsys):
    from pipeline.io.results.cutout_file import open_cutouts

    folder, made = legacy.psat_lists()
    files = sorted((folder / "bad").iterdir())
    files[0].write_bytes(files[0].read_bytes()[:3000])
    files[1].unlink()
    rows, _, _ = imported("psat_list", folder)
    assert len(rows) == len(made) - 2
    with open_cutouts(tmp_path / "imported.h5") as file:
        dropped = file.table("dropped")
    assert dropped["candidate_id"].tolist() == [files[0].stem, files[1].stem]
    assert dropped["reason"].str.contains("unreadable: ").all()
    assert "13 cutouts; 1 left out: unreadable: " in capsys.readouterr().out
    with pytest.raises(TooMuchLostError, match=r"2 of 15 stamps are unusable; 0\.1 of them may be"):
        imported("psat_list", folder, to="2.h5", max_lost_fraction=0.1)
    assert not (tmp_path / "2.h5").exists()


def test_an_id_twice_names_both_rows(legacy, opened, tmp_path):
    folder, made = legacy.psat_lists()
    with (folder / "bad.txt").open("a") as stream:
        stream.write(f"../good/{next(iter(made))}.fits\n")
    with pytest.raises(InputError, match=r"id '10004_58226\.41.*' appears in row 0 and again in row 15; allowed: once"):
        opened("psat_list", folder)


def test_tiles_are_left_out_and_counted(legacy, opened):
    folder, made = legacy.psat_lists()
    with (folder / "good.txt").open("a") as stream:
        stream.write("1_2_3_tiles.fits\n")
    stamps = opened("psat_list", folder)
    assert len(stamps.rows) == len(made)
    assert stamps.dropped["reason"].tolist() == ["an image of tiles, no stamp"]


def test_smaller_stamps_are_dropped_or_filled_up(legacy, opened):
    folder, _ = legacy.psat_lists(size=9)
    stamps = opened("psat_list", folder, size_pixel=11)
    assert set(stamps.pixels(np.arange(3))[1]) == {"smaller than the cutout"}
    pixels, reasons = opened("psat_list", folder, size_pixel=11, edge="pad").pixels(np.arange(3))
    assert set(reasons) == {""}
    assert np.isnan(pixels[:, [0, -1]]).all()
    assert np.isfinite(pixels[:, 1:-1, 1:-1]).all()


@pytest.mark.replaces("psat-ml", "P2")
def test_out_and_in_again_gives_the_same_pixels_ids_labels_and_columns(
    legacy, imported, exported, make_rows, make_cutouts, tmp_path
):
    rows = make_rows(
        ["0017", str(2**53 + 1), "c_3", "4"],
        object_id=["0017", "9", "c", "AT_2020x"], label=[1, 0, -1, 1], label_source=["spec", "eye", "", "spec"],
        magnitude=[17.25, np.nan, 18, 19], night=["2026-01-05"] * 4, flux_sign=[1, -1, 0, 1], band=["r"] * 4,
    )  # fmt: skip
    make_cutouts(tmp_path / "in.h5", rows, size=5)
    folder = exported("psat_list", "in.h5", channel="template")
    assert (folder / "good.txt").read_text().split() == ["0017.fits", "AT_2020x_4.fits"]
    again, pixels, _ = imported("psat_list", folder)
    from pipeline.io.results.cutout_file import open_cutouts

    with open_cutouts(tmp_path / "in.h5") as file:
        before = file.pixels()[..., 1]
    order = again.set_index("candidate_id").index.get_indexer(rows["candidate_id"])
    np.testing.assert_array_equal(pixels[order, ..., 0], before)
    for name in ("candidate_id", "object_id", "label", "label_source", "magnitude", "night", "flux_sign", "band"):
        np.testing.assert_array_equal(again[name].to_numpy()[order], rows[name].to_numpy())


@pytest.mark.replaces("psat-ml", "P12")
def test_a_name_moved_from_one_list_to_the_other_changes_its_label(make_rows, make_cutouts, exported, opened, tmp_path):
    make_cutouts(
        tmp_path / "in.h5", make_rows(["a_1", "b_1"], label=[1, 1], label_source=["spec"] * 2, object_id=["a", "b"])
    )
    folder = exported("psat_list", "in.h5")
    (folder / "good.txt").write_text("a_1.fits\n")
    (folder / "bad.txt").write_text("b_1.fits\n")
    rows = opened("psat_list", folder).rows
    assert rows[["label", "label_source"]].to_numpy().tolist() == [[1, "spec"], [0, "psat list"]]


def test_an_id_that_is_no_file_name_is_refused(make_rows, make_cutouts, exported, tmp_path):
    make_cutouts(tmp_path / "in.h5", make_rows(["../../etc/a"], object_id=[""], label=[1]))
    with pytest.raises(InputError, match=r"candidate_id '\.\./\.\./etc/a' cannot be a file name"):
        exported("psat_list", "in.h5")
    assert not (tmp_path / "exported").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [("a\0b.fits\n", "line 1 is not a file name"), ("x" * 300 + ".fits\n", "line 1 is not a file name")],
)
def test_a_line_that_is_no_name_is_named(opened, tmp_path, text, message):
    (tmp_path / "good.txt").write_text(text)
    with pytest.raises(InputError, match=message):
        opened("psat_list", tmp_path / "good.txt")


def test_a_list_that_lists_itself_ends(opened, tmp_path):
    (tmp_path / "good.txt").write_text("good.txt\n")
    with pytest.raises(InputError, match="3 levels"):
        opened("psat_list", tmp_path / "good.txt")


def test_a_list_that_is_not_there(opened, tmp_path):
    with pytest.raises(MissingInputError, match="no list"):
        opened("psat_list", tmp_path / "none.txt")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
)
def test_whatever_a_list_holds_only_our_own_errors_come_out(tmp_path, content):
    path = tmp_path / "any.txt"
    path.write_bytes(content)
    try:
        stamps = open_format("psat_list", {}, "test").open([path])
        stamps.pixels(np.arange(len(stamps.rows)))
    except NightsiftError as error:
        assert "\n" not in str(error)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_bytes_a_stamp_has_only_our_own_errors_come_out(tmp_path, data):
    path = tmp_path / "1_a.fits"
    path.unlink(missing_ok=True)
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.arange(25, dtype=np.int16).reshape(5, 5))]).writeto(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(st.binary(min_size=1, max_size=12))
        content[place : place + len(piece)] = piece
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    try:
        stamps = open_format("psat_list", {}, "test").open([path], size_pixel=5)
        stamps.pixels(np.arange(len(stamps.rows)))
    except NightsiftError as error:
        assert "\n" not in str(error)
