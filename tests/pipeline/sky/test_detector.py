"""Bleeding keeps the charge, cross-talk mirrors the bright."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sky import SkySettings
from pipeline.sky.detector import add_cosmic_rays, add_crosstalk, bleed, flat_residual


@given(excess=st.integers(0, 500_000), row=st.integers(3, 56))
def test_bleeding_keeps_the_charge_in_its_column(excess, row):
    electrons = np.full((60, 12), 100.0)
    electrons[row, 5] = 1e4 + excess
    bled, full = bleed(electrons, 1e4)
    assert bled.max() <= 1e4 + 1e-6
    room = 59 * (1e4 - 100.0)
    assert bled.sum() == pytest.approx(electrons.sum() - max(excess - room, 0.0))
    np.testing.assert_array_equal(np.delete(bled, 5, axis=1), np.delete(electrons, 5, axis=1))
    assert not np.delete(full, 5, axis=1).any()
    assert full[row, 5] == (excess > 0)


def test_crosstalk_shows_a_share_of_the_bright_at_the_mirrored_column():
    electrons = np.full((20, 40), 500.0)
    electrons[8, 3] = 80_000.0
    seen = add_crosstalk(electrons, 0.001, 100_000.0)
    assert electrons[8, 36] == pytest.approx(500.0 + 0.001 * 70_000.0)
    assert np.argwhere(seen).tolist() == [[8, 36]]
    assert (np.delete(electrons.ravel(), [8 * 40 + 3, 8 * 40 + 36]) == 500.0).all()


def test_tracks_in_an_average_are_weaker():
    images = [np.zeros((80, 80)) for _ in range(2)]
    masks = [
        add_cosmic_rays(image, 10, np.random.default_rng(3), weaken)
        for image, weaken in zip(images, (1, 5), strict=True)
    ]
    np.testing.assert_array_equal(*masks)
    np.testing.assert_allclose(images[0], 5.0 * images[1])


def test_the_flat_field_is_right_on_average():
    flat = flat_residual(SkySettings(size_pixel=256, flat_error=0.02), np.random.default_rng(1))
    assert flat.mean() == pytest.approx(1.0)
    assert flat.std() == pytest.approx(0.02)
