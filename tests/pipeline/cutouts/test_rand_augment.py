import numpy as np
import pytest

from pipeline.cutouts.rand_augment import CHANGES, RandAugment, rand_augment
from pipeline.errors import SettingsError


def image(size=11):
    return np.random.default_rng(1).uniform(10.0, 250.0, (size, size, 3)).astype(np.float32)


def source(dy, dx, size=31):
    """Return an image of one smooth source off its central pixel."""
    y, x = np.mgrid[:size, :size] - size // 2
    return np.exp(-((y - dy) ** 2 + (x - dx) ** 2) / 8.0)[:, :, None].astype(np.float32)


def place(one):
    """Return the centroid, from the central pixel."""
    light = np.nan_to_num(one[:, :, 0])
    y, x = np.mgrid[: len(light), : len(light)] - len(light) // 2
    return [(light * y).sum() / light.sum(), (light * x).sum() / light.sum()]


@pytest.mark.parametrize("name", CHANGES)
def test_no_strength_changes_nothing(name):
    np.testing.assert_allclose(CHANGES[name](image(), 0.0), image(), rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "strength", "expected"),
    [
        ("turn", 1.0, (4 * np.sin(np.deg2rad(30)), 4 * np.cos(np.deg2rad(30)))),
        ("shear_y", -1.0, (1.2, 4.0)),
        ("shear_x", -1.0, (0.0, 4.0)),
        ("move_x", 0.5, (0.0, 4.0 + 0.15 * 31)),
        ("move_y", -0.5, (-0.15 * 31, 4.0)),
    ],
)
def test_a_source_goes_where_the_strength_says(name, strength, expected):
    np.testing.assert_allclose(place(CHANGES[name](source(0.0, 4.0), strength)), expected, atol=0.1)


@pytest.mark.parametrize("strength", [-1.0, 0.5])
def test_factors_keep_what_they_are_about(strength):
    factor, given = 1 + 0.9 * strength, image()
    np.testing.assert_allclose(CHANGES["brightness"](given, strength), factor * given, rtol=1e-5)
    changed = CHANGES["contrast"](given, strength)
    assert changed.mean() == pytest.approx(given.mean(), rel=1e-4)
    assert changed.std() == pytest.approx(factor * given.std(), rel=1e-4)
    changed = CHANGES["colour"](given, strength)
    np.testing.assert_allclose(changed.mean(axis=2), given.mean(axis=2), rtol=1e-4)
    np.testing.assert_allclose(np.ptp(changed, axis=2), factor * np.ptp(given, axis=2), rtol=1e-3)


def test_sharpness_softens_a_point_by_the_mean_around_it():
    point = np.zeros((5, 5, 1), np.float32)
    point[2, 2] = 9.0
    changed = CHANGES["sharpness"](point, -1.0)[:, :, 0]
    assert changed[2, 2] == pytest.approx(1 + 0.1 * 8)
    assert changed[1, 1] == pytest.approx(0.9)
    assert changed[0, 0] == pytest.approx(0.0)


@pytest.mark.parametrize("name", CHANGES)
def test_a_missing_pixel_costs_its_neighbours_at_most(name):
    given = image()
    given[5, 5] = np.nan
    changed = CHANGES[name](given, 0.2)
    assert np.isfinite(changed[2:9, 2:9]).sum() >= (49 - 25) * 3
    assert np.isnan(changed[4:7, 4:7]).any()


def test_each_row_gets_its_own_changes_by_the_seed_alone():
    cutouts = np.repeat(image()[np.newaxis], 40, axis=0)
    kept = cutouts.copy()
    settings = RandAugment(count=1, strength=0.3)
    first, second = (rand_augment(cutouts, settings, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(cutouts, kept)
    different = {np.nan_to_num(row).tobytes() for row in first}
    assert 12 <= len(different) <= 19  # ten changes, nine of either sign
    assert not np.array_equal(first, rand_augment(cutouts, settings, np.random.default_rng(6)), equal_nan=True)


def test_what_cannot_be_is_refused():
    with pytest.raises(SettingsError, match="count is 0; allowed: at least 1"):
        RandAugment(count=0)
    with pytest.raises(SettingsError, match=r"strength is 1.5; allowed: above 0, at most 1"):
        RandAugment(strength=1.5)
