import numpy as np
import pytest

from pipeline.cutouts.augment import AUGMENTATIONS, augment
from pipeline.errors import UnknownNameError


def corner(rows=256, size=5):
    cutouts = np.zeros((rows, size, size, 2), np.float32)
    cutouts[:, 0, 1] = 1.0
    return cutouts


@pytest.mark.replaces("galaxy10", "Z7")
def test_rotations_and_flips_give_all_eight_symmetries_about_equally_often():
    turned = augment(corner(4000), ("rotate", "flip"), np.random.default_rng(0))
    _, counts = np.unique(turned.reshape(4000, -1), axis=0, return_counts=True)
    assert len(counts) == 8
    assert counts.min() > 400


def test_a_symmetry_keeps_pixels_and_channels_together():
    cutouts = np.random.default_rng(1).normal(size=(20, 6, 6, 2)).astype(np.float32)
    cutouts[..., 1] = 2.0 * cutouts[..., 0]
    turned = augment(cutouts, ("rotate", "flip"), np.random.default_rng(0))
    np.testing.assert_array_equal(turned[..., 1], 2.0 * turned[..., 0])
    np.testing.assert_array_equal(np.sort(turned.reshape(20, -1)), np.sort(cutouts.reshape(20, -1)))


def test_a_shift_moves_by_one_pixel_at_most_and_leaves_nan_behind():
    cutouts = np.zeros((200, 5, 5, 1), np.float32)
    cutouts[:, 2, 2] = 1.0
    moved = augment(cutouts, ("shift",), np.random.default_rng(0))
    places = {(int(y), int(x)) for _, y, x, _ in np.argwhere(moved == 1.0)}
    assert places == {(y, x) for y in (1, 2, 3) for x in (1, 2, 3)}
    assert np.isnan(moved[moved[:, 1, 1, 0] == 1.0, -1]).all()


def sources(y, x, size=31, rows=40):
    """Return cutouts with a round source at an offset from the candidate's pixel, and twice it in a second channel."""
    grid_y, grid_x = np.indices((size, size)) - size // 2
    image = np.exp(-((grid_y - y) ** 2 + (grid_x - x) ** 2) / 8.0)
    return np.repeat(np.stack([image, 2.0 * image], axis=-1)[None], rows, axis=0).astype(np.float32)


def offsets(cutouts):
    """Return the centroid of each row's first channel from the candidate's pixel, ``(n, 2)``."""
    light = np.nan_to_num(cutouts[..., 0])
    axis = np.arange(cutouts.shape[1]) - cutouts.shape[1] // 2
    total = light.sum(axis=(1, 2))
    return (
        np.stack([(light.sum(axis=2) * axis).sum(axis=1), (light.sum(axis=1) * axis).sum(axis=1)], axis=1)
        / total[:, None]
    )


@pytest.mark.parametrize("size", [30, 31])
def test_a_turn_by_any_angle_keeps_the_candidate_in_its_pixel_and_distances_from_it(size):
    turned = augment(sources(0.0, 6.0, size), ("rotate_any",), np.random.default_rng(0))
    np.testing.assert_allclose(np.hypot(*offsets(turned).T), 6.0, atol=0.1)
    angles = np.arctan2(*offsets(turned).T)
    assert np.ptp(angles) > 4.0
    np.testing.assert_allclose(turned[..., 1], 2.0 * turned[..., 0], rtol=1e-5)
    np.testing.assert_allclose(
        offsets(augment(sources(0, 0, size), ("rotate_any",), np.random.default_rng(1))), 0.0, atol=0.05
    )


def test_a_zoom_scales_distances_by_up_to_a_tenth():
    zoomed = augment(sources(5.0, 0.0), ("zoom",), np.random.default_rng(0))
    ratio = offsets(zoomed)[:, 0] / 5.0
    assert ratio.min() < 0.95 < 1.05 < ratio.max()
    assert ratio.min() > 1 / 1.12
    assert ratio.max() < 1.12


def test_a_brightness_multiplies_a_row_as_a_whole():
    cutouts = np.random.default_rng(0).normal(size=(50, 5, 5, 2)).astype(np.float32)
    ratio = augment(cutouts, ("brightness",), np.random.default_rng(1)) / cutouts
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1, :1, :1], ratio.shape), rtol=1e-5)
    assert 0.8 - 1e-6 <= ratio.min() < 0.9 < 1.1 < ratio.max() <= 1.25 + 1e-6


@pytest.mark.parametrize("name", ["rotate_any", "zoom"])
def test_a_missing_pixel_stays_missing_when_a_cutout_is_resampled(name):
    cutouts = np.ones((20, 9, 9, 1), np.float32)
    cutouts[:, 4, 4] = np.nan
    changed = augment(cutouts, (name,), np.random.default_rng(0))
    assert np.isnan(changed[:, 4, 4]).all()
    assert np.nanmax(np.abs(changed - 1.0)) < 1e-5


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_equal_seeds_give_equal_cutouts_and_the_input_stays(name):
    cutouts = np.random.default_rng(3).normal(size=(16, 7, 7, 3)).astype(np.float32)
    kept = cutouts.copy()
    first, second = (augment(cutouts, (name,), np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(cutouts, kept)
    assert not np.array_equal(first, cutouts, equal_nan=True)


def test_no_augmentation_gives_the_input_back():
    cutouts = corner(3)
    assert augment(cutouts, (), np.random.default_rng(0)) is cutouts


def test_an_unknown_name_is_refused():
    with pytest.raises(UnknownNameError, match="unknown augmentation 'shear'"):
        augment(corner(2), ("shear",), np.random.default_rng(0))
