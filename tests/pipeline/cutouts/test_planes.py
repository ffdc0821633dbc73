import numpy as np
import pytest

from pipeline.cutouts.planes import (
    PLANES,
    centred_psf,
    cleaned_planes,
    image_pixels,
    images_of,
    plane_faults,
    without_a_plane,
)

TRIPLET = ("science", "template", "difference")


def test_every_plane_stands_behind_its_image():
    channels = (*TRIPLET, *PLANES)
    assert images_of(channels) == TRIPLET
    assert plane_faults(channels) == []
    assert len(plane_faults(("difference", *PLANES))) == 4
    assert image_pixels(np.zeros((2, 5, 5, 9), np.float32), channels).shape == (2, 5, 5, 3)


@pytest.mark.parametrize("size", [1, 2, 5, 8, 9, 12])
@pytest.mark.parametrize("side", [1, 5, 9])
def test_the_middle_of_a_psf_is_the_middle_of_its_plane(size, side):
    psf = np.random.default_rng(side).uniform(0.1, 1.0, (side, side + 2))
    plane = centred_psf(psf, size)
    for y in range(size):
        for x in range(size):
            row, column = y - size // 2 + side // 2, x - size // 2 + (side + 2) // 2
            there = 0 <= row < side and 0 <= column < side + 2
            assert plane[y, x] == (np.float32(psf[row, column]) if there else 0.0)


def test_what_says_nothing_of_noise_or_psf_is_missing():
    planes = np.ones((4, 3, 3, 2), np.float32)
    planes[0, 0, :, 0] = [-1.0, 0.0, 1e31]
    planes[1, 0, 0, 1] = np.nan
    planes[2, ..., 1] = 0.0
    found = cleaned_planes(planes, ("science_variance", "science_psf"))
    assert np.isnan(found).sum(axis=(1, 2)).tolist() == [[3, 0], [0, 9], [0, 9], [0, 0]]
    assert not np.isnan(planes[2]).any()


def test_a_cutout_lacks_a_plane_only_if_all_of_it_is_missing():
    channels = ("science", "science_variance", "science_psf")
    pixels = np.ones((5, 3, 3, 3), np.float32)
    pixels[0, 1, 1, 1] = np.nan
    pixels[1, ..., 1] = np.nan
    pixels[2, ..., 2] = np.nan
    pixels[3, ..., 0] = np.nan
    assert without_a_plane(pixels, channels).tolist() == [False, True, True, False, False]
    assert without_a_plane(pixels[..., :1], channels[:1]).tolist() == [False] * 5
