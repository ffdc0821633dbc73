import io

import numpy as np
import pytest
from matplotlib.image import imread

from pipeline.plots.cutout_pictures import SHADES, picture, shades


def colours(image, **options):
    return imread(io.BytesIO(picture(np.asarray(image, np.float32), **options)), format="png")[..., :3]


def noise(size=31, seed=1):
    return np.random.default_rng(seed).normal(scale=5.0, size=(size, size)).astype(np.float32)


def test_the_first_row_of_an_image_is_at_the_bottom():
    image = noise()
    image[0, 0] = 1000.0
    shown = colours(image)
    assert shown.shape == (31, 31, 3)
    assert np.unravel_index(shown.sum(axis=2).argmax(), (31, 31)) == (30, 0)


def test_brighter_pixels_are_never_darker():
    image = noise()
    image[15, 15] = 400.0
    order = np.argsort(image, axis=None)
    assert (np.diff(shades(image).ravel()[order].astype(int)) >= 0).all()


def test_zero_of_a_difference_is_in_the_middle_and_both_signs_mirror_each_other():
    image = noise()
    image[3, 4], image[4, 3] = 300.0, 0.0
    shown = shades(image, signed=True).astype(int)
    assert shown[4, 3] == (SHADES - 1) // 2
    np.testing.assert_allclose(shades(-image, signed=True), SHADES - 1 - shown, atol=1)


def test_noise_alone_does_not_reach_the_ends_of_the_scale():
    shown = shades(noise(), signed=True)
    assert shown.min() > 0.1 * SHADES
    assert shown.max() < 0.9 * SHADES


def test_a_faded_source_is_blue_and_a_risen_one_is_not():
    image = noise()
    image[10, 10], image[20, 20] = -500.0, 500.0
    shown = colours(image, signed=True)[::-1]
    assert shown[10, 10, 2] > shown[10, 10, 0]
    assert shown[20, 20, 0] > shown[20, 20, 2]


@pytest.mark.parametrize("signed", [False, True])
def test_missing_pixels_have_a_colour_that_no_other_has(signed):
    image = noise()
    image[:5] = np.nan
    image[5, 0] = np.inf
    shown = shades(image, signed=signed)
    assert (shown[:5] == SHADES).all()
    assert shown[5, 0] == SHADES
    assert (shown[6:] < SHADES).all()
    tint = colours(image, signed=signed)[-1, 0]
    assert (np.abs(colours(noise(), signed=signed) - tint).max(axis=2) > 0.02).all()


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("image", [np.full((5, 5), np.nan), np.zeros((5, 5)), np.full((1, 1), 7.0), np.eye(5) * 3e38])
def test_images_without_any_contrast_are_drawn(image, signed):
    assert colours(image, signed=signed).shape == (*image.shape, 3)


def test_equal_images_are_equal_bytes_and_small():
    assert picture(noise()) == picture(noise())
    assert len(picture(noise(63))) < 63 * 63 + 600
