"""Candidates as places on the images of an exposure."""

import numpy as np
import pandas as pd
import pytest
from exposure_images import plane, survey, wcs_header, write

from pipeline.errors import InputError
from pipeline.io.fits.image import FitsFile
from pipeline.surveys.exposures.targets import targets_of

ROWS = pd.DataFrame({"x_pixel": [21.0, np.nan], "y_pixel": [11.0, 5.0], "ra_deg": 150.0, "dec_deg": 2.0})


@pytest.fixture
def image(tmp_path):
    """Return an open image of 40 x 40 pixels whose WCS is centred on pixel (20, 20)."""
    with FitsFile(write(tmp_path / "e1.fits", {"SCIENCE": (plane(), wcs_header())})) as file:
        yield file


def test_pixels_are_counted_from_zero():
    targets = targets_of(ROWS, survey(pixel_origin=1))
    np.testing.assert_array_equal((targets.x[0], targets.y[0]), (20.0, 10.0))


def test_a_column_that_is_missing_leaves_the_place_unknown():
    assert not targets_of(ROWS.drop(columns="y_pixel"), survey()).placed.any()


def test_targets_without_a_place_are_left_out():
    targets = targets_of(ROWS, survey())
    assert targets.placed.tolist() == [True, False]
    assert len(targets.chosen(targets.placed).x) == 1


def test_a_wcs_places_targets_by_their_sky_position(image):
    placed = targets_of(ROWS, survey()).place(image, "SCIENCE")
    np.testing.assert_allclose((placed.x, placed.y), 20.0, atol=1e-6)


def test_moved_targets_lie_so_many_pixels_farther():
    moved = targets_of(ROWS, survey()).moved(0.5, -1.0)
    assert (moved.x[0], moved.y[0]) == (21.5, 10.0)


def test_an_image_of_another_shape_is_refused(image):
    targets = targets_of(ROWS.head(1), survey())
    with pytest.raises(InputError, match=r"has the shape \(40, 40\); the exposure's first image has \(50, 50\)"):
        targets.cut(image, "SCIENCE", shape=(50, 50))


def test_the_source_lies_in_the_middle_of_its_cutout(image):
    cut = targets_of(ROWS.head(1), survey()).cut(image, "SCIENCE")
    assert cut.pixels[0, 2, 2] == plane()[11, 21]
