"""Folders of JPEG and PNG images, one a class: modes, sizes, orientation, broken files."""

import logging
import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.errors import InputError, NightsiftError
from pipeline.io.results.cutout_file import open_cutouts


@pytest.fixture
def folder(tmp_path):
    """A folder with a function that puts an image into it."""
    root = tmp_path / "galaxies"
    root.mkdir()

    def put(name, pixels, mode=None, **saved):
        path = root / name
        path.parent.mkdir(exist_ok=True)
        image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.asarray(pixels, np.uint8))
        (image.convert(mode) if mode else image).save(path, **saved)
        return path

    put.root = root
    return put


def colours(side=8, seed=1):
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3)).astype(np.uint8)


def test_a_folder_is_a_class_and_the_name_of_a_file_an_id(folder, imported):
    images = {"spiral/7.png": colours(seed=1), "elliptical/0012.png": colours(seed=2), "spiral/3.png": colours(seed=3)}
    for name, pixels in images.items():
        folder(name, pixels)
    rows, pixels, header = imported("image_folder", folder.root)
    assert header.class_names == ("elliptical", "spiral")
    assert header.channels == ("red", "green", "blue")
    assert rows["candidate_id"].tolist() == ["0012", "3", "7"]
    assert rows["label"].tolist() == [0, 1, 1]
    np.testing.assert_array_equal(
        pixels, [images["elliptical/0012.png"], images["spiral/3.png"], images["spiral/7.png"]]
    )


def test_the_classes_of_a_survey_say_the_order_of_the_labels(folder, opened):
    for number, name in enumerate(("spiral", "bar", "edge-on")):
        folder(f"{name}/{number}.png", colours())
    folder("unknown.png", colours())
    stamps = opened("image_folder", folder.root, class_names=["edge-on", "spiral", "bar", "merger"])
    assert dict(zip(stamps.rows["candidate_id"], stamps.rows["label"], strict=True)) == {
        "0": 1, "1": 2, "2": 0, "unknown": -1,
    }  # fmt: skip
    with pytest.raises(InputError, match=r"folders bar and class names edge-on, spiral; allowed: .*a class for each"):
        opened("image_folder", folder.root, class_names=["edge-on", "spiral"])


def test_images_of_other_sizes_are_resized_whole_and_not_cropped(folder, opened):
    left_dark = np.zeros((40, 20, 3), np.uint8)
    left_dark[:, 10:] = 200
    folder("a/wide.png", left_dark)
    folder("a/small.png", np.full((3, 3, 3), 50))
    folder("a/exact.png", colours(8))
    stamps = opened("image_folder", folder.root, size_pixel=8, channels=("red", "green", "blue"))
    pixels = dict(zip(stamps.rows["candidate_id"], stamps.pixels(np.arange(3))[0], strict=True))
    np.testing.assert_array_equal(pixels["exact"], colours(8))
    np.testing.assert_array_equal(pixels["small"], np.full((8, 8, 3), 50))
    assert (pixels["wide"][:, :3] == 0).all()
    assert (pixels["wide"][:, 5:] == 200).all()


def test_shrinking_averages_over_what_a_pixel_covers(folder, opened):
    board = np.indices((64, 64)).sum(axis=0) % 2 * 255
    folder("a/board.png", np.repeat(board[:, :, None], 3, axis=2))
    stamps = opened("image_folder", folder.root, size_pixel=8, resampling="box")
    assert np.ptp(stamps.pixels(np.array([0]))[0]) <= 1
    nearest = opened("image_folder", folder.root, size_pixel=8, resampling="nearest")
    assert np.isin(nearest.pixels(np.array([0]))[0], (0, 255)).all()


def test_images_of_mixed_modes_become_rgb_by_one_rule_and_are_counted(folder, opened, caplog):
    grey = np.full((4, 4), 90, np.uint8)
    clear = np.dstack([np.full((4, 4, 3), 200), np.where(np.arange(16).reshape(4, 4) < 8, 0, 255)]).astype(np.uint8)
    folder("a/grey.png", grey)
    folder("a/clear.png", clear)
    folder("a/palette.png", np.full((4, 4, 3), (255, 0, 51)), mode="P")
    folder("a/deep.png", Image.fromarray(np.full((4, 4), 257 * 77, np.uint16)))
    folder("a/print.jpg", np.full((4, 4, 3), 120), mode="CMYK")
    folder("a/rgb.png", colours(4))
    with caplog.at_level(logging.INFO):
        stamps = opened("image_folder", folder.root)
    assert "6 images (1 CMYK, 1 I;16, 1 L, 1 P, 1 RGB, 1 RGBA)" in caplog.text
    pixels, reasons = stamps.pixels(np.arange(6))
    assert not reasons.any()
    seen = dict(zip(stamps.rows["candidate_id"], pixels, strict=True))
    assert (seen["grey"] == 90).all()
    assert (seen["deep"] == 77).all()
    assert (seen["clear"][:2] == 0).all() and (seen["clear"][2:] == 200).all()
    assert (seen["palette"] == (255, 0, 51)).all()
    np.testing.assert_allclose(seen["print"], 120, atol=3)


def test_grey_images_alone_have_one_channel_and_colours_become_grey_for_a_survey_of_one(folder, opened):
    folder("a/1.png", np.full((4, 4), 7, np.uint8))
    assert opened("image_folder", folder.root).channels == ("grey",)
    folder("a/2.png", np.full((4, 4, 3), (255, 0, 0)))
    stamps = opened("image_folder", folder.root, channels=("light",))
    pixels, _ = stamps.pixels(np.arange(2))
    assert pixels.shape == (2, 4, 4, 1)
    assert pixels[1, 0, 0, 0] == 76  # 0.299 of red


def test_an_image_stands_as_its_camera_was_held(folder, opened):
    image = Image.fromarray(colours(6))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise
    folder("a/turned.png", image, exif=exif)
    pixels, _ = opened("image_folder", folder.root).pixels(np.array([0]))
    np.testing.assert_array_equal(pixels[0], np.rot90(colours(6), -1))


def png_that_claims(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_a_broken_image_among_many_is_left_out_with_its_reason(folder, imported, tmp_path):
    for number in range(9):
        folder(f"a/{number}.png", colours(seed=number))
    whole = folder("b/cut.jpg", colours(64)).read_bytes()
    (folder.root / "b" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder.root / "b" / "no_image.png").write_text("404 not found")
    (folder.root / "b" / "bomb.png").write_bytes(png_that_claims(60_000, 60_000))
    (folder.root / "b" / "wide.png").write_bytes(png_that_claims(9_000, 10))
    (folder.root / "b" / ".hidden.png").write_text("of a file manager")
    folder("b/good.png", colours())
    rows, _, _ = imported("image_folder", folder.root, max_lost_fraction=0.5)
    assert len(rows) == 10
    with open_cutouts(tmp_path / "imported.h5") as file:
        reasons = file.table("dropped").set_index("candidate_id")["reason"]
    assert sorted(reasons.index) == ["bomb", "cut", "no_image", "wide"]
    assert "too many pixels; allowed: 1 to 8192" in reasons["bomb"]
    assert "9000 x 10 pixels; allowed: 1 to 8192 a side" in reasons["wide"]
    assert reasons["cut"].startswith("unreadable: ") and "truncated" in reasons["cut"]


def test_one_name_in_two_folders_needs_paths_as_ids(folder, opened):
    folder("a/1.png", colours(seed=1))
    folder("b/1.jpg", colours(seed=2))
    with pytest.raises(InputError, match=r"a/1.png and b/1.jpg have one id, '1'; state options: {ids: path}"):
        opened("image_folder", folder.root)
    assert opened("image_folder", folder.root, ids="path").rows["candidate_id"].tolist() == ["a/1.png", "b/1.jpg"]


def test_pixels_that_are_no_bytes_are_not_written(make_rows, make_cutouts, exported, tmp_path):
    make_cutouts(tmp_path / "imported.h5", make_rows(["a", "b"]), channels=("grey",))
    with pytest.raises(InputError, match=r"'a' has pixels that are no bytes; allowed: whole numbers 0 to 255"):
        exported("image_folder")


@pytest.mark.replaces("galaxy10", "Z1")
def test_real_galaxies_are_read_in_blocks(real_data, opened):
    stamps = opened("image_folder", real_data / "galaxies", size_pixel=64, ids="path")
    assert len(stamps.rows) == 1119
    assert stamps.class_names == ("barred_spiral", "edge_view_spiral", "elliptical", "spiral")
    assert np.bincount(stamps.rows["label"]).tolist() == [70, 141, 599, 309]
    _, (pixels, reasons) = next(stamps.blocks(np.arange(0, 1119, 100)))
    assert pixels.shape == (12, 64, 64, 3) and not reasons.any()
    assert pixels.min() >= 0 and 100 < pixels.max() <= 255


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), head=st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]))
def test_whatever_a_file_holds_it_is_a_reason_or_one_line(tmp_path, opened, content, head):
    (tmp_path / "some").mkdir(exist_ok=True)
    (tmp_path / "some" / "a.png").write_bytes(head + content)
    try:
        _, reasons = opened("image_folder", tmp_path, size_pixel=4).pixels(np.array([0]))
        assert reasons[0] and "\n" not in reasons[0]
    except NightsiftError as error:
        assert "\n" not in str(error)
