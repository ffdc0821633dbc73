"""Layers of frames are numpy's own minimum, maximum and peak to peak, missing pixels left out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cutouts.layers import LAYERS, combine_frames
from pipeline.errors import UnknownNameError

NAMES = ["frames_min", "frames_max", "frames_ptp"]


@settings(max_examples=40, deadline=None)
@given(frames=st.integers(1, 5), size=st.integers(1, 9), missing=st.floats(0, 1), seed=st.integers(0, 99))
def test_layers_are_those_of_numpy(frames, size, missing, seed):
    rng = np.random.default_rng(seed)
    stack = rng.normal(size=(frames, 3, size, size)).astype(np.float32)
    stack[rng.random(stack.shape) < missing] = np.nan
    low, high, spread = combine_frames(iter(stack), NAMES, (3, size, size))
    known = ~np.isnan(stack).all(axis=0)
    with np.errstate(all="ignore"):
        filled = np.where(known, stack, 0.0)
        np.testing.assert_array_equal(low[known], np.nanmin(filled, axis=0)[known])
        np.testing.assert_array_equal(high[known], np.nanmax(filled, axis=0)[known])
    np.testing.assert_array_equal(spread[known], high[known] - low[known])
    assert np.isnan(low[~known]).all() and np.isnan(spread[~known]).all()


def test_no_frame_at_all_leaves_everything_missing():
    assert all(np.isnan(layer).all() for layer in combine_frames([], NAMES, (2, 3, 3)))


def test_the_frames_are_not_changed():
    frame = np.ones((1, 2, 2), np.float32)
    combine_frames([frame, frame + 1], NAMES, frame.shape)
    assert (frame == 1).all()


def test_an_unknown_layer_is_named():
    with pytest.raises(UnknownNameError, match="frames_max, frames_min, frames_ptp"):
        combine_frames([], ["frames_mean"], (0, 1, 1))


def test_every_layer_says_what_it_is():
    assert all(LAYERS.summary(name).endswith(".") for name in LAYERS)
