import numpy as np
import pytest

from pipeline.io.legacy.crop_or_pad import crop_or_pad, crop_or_pad_stack


def marked(height, width):
    """Return a stamp that is 0 but for 1 at its source."""
    image = np.zeros((height, width), np.float32)
    image[height // 2, width // 2] = 1.0
    return image


@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (5, 5), (7, 4), (12, 13)])
@pytest.mark.parametrize("size", [1, 4, 5, 9])
def test_the_source_comes_to_the_middle_whatever_the_shapes(shape, size):
    fitted = crop_or_pad(marked(*shape), size)
    assert fitted.shape == (size, size)
    assert np.argwhere(fitted == 1.0).tolist() == [[size // 2, size // 2]]
    assert np.isfinite(fitted).sum() == min(shape[0], size) * min(shape[1], size)


def test_what_was_cut_off_before_the_first_pixel_is_missing_there():
    fitted = crop_or_pad(np.ones((2, 4), np.float32), 4, (True, False))
    assert np.isnan(fitted[:2]).all()
    assert (fitted[2:] == 1).all()
    assert np.isnan(crop_or_pad(np.ones((2, 4), np.float32), 4, (False, None))[2:]).all()


def test_a_moved_stamp_brings_its_source_to_the_middle():
    image = np.zeros((5, 5), np.float32)
    image[1, 4] = 1.0
    fitted = crop_or_pad(image, 5, shift=(1, -2))
    assert np.argwhere(fitted == 1.0).tolist() == [[2, 2]]
    assert np.isnan(fitted[0]).all()
    assert np.isnan(fitted[:, 3:]).all()


def test_a_stamp_that_is_moved_out_of_sight_is_all_missing():
    assert np.isnan(crop_or_pad(np.ones((3, 3), np.float32), 3, shift=(0, 9))).all()


@pytest.mark.parametrize("size", [3, 6, 8])
def test_a_stack_is_fitted_as_its_stamps_are(size):
    stack = np.random.default_rng(1).normal(size=(4, 7, 5, 2)).astype(np.float32)
    fitted = crop_or_pad_stack(stack, size)
    for row in range(4):
        for channel in range(2):
            np.testing.assert_array_equal(fitted[row, :, :, channel], crop_or_pad(stack[row, :, :, channel], size))


def test_a_stack_of_the_right_size_keeps_its_pixels():
    stack = np.ones((2, 3, 3, 1), np.float32)
    assert (crop_or_pad_stack(stack, 3) == stack).all()
