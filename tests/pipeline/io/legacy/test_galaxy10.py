"""Galaxy10-type HDF5 files."""

import h5py
import numpy as np
import pytest

from pipeline.errors import InputError


@pytest.mark.replaces("galaxy10", "Z1")
def test_colour_images_are_imported_with_all_their_classes(legacy, imported):
    path, images = legacy.galaxy10()
    rows, pixels, header = imported("galaxy10", path)
    np.testing.assert_array_equal(pixels, images)
    assert header.channels == ("red", "green", "blue")
    assert header.class_names[:2] == ("disturbed", "merging")
    assert rows["label"].tolist() == [*range(10), *range(10)]
    assert rows["ra_deg"].iloc[-1] == 100


@pytest.mark.replaces("galaxy10", "Z1")
def test_images_are_read_in_blocks_not_whole(legacy, opened, monkeypatch):
    path, _images = legacy.galaxy10(count=700, size=4)
    stamps = opened("galaxy10", path)
    sizes = [pixels.nbytes for _, (pixels, _) in stamps.blocks()]
    assert len(sizes) == 3
    assert max(sizes) == 256 * 4 * 4 * 3 * 4


@pytest.mark.replaces("galaxy10", "Z1")
def test_any_number_of_classes_and_their_names(legacy, imported, opened):
    path, _ = legacy.galaxy10(count=5)
    assert opened("galaxy10", path).class_names == ("0", "1", "2", "3", "4")
    names = ["elliptical", "spiral", "edge-on", "barred", "merger"]
    assert imported("galaxy10", path, options={"class_names": names})[2].class_names == tuple(names)
    with pytest.raises(InputError, match="ans: row 2: label is 2; allowed: whole numbers 0 to 1"):
        opened("galaxy10", path, class_names=names[:2])


@pytest.mark.replaces("galaxy10", "Z1")
def test_out_again_gives_the_same_bytes_and_in_again_the_same_rows(legacy, imported, exported):
    path, images = legacy.galaxy10()
    rows, pixels, header = imported("galaxy10", path)
    out = exported("galaxy10", to="out.h5")
    with h5py.File(out) as file:
        assert file["images"].dtype == np.uint8
        np.testing.assert_array_equal(file["images"][:], images)
        np.testing.assert_array_equal(file["ans"][:], np.arange(20) % 10)
    again, same, head = imported("galaxy10", out, to="again.h5")
    np.testing.assert_array_equal(same, pixels)
    assert head == header
    assert again["label"].tolist() == rows["label"].tolist()
    assert again["candidate_id"].tolist() == rows["candidate_id"].tolist()


def test_images_without_an_answer_each_are_refused(legacy, opened):
    path, _ = legacy.galaxy10()
    with h5py.File(path, "r+") as file:
        del file["ans"]
        file["ans"] = np.zeros(3, "u1")
    with pytest.raises(InputError, match="20 images with 3 answers"):
        opened("galaxy10", path)


@pytest.mark.replaces("galaxy10", "Z1")
def test_a_block_of_large_images_stays_small(legacy, opened):
    path, images = legacy.galaxy10(count=60, size=256)
    stamps = opened("galaxy10", path)
    sizes = [pixels.nbytes for _, (pixels, _) in stamps.blocks(size=10_000)]
    assert max(sizes) <= 64 << 20
    assert sum(sizes) == 4 * images.size  # a set of any length is read 85 images of 256 pixels at a time
    assert opened("galaxy10", path, size_pixel=512).blocks(size=10_000).__next__()[0].size == 21


@pytest.mark.replaces("galaxy10", "Z7")
def test_images_are_resized_where_the_settings_say_how(legacy, opened):
    path, images = legacy.galaxy10(count=3, size=16)
    boxes = images.reshape(3, 4, 4, 4, 4, 3).mean(axis=(2, 4))
    pixels, _ = opened("galaxy10", path, size_pixel=4, resampling="box").pixels(np.arange(3))
    np.testing.assert_allclose(pixels, boxes, atol=0.5 + 1e-6)
    assert (pixels == np.rint(pixels)).all()
    with h5py.File(path, "r+") as file:
        del file["images"]
        file["images"] = images.astype("f4")
    pixels, _ = opened("galaxy10", path, size_pixel=4, resampling="box").pixels(np.arange(3))
    np.testing.assert_allclose(pixels, boxes, atol=1e-4)
