"""Resizing: the weights are those of Pillow's filter, and a source keeps its place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.cutouts.resize import resize_weights, resized

SIDES = st.integers(1, 40)


@given(old=SIDES, new=SIDES)
def test_weights_are_shares_of_each_new_pixel_alike_from_both_ends(old, new):
    weights = resize_weights(old, new)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(weights, weights[::-1, ::-1], atol=1e-6)


@pytest.mark.replaces("galaxy10", "Z7")
@pytest.mark.parametrize(("old", "new"), [(31, 12), (12, 31), (16, 16), (256, 224), (5, 1), (1, 4)])
def test_images_are_as_pillow_resizes_them(old, new):
    images = np.random.default_rng(0).uniform(0, 255, (2, old, old, 3)).astype(np.float32)
    found = resized(images, new)
    assert found.shape == (2, new, new, 3)
    for row, channel in np.ndindex(2, 3):
        plane = Image.fromarray(images[row, :, :, channel]).resize((new, new), Image.Resampling.BILINEAR)
        np.testing.assert_allclose(found[row, :, :, channel], np.asarray(plane), rtol=1e-4, atol=1e-3)


def test_a_source_in_the_middle_stays_there():
    y, x = np.indices((41, 41)) - 20
    star = np.exp(-(x**2 + y**2) / 30.0)[None, :, :, None].astype(np.float32)
    small = resized(star, 21)[0, :, :, 0]
    assert np.unravel_index(small.argmax(), small.shape) == (10, 10)
    assert small.sum() * (41 / 21) ** 2 == pytest.approx(star.sum(), rel=0.01)
