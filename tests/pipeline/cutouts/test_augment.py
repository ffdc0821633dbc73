import numpy as np
import pytest

from pipeline.cutouts.augment import AUGMENTATIONS, augment
from pipeline.errors import UnknownNameError


def corner(rows=256, size=5):
    cutouts = np.zeros((rows, size, size, 2), np.float32)
    cutouts[:, 0, 1] = 1.0
    return cutouts


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
    with pytest.raises(UnknownNameError, match="unknown augmentation 'zoom'"):
        augment(corner(2), ("zoom",), np.random.default_rng(0))
