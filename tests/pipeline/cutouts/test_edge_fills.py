"""What lies outside an image is filled as numpy would pad it, whatever the size and the place."""

from typing import get_args, get_type_hints

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cutouts.edge_fills import EDGE_FILLS, fill_edges, inside_of_missing_border
from pipeline.cutouts.extract import extract_cutouts
from pipeline.errors import UnknownNameError
from pipeline.surveys.settings import SurveySettings


def cut(image, x, y, size):
    cuts = extract_cutouts(image, [x], [y], size)
    return cuts.pixels[..., None].copy(), cuts.inside


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(1, 64),
    x=st.integers(0, 79),
    y=st.integers(0, 69),
    mode=st.sampled_from(["reflect", "constant"]),
)
def test_a_source_on_the_image_gets_what_padding_the_image_gives(size, x, y, mode):
    size += mode == "reflect" and size % 2 == 0  # an even cutout ends a pixel short of what its first one mirrors
    image = np.random.default_rng(size).normal(size=(70, 80)).astype(np.float32)
    pixels, inside = cut(image, x, y, size)
    fill_edges(pixels, inside, mode, 7.5)
    options = {"constant_values": 7.5} if mode == "constant" else {}
    padded = np.pad(image, size, mode=mode, **options)
    first_x, first_y = x - size // 2 + size, y - size // 2 + size
    np.testing.assert_array_equal(pixels[0, ..., 0], padded[first_y : first_y + size, first_x : first_x + size])


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(1, 64),
    x=st.floats(-90, 120),
    y=st.floats(-90, 120),
    policy=st.sampled_from(["missing", "drop", *EDGE_FILLS]),
    holes=st.floats(0, 1),
)
def test_every_policy_leaves_the_image_alone_and_fills_what_it_can(size, x, y, policy, holes):
    rng = np.random.default_rng(1)
    image = rng.normal(size=(30, 40)).astype(np.float32)
    image[rng.random(image.shape) < holes] = np.nan
    before, inside = cut(image, x, y, size)
    after = before.copy()
    fill_edges(after, inside, policy, 1.0)
    top, bottom, left, right = inside[0]
    np.testing.assert_array_equal(after[0, top:bottom, left:right], before[0, top:bottom, left:right])
    on_image = before[0, top:bottom, left:right]
    if policy in ("missing", "drop") or on_image.size == 0:
        np.testing.assert_array_equal(after, before)
    elif policy == "constant" or (policy == "median" and np.isfinite(on_image).any()):
        assert np.isnan(after).sum() == np.isnan(on_image).sum()


def test_the_median_is_that_of_the_channel_on_the_image():
    pixels = np.full((1, 1, 4, 2), np.nan, np.float32)
    pixels[0, 0, 1:, 0] = [1.0, 5.0, np.nan]
    fill_edges(pixels, np.array([[0, 1, 1, 4]]), "median")
    assert pixels[0, 0, 0, 0] == 3.0
    assert np.isnan(pixels[0, :, :, 1]).all()


def test_an_unknown_policy_is_named():
    with pytest.raises(UnknownNameError, match="unknown edge policy 'mirror'"):
        fill_edges(np.zeros((1, 1, 1, 1), np.float32), np.zeros((1, 4), int), "mirror")


def test_a_survey_may_name_every_fill():
    allowed = get_args(get_type_hints(SurveySettings)["edges"])
    assert set(allowed) == {"missing", "drop", *EDGE_FILLS}


def test_the_border_of_a_stamp_is_where_all_lines_outwards_are_missing():
    stamps = np.zeros((4, 5, 5, 2), np.float32)
    stamps[1, :2] = np.nan
    stamps[1, :, 4] = np.nan
    stamps[2, 1] = np.nan  # a line within is no border
    stamps[3] = np.nan
    stamps[0, :, 0, 0] = np.nan  # one channel alone is no border
    assert inside_of_missing_border(stamps).tolist() == [[0, 5, 0, 5], [2, 5, 0, 4], [0, 5, 0, 5], [0, 0, 0, 0]]
