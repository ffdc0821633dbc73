"""What a mask or weight plane says of its image."""

import numpy as np
import pytest
from astropy.io import fits

from pipeline.errors import InputError
from pipeline.io.fits.image import FitsFile
from pipeline.surveys.exposures.masks import Mask
from pipeline.surveys.exposures.settings import MaskSettings

PLANE = [[0, 1, 4], [2, 0, 16]]


@pytest.fixture
def mask(tmp_path):
    """Return a function that reads `PLANE`, or another plane, as settings say."""
    opened = []

    def make(plane=PLANE, **settings):
        fits.PrimaryHDU(np.array(plane)).writeto(tmp_path / "mask.fits")
        opened.append(FitsFile(tmp_path / "mask.fits").__enter__())
        return Mask(file=opened[0], hdu=0, settings=MaskSettings(plane="mask:0", **settings))

    yield make
    for file in opened:
        file.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({}, [[0, 1, 1], [1, 0, 1]]),
        ({"bits": [0, 4]}, [[0, 1, 0], [0, 0, 1]]),
        ({"values": [4]}, [[0, 0, 1], [0, 0, 0]]),
        ({"weight": True}, [[1, 0, 0], [0, 1, 0]]),
    ],
)
def test_a_pixel_is_missing_as_the_settings_say(mask, settings, missing):
    pixels = mask(**settings).applied(np.ones((2, 3), np.float32))
    np.testing.assert_array_equal(np.isnan(pixels), missing)


def test_a_plane_of_another_shape_is_refused(mask):
    with pytest.raises(InputError, match=r"mask.fits has the shape \(2, 3\); its image has \(3, 3\)"):
        mask().applied(np.ones((3, 3), np.float32))


def test_the_variance_is_the_inverse_of_the_weight(mask):
    weights = [[0.0, 4.0], [np.nan, -1.0]]
    variance = mask(weights, weight=True, inverse_variance=True).variance()
    np.testing.assert_array_equal(variance, [[np.nan, 0.25], [np.nan, np.nan]])


def test_other_planes_state_no_variance(mask):
    assert mask(weight=True).variance() is None
