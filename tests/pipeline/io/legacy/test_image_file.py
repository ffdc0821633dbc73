"""One JPEG or PNG file: its head, and how arrays are resized."""

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import InputError
from pipeline.io.legacy.image_file import ImageHead, head_of, read_image, resized_stack


def test_a_head_tells_mode_and_size_or_what_is_wrong(tmp_path):
    Image.new("L", (3, 5)).save(tmp_path / "grey.png")
    assert head_of(tmp_path / "grey.png") == ImageHead(mode="L", width=3, height=5)
    Image.new("RGB", (2, 2)).save(tmp_path / "other.png", format="GIF")
    assert "not a readable JPEG or PNG image" in head_of(tmp_path / "other.png").fault
    with pytest.raises(InputError, match="not a readable JPEG or PNG image"):
        read_image(tmp_path / "absent.png", 4, "bilinear")


def test_a_stack_of_its_own_size_is_not_changed():
    images = np.random.default_rng(0).normal(size=(2, 5, 5, 2)).astype(np.float32)
    np.testing.assert_array_equal(resized_stack(images, 5, "lanczos"), images)


@pytest.mark.parametrize("resampling", ["box", "bilinear", "bicubic", "lanczos"])
def test_a_plane_of_one_value_keeps_it(resampling):
    flat = np.full((1, 9, 9, 1), 3.25, np.float32)
    np.testing.assert_allclose(resized_stack(flat, 4, resampling), 3.25, rtol=1e-6)
