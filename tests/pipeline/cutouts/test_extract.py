"""Cutouts are what a naive loop over pixels gives, whatever their size and place."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from timing import cpu_seconds

from pipeline.cutouts.extract import extract_cutouts, rows_needed
from pipeline.cutouts.missing import to_missing
from pipeline.errors import InputError


def naive(image, x, y, size):
    """One cutout, pixel by pixel."""
    cutout = np.full((size, size), np.nan, dtype=np.float32)
    outside = 0
    first_x, first_y = int(np.floor(x + 0.5)) - size // 2, int(np.floor(y + 0.5)) - size // 2
    for row in range(size):
        for column in range(size):
            if 0 <= first_y + row < image.shape[0] and 0 <= first_x + column < image.shape[1]:
                cutout[row, column] = image[first_y + row, first_x + column]
            else:
                outside += 1
    return cutout, outside / size**2


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    size=st.integers(1, 66),
    missing=st.floats(0.0, 1.0),
    places=st.lists(st.tuples(st.floats(-90.0, 130.0), st.floats(-90.0, 130.0)), max_size=6),
    seed=st.integers(0, 1000),
)
def test_cutouts_equal_a_naive_loop(height, width, size, missing, places, seed):
    rng = np.random.default_rng(seed)
    image = rng.normal(size=(height, width)).astype(np.float32)
    image[rng.random((height, width)) < missing] = np.nan
    cutouts = extract_cutouts(image, [x for x, _ in places], [y for _, y in places], size)
    assert cutouts.pixels.shape == (len(places), size, size)
    for row, (x, y) in enumerate(places):
        expected, outside = naive(image, x, y, size)
        np.testing.assert_array_equal(cutouts.pixels[row], expected)
        assert cutouts.edge_fraction[row] == pytest.approx(outside, abs=1e-6)
        assert cutouts.nan_fraction[row] == pytest.approx(np.isnan(expected).mean(), abs=1e-6)
        assert cutouts.x_offset[row] == pytest.approx(x - np.floor(x + 0.5), abs=1e-5)
        assert cutouts.y_offset[row] == pytest.approx(y - np.floor(y + 0.5), abs=1e-5)


def test_many_cutouts_keep_their_order_across_blocks():
    image = np.arange(300 * 300, dtype=np.float32).reshape(300, 300)
    rng = np.random.default_rng(1)
    x, y = rng.integers(-5, 305, 3000), rng.integers(-5, 305, 3000)
    cutouts = extract_cutouts(image, x, y, 21)
    centre = cutouts.pixels[:, 10, 10]
    inside = (x >= 0) & (x < 300) & (y >= 0) & (y < 300)
    np.testing.assert_array_equal(centre[inside], image[y[inside], x[inside]])
    assert np.isnan(centre[~inside]).all()


@pytest.mark.parametrize("place", [(1e300, 0.0), (-1e300, 5.0), (3.0, 1e18), (-100.0, -100.0)])
def test_a_place_far_outside_is_all_missing(place):
    cutouts = extract_cutouts(np.ones((20, 30)), [place[0]], [place[1]], 9)
    assert np.isnan(cutouts.pixels).all()
    assert cutouts.edge_fraction[0] == 1.0
    assert cutouts.nan_fraction[0] == 1.0


def test_no_positions_give_no_cutouts():
    assert extract_cutouts(np.ones((5, 5)), [], [], 3).pixels.shape == (0, 3, 3)


def test_infinite_pixels_are_not_counted_as_missing():
    image = np.zeros((5, 5), dtype=np.float32)
    image[2, 2], image[2, 3] = np.inf, -np.inf
    assert extract_cutouts(image, [2], [2], 5).nan_fraction[0] == 0.0


def test_integer_and_big_endian_images_are_read():
    image = np.arange(25).reshape(5, 5)
    for dtype in (">f4", ">i2", np.uint16, np.float64):
        assert extract_cutouts(image.astype(dtype), [2.4], [1.6], 1).pixels[0, 0, 0] == 12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones((4, 4)), [np.nan], [1.0], 3), "not finite, first row 0"),
        ((np.ones((4, 4)), [1.0], [np.inf], 3), "not finite"),
        ((np.ones((4, 4)), [1.0, 2.0], [1.0], 3), "one length"),
        ((np.ones((4, 4)), [1.0], [1.0], 0), "must be at least 1"),
        ((np.ones(4), [1.0], [1.0], 3), "axes"),
    ],
)
def test_what_cannot_be_cut_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        extract_cutouts(*arguments)


def test_cutting_is_many_times_faster_than_astropy_one_by_one():
    from astropy.nddata import Cutout2D

    rng = np.random.default_rng(0)
    image = rng.normal(size=(1000, 1000)).astype(np.float32)
    x, y = rng.uniform(0, 999, 5000), rng.uniform(0, 999, 5000)

    def one_by_one():
        for row in range(300):
            Cutout2D(image, (x[row], y[row]), 40, mode="partial", fill_value=np.nan)

    ours, theirs = cpu_seconds(lambda: extract_cutouts(image, x, y, 40), one_by_one)
    assert ours / 5000 < theirs / 300 / 4


@settings(max_examples=30, deadline=None)
@given(
    size=st.integers(1, 64),
    missing=st.floats(0.0, 1.0),
    magic=st.lists(st.sampled_from([-31415.0, 0.0, -9999.99]), max_size=2, unique=True),
    kind=st.sampled_from([np.float32, ">f4", np.float64]),
    seed=st.integers(0, 1000),
)
def test_cleaning_cutouts_gives_what_cleaning_the_image_gives(size, missing, magic, kind, seed):
    rng = np.random.default_rng(seed)
    image = rng.normal(size=(60, 50))
    strange = [np.nan, np.inf, -3.4e38, 1e31, 1e29, 2e19, *magic]
    chosen = rng.random(image.shape) < missing / 4
    image[chosen] = rng.choice(strange, chosen.sum())
    image = image.astype(kind)
    magic = tuple(magic) if image.dtype.itemsize == 4 else ()
    x, y = rng.uniform(-40, 90, (2, 8))
    expected = extract_cutouts(to_missing(image, magic)[0], x, y, size)
    out = np.zeros((8, size, size, 3), np.float32)
    found = extract_cutouts(image, x, y, size, out=out[..., 1], missing=magic)
    np.testing.assert_array_equal(out[..., 1], expected.pixels)
    np.testing.assert_array_equal(found.nan_fraction, expected.nan_fraction)
    np.testing.assert_array_equal(found.inside, expected.inside)
    assert not out[..., [0, 2]].any()


@settings(max_examples=40, deadline=None)
@given(height=st.integers(1, 90), size=st.integers(1, 64), y=st.lists(st.floats(-200.0, 300.0), min_size=1, max_size=6))
def test_the_rows_needed_are_those_that_cutouts_reach(height, size, y):
    reached = np.zeros(height, bool)
    for place in y:
        first = int(np.floor(place + 0.5)) - size // 2
        reached[max(first, 0) : max(first + size, 0)] = True
    found = np.zeros(height, bool)
    ranges = rows_needed(y, size, height)
    for first, stop in ranges:
        assert not found[first:stop].any()
        found[first:stop] = True
    np.testing.assert_array_equal(found, reached)
    assert all(one[1] < two[0] for one, two in pairwise(ranges))


def test_an_array_that_does_not_fit_is_refused():
    with pytest.raises(InputError, match="do not fit"):
        extract_cutouts(np.ones((4, 4)), [1.0], [1.0], 3, out=np.zeros((1, 3, 4), np.float32))
