import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.datasets.overlaps import Footprints, overlapping

PIXEL_DEG = 1 / 3600


def footprints(rows, size=5, scale=1.0):
    """Return the footprints of rows of ``exposure x y ra dec``; None is not known."""
    columns = np.array([[np.nan if value is None else value for value in row] for row in rows], float).reshape(-1, 5).T
    names = ("exposure", "x_pixel", "y_pixel", "ra_deg", "dec_deg")
    return Footprints(**dict(zip(names, columns, strict=True)), size_pixel=size, pixel_scale_arcsec=scale)


def first_overlaps_second(first, second, **values):
    return overlapping(footprints([first, second], **values), np.array([0]), np.array([1])).tolist() == [True]


@pytest.mark.parametrize(("x", "y", "shares"), [(4, 0, True), (-4, 4, True), (5, 0, False), (0, -5, False)])
def test_on_one_image_cutouts_overlap_where_their_pixels_do(x, y, shares):
    assert first_overlaps_second((1, 50, 50, None, None), (1, 50 + x, 50 + y, None, None)) == shares


@pytest.mark.parametrize("other", [(2, 50, 50, None, None), (None, 50, 50, None, None), (1, None, 50, None, None)])
def test_on_another_image_or_on_none_pixels_say_nothing(other):
    assert not first_overlaps_second((1, 50, 50, None, None), other)


@pytest.mark.parametrize(("pixels", "shares"), [(8.4, True), (8.6, False)])
@pytest.mark.parametrize(("ra", "dec"), [(10, 0), (0, 0), (359.9999, 60), (200, -89.99)])
def test_across_images_cutouts_nearer_than_their_diagonal_may_overlap(ra, dec, pixels, shares):
    east = pixels * PIXEL_DEG / np.cos(np.radians(dec))
    for other in ((None, None, None, ra, dec + pixels * PIXEL_DEG * np.sign(-dec or 1)), (2, 5, 5, ra + east, dec)):
        assert first_overlaps_second((1, 50, 50, ra, dec), other) == shares


def test_where_the_sky_contradicts_the_pixels_of_one_image_it_is_believed():
    here, same = (1, 50, 50, 10, 0), (1, 51, 50, 10.001, 0)
    assert first_overlaps_second(here, same)
    assert not first_overlaps_second(here, (1, 51, 50, 11, 0))
    assert first_overlaps_second(here, (1, 51, 50, None, None))
    assert first_overlaps_second((1, 51, 50, None, None), here)
    rows = footprints([here, (1, 51, 50, 11, 0), (1, 46, 54, 10.005, 0)])
    assert overlapping(rows, np.array([0]), np.array([1, 2])).tolist() == [True]


def test_a_pixel_scale_that_settings_state_too_small_hides_no_overlap_on_one_image():
    here, there = (1, 50, 50, 10, 0), (1, 54, 54, 10 + 3 * 4 * PIXEL_DEG, 3 * 4 * PIXEL_DEG)
    assert first_overlaps_second(here, there, scale=1.0)


def test_a_larger_pixel_reaches_further():
    here, there = (1, 0, 0, 10, 0), (2, 0, 0, 10 + 16 * PIXEL_DEG, 0)
    assert not first_overlaps_second(here, there)
    assert first_overlaps_second(here, there, scale=2.0)


def test_cutouts_turned_by_any_angle_share_nothing_from_their_diagonal_on():
    corner = footprints([(1, 0, 0, 10, 0)], size=31).reach_arcsec
    assert corner > np.hypot(31, 31)  # two squares corner to corner, each off its pixel's centre by half a pixel
    assert corner >= np.hypot(31, 31) + 2 * np.hypot(0.5, 0.5)


def test_no_rows_overlap_nothing():
    nobody, places = np.zeros(0, int), footprints([(1, 0, 0, 10, 0)])
    assert overlapping(places, np.array([0]), nobody).tolist() == [False]
    assert overlapping(places, nobody, np.array([0])).tolist() == []


rows_on_images = st.lists(
    st.tuples(st.integers(0, 2), st.integers(-3, 40), st.integers(-3, 40), st.booleans()), min_size=1, max_size=30
)


@settings(max_examples=150, deadline=None)
@given(rows=rows_on_images, size=st.integers(1, 8))
def test_it_equals_counting_pixels(rows, size):
    places = footprints([(exposure, x, y, None, None) for exposure, x, y, _ in rows], size=size)
    asked = np.array([row for row, (*_, mine) in enumerate(rows) if mine], int)
    others = np.array([row for row, (*_, mine) in enumerate(rows) if not mine], int)
    taken = set().union(*(pixels(*rows[row][:3], size) for row in others))
    expected = [bool(pixels(*rows[row][:3], size) & taken) for row in asked]
    assert overlapping(places, asked, others).tolist() == expected


def pixels(exposure, x, y, size):
    first_x, first_y = x - size // 2, y - size // 2
    return {(exposure, first_x + i, first_y + j) for i in range(size) for j in range(size)}


def test_many_images_are_looked_at_in_blocks(monkeypatch):
    monkeypatch.setattr("pipeline.datasets.overlaps._ROWS_AT_ONCE", 7)
    rng = np.random.default_rng(1)
    places = footprints([(e, x, y, None, None) for e, x, y in rng.integers(0, [12, 60, 60], (300, 3))])
    asked, others = np.arange(150), np.arange(150, 300)
    near = np.abs(places.x_pixel[asked, None] - places.x_pixel[others]) < 5
    near &= np.abs(places.y_pixel[asked, None] - places.y_pixel[others]) < 5
    near &= places.exposure[asked, None] == places.exposure[others]
    np.testing.assert_array_equal(overlapping(places, asked, others), near.any(axis=1))
