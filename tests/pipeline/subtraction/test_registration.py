"""Offsets between two images are found by their stars; the kernel that undoes them conserves flux."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import oaconvolve

from pipeline.psf import moffat
from pipeline.subtraction.registration import lanczos


@settings(max_examples=30, deadline=None)
@given(st.floats(-5.0, 5.0), st.floats(-5.0, 5.0))
def test_the_kernel_moves_a_star_by_the_shift_and_keeps_its_flux(x_shift, y_shift):
    star = np.zeros((81, 81), np.float32)
    star[20:61, 20:61] = moffat(3.0, 41)
    moved = oaconvolve(star, lanczos(x_shift, y_shift), mode="same").astype(float)
    rows, columns = np.mgrid[-40:41, -40:41]
    assert moved.sum() == pytest.approx(1.0, abs=1e-3)
    weight = np.exp(-((rows - y_shift) ** 2 + (columns - x_shift) ** 2) / 8.0) * moved
    assert (weight * columns).sum() / weight.sum() == pytest.approx(x_shift, abs=0.02)
    assert (weight * rows).sum() / weight.sum() == pytest.approx(y_shift, abs=0.02)


def test_no_shift_changes_nothing():
    image = np.random.default_rng(0).normal(size=(40, 40)).astype(np.float32)
    np.testing.assert_allclose(oaconvolve(image, lanczos(0.0, 0.0), mode="same"), image, atol=1e-5)
