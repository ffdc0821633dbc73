"""gmadet's and otrain's folders of cutouts."""

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, NightsiftError
from pipeline.io.legacy.load import open_format
from pipeline.io.results.cutout_file import open_cutouts


def change(path, **keys):
    with fits.open(path, mode="update") as opened:
        for name, value in keys.items():
            if value is None:
                del opened[0].header[name]
            else:
                opened[0].header[name] = value


@pytest.mark.replaces("gmadet", "O5")
def test_true_and_false_folders_give_labels_and_header_keys_give_columns(legacy, imported):
    folder, made = legacy.gmadet()
    rows, pixels, header = imported("gmadet", folder)
    assert header.size_pixel == 33
    assert rows["label"].tolist() == [1] * 4 + [0] * 5
    first = rows.iloc[0]
    assert (first["candidate_id"], first["exposure_id"], first["band"]) == ("100", "img_true.fits", "r")
    assert (first["magnitude"], first["x_pixel"], first["y_pixel"], first["ra_deg"]) == (17.5, 100.5, 54.0, 110.0)
    for name, image in zip(rows["candidate_id"], pixels[..., 0], strict=True):
        np.testing.assert_array_equal(image, made[name])


@pytest.mark.replaces("gmadet", "O5")
@pytest.mark.parametrize("size", [8, 33])
def test_any_size_is_read_and_can_be_cut_to_any_other(legacy, imported, size):
    folder, made = legacy.gmadet(size=size)
    _, pixels, header = imported("gmadet", folder, to="1.h5")
    assert header.size_pixel == size
    rows, pixels, _ = imported("gmadet", folder, to="2.h5", size_pixel=5)
    y, x = (size // 2 - (size == 8), size // 2)  # XPOS 101.5, YPOS 55.0
    expected = made[rows["candidate_id"][0]][y - 2 : y + 3, x - 2 : x + 3]
    np.testing.assert_array_equal(pixels[0, ..., 0], expected)


@pytest.mark.parametrize("origin", [0, 1])
@pytest.mark.parametrize(("size", "wanted"), [(32, 0), (32, 31), (31, 0)])
def test_the_source_of_an_even_cutout_comes_to_the_middle(tmp_path, imported, origin, size, wanted):
    """gmadet cuts from ``int(x) - size / 2`` on, where the first pixel is called 1."""
    (tmp_path / "set" / "true").mkdir(parents=True)
    places = [(40.0, 50.0), (40.3, 50.8), (40.5, 50.49), (40.99, 50.0)]
    for number, (x, y) in enumerate(places):
        image = np.zeros((100, 100), np.float32)
        image[int(np.floor(y + 0.5)), int(np.floor(x + 0.5))] = 100.0
        if size % 2:
            first = int(np.floor(y + 0.5)) - size // 2, int(np.floor(x + 0.5)) - size // 2
        else:
            first = int(y + 1) - size // 2, int(x + 1) - size // 2
        stamp = image[first[0] : first[0] + size, first[1] : first[1] + size]
        keys = fits.Header({"CANDID": number, "XPOS": x + origin, "YPOS": y + origin})
        fits.PrimaryHDU(stamp, keys).writeto(tmp_path / "set" / "true" / f"{number}.fits")
    rows, pixels, _ = imported("gmadet", tmp_path / "set", size_pixel=wanted, options={"pixel_origin": origin})
    middle = (wanted or size) // 2
    assert pixels[:, middle, middle, 0].tolist() == [100.0] * 4
    missing = [1 - (31 / 32) ** lines for lines in (2, 1, 1, 1)] if (size, wanted) == (32, 0) else [0.0] * 4
    np.testing.assert_allclose(rows["edge_fraction"], missing, rtol=1e-6)


def test_a_place_in_the_stamp_that_is_said_goes_before_that_of_the_image(legacy, imported):
    folder, made = legacy.gmadet(size=8)
    for path in (folder / "true").iterdir():
        change(path, XSTAMP=4, YSTAMP=5)
    rows, pixels, _ = imported("gmadet", folder)
    image = made[rows["candidate_id"][0]]
    np.testing.assert_array_equal(pixels[0, :, 1:, 0], image[:, :-1])
    assert np.isnan(pixels[0, :, 0, 0]).all()


@pytest.mark.replaces("gmadet", "O5")
def test_missing_keys_fall_back(legacy, imported):
    folder, _ = legacy.gmadet()
    change(folder / "true" / "candidate_0.fits", CANDID=None, MAG=None, MAGERR=-99.0, FILTER=None, FWHM=None, EDGE=None)
    rows, _, _ = imported("gmadet", folder)
    row = rows.iloc[0]
    assert (row["candidate_id"], row["band"]) == ("candidate_0", "Clear")
    assert np.isnan([row["magnitude"], row["magnitude_error"], row["fwhm_pixel"]]).all()


@pytest.mark.replaces("gmadet", "O5")
def test_the_extension_named_diff_holds_the_image_of_a_multi_extension_file(legacy, opened):
    folder = legacy.folder / "stdpipe" / "true"
    folder.mkdir(parents=True)
    image = legacy.stamp("x", 9)
    primary = fits.PrimaryHDU()
    primary.header["NAME"] = "cand_7"
    primary.header["HIERARCH mag_calib"] = 18.25
    layers = [
        fits.ImageHDU(image * 0, name="IMAGE"),
        fits.ImageHDU(image, name="DIFF"),
        fits.ImageHDU(image, name="MASK"),
    ]
    fits.HDUList([primary, *layers]).writeto(folder / "a.fits")
    stamps = opened("gmadet", folder.parent)
    row = stamps.rows.iloc[0]
    assert (row["candidate_id"], row["magnitude"], row["band"], row["label"]) == ("cand_7", 18.25, "Clear", 1)
    np.testing.assert_array_equal(stamps.pixels(np.array([0]))[0][0, ..., 0], image)


@pytest.mark.replaces("gmadet", "O5")
@pytest.mark.parametrize("edge", ["True", True])
def test_cutouts_at_an_edge_are_dropped_and_counted(legacy, imported, tmp_path, edge):
    folder, _ = legacy.gmadet()
    change(folder / "false" / "candidate_2.fits", EDGE=edge)
    rows, _, _ = imported("gmadet", folder)
    assert len(rows) == 8
    with open_cutouts(tmp_path / "imported.h5") as file:
        assert file.provenance["counts"] == {"in": 9, "kept": 8, "dropped": {"touches the edge of its image": 1}}


@pytest.mark.replaces("gmadet", "O5")
@pytest.mark.parametrize(
    ("place", "missing"), [((3, 55), (slice(None), slice(0, 6))), ((2000, 55), (slice(None), slice(-6, None)))]
)
def test_cutouts_at_an_edge_are_filled_up_on_the_side_that_lay_outside(legacy, imported, place, missing):
    folder, made = legacy.gmadet()
    path = folder / "false" / "candidate_2.fits"
    fits.PrimaryHDU(made["502"][:, :27], fits.getheader(path)).writeto(path, overwrite=True)
    change(path, EDGE="True", XPOS=place[0], YPOS=place[1])
    rows, pixels, _ = imported("gmadet", folder, options={"edge": "pad"})
    (row,) = np.flatnonzero(rows["candidate_id"] == "502")
    image = pixels[row, ..., 0]
    assert np.isnan(image[missing]).all()
    np.testing.assert_array_equal(image[np.isfinite(image)].reshape(33, 27), made["502"][:, :27])
    assert rows["edge_fraction"][row] == pytest.approx(6 / 33)


@pytest.mark.replaces("gmadet", "O5")
def test_an_id_that_repeats_from_image_to_image_gets_the_image_s_name(legacy, opened):
    folder, _ = legacy.gmadet()
    for word in ("true", "false"):
        change(folder / word / "candidate_0.fits", CANDID=1)
    ids = opened("gmadet", folder).rows["candidate_id"].tolist()
    assert ids[0] == "img_true:1"
    assert ids[4] == "img_false:1"


@pytest.mark.replaces("gmadet", "O5")
def test_one_folder_without_classes_is_unlabelled(legacy, opened):
    folder, _ = legacy.gmadet()
    (folder / "true").rename(folder.parent / "candidates")
    rows = opened("gmadet", folder.parent / "candidates").rows
    assert set(rows["label"]) == {-1}


@pytest.mark.replaces("gmadet", "O5")
@pytest.mark.parametrize("size", [33, 32])
def test_out_and_in_again_gives_the_same_pixels_ids_labels_and_columns(legacy, imported, exported, size):
    folder, _ = legacy.gmadet(size=size)
    rows, pixels, _ = imported("gmadet", folder)
    out = exported("gmadet")
    assert fits.getheader(out / "true" / "candidate_0.fits")["FWHMPSF"] == 2.25
    again, same, _ = imported("gmadet", out, to="again.h5")
    order = again.set_index("candidate_id").index.get_indexer(rows["candidate_id"])
    np.testing.assert_array_equal(same[order], pixels)
    for name in rows:
        np.testing.assert_array_equal(again[name].to_numpy()[order], rows[name].to_numpy(), err_msg=name)


def test_a_key_that_is_no_number_leaves_one_cutout_out(legacy, opened):
    folder, _ = legacy.gmadet()
    change(folder / "true" / "candidate_1.fits", MAG="bright")
    stamps = opened("gmadet", folder)
    assert len(stamps.rows) == 8
    assert stamps.dropped["reason"].str.contains("header key MAG is 'bright'; allowed: a number").all()


def test_a_folder_without_a_readable_cutout_is_an_error(opened, tmp_path):
    (tmp_path / "true").mkdir()
    (tmp_path / "true" / "a.fits").write_bytes(b"no fits")
    with pytest.raises(InputError, match="no cutout can be read; unreadable: cannot read FITS file"):
        opened("gmadet", tmp_path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_header_says_only_our_own_errors_come_out(tmp_path, data):
    folder = tmp_path / "true"
    folder.mkdir(exist_ok=True)
    path = folder / "a.fits"
    path.unlink(missing_ok=True)
    keys = {"CANDID": 1, "MAG": 17.5, "EDGE": "False", "XPOS": 3.0, "FILTER": "r"}
    fits.PrimaryHDU(np.ones((4, 4), np.float32), fits.Header(keys)).writeto(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, 1200))
        piece = data.draw(
            st.one_of(st.binary(min_size=1, max_size=12), st.text("0123456789.eENaT'= -", max_size=12).map(str.encode))
        )
        content[place : place + len(piece)] = piece
    path.write_bytes(content)
    try:
        stamps = open_format("gmadet", {"edge": "pad"}, "test").open([tmp_path])
        stamps.pixels(np.arange(len(stamps.rows)))
    except NightsiftError as error:
        assert "\n" not in str(error)
