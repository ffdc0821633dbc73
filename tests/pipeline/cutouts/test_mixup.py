import numpy as np
import pytest

from pipeline.cutouts.mixup import mix


def rows(n=2000, seed=1):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    cutouts = np.broadcast_to(labels[:, None, None, None], (n, 2, 2, 1)).astype(np.float32)
    return cutouts, np.eye(3, dtype=np.float32)[labels], np.ones(n, np.float32)


def test_pixels_and_classes_are_mixed_by_the_same_shares():
    cutouts, targets, weights = mix(*rows(), 0.4, np.random.default_rng(2))
    np.testing.assert_allclose(cutouts[:, 0, 0, 0], targets @ [0.0, 1.0, 2.0], atol=1e-6)
    np.testing.assert_allclose(targets.sum(axis=1), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(weights, 1.0)


@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_the_shares_have_the_variance_of_their_beta_distribution(alpha):
    n = 4000
    cutouts = np.zeros((n, 1, 1, 1), np.float32)
    targets = np.eye(n, dtype=np.float32)
    _, mixed, _ = mix(cutouts, targets, np.ones(n, np.float32), alpha, np.random.default_rng(3))
    share = mixed[np.arange(n), np.arange(n)]  # a row that meets itself is its own
    assert share.mean() == pytest.approx(0.5, abs=0.02)
    assert share.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.05)


def test_the_cross_entropy_of_a_mixed_row_is_that_of_both_by_their_weights():
    targets, weights = np.eye(2, dtype=np.float32), np.array([1.0, 3.0], np.float32)
    cutouts = np.array([0.0, 1.0], np.float32)[:, None, None, None]
    rng = np.random.default_rng(0)
    while True:  # until the two were mixed with each other
        pixels, mixed, total = mix(cutouts, targets, weights, 1.0, rng)
        if not np.array_equal(mixed, targets):
            break
    second = pixels[:, 0, 0, 0]  # the share of the second row in each
    np.testing.assert_allclose(total * mixed[:, 0], (1 - second) * 1.0, rtol=1e-5)
    np.testing.assert_allclose(total * mixed[:, 1], second * 3.0, rtol=1e-5)


def test_a_pixel_that_is_missing_in_one_is_missing_and_the_input_stays():
    cutouts, targets, weights = rows(50)
    cutouts[0, 0, 0] = np.nan
    kept = cutouts.copy()
    mixed, _, _ = mix(cutouts, targets, weights, 0.4, np.random.default_rng(4))
    assert 1 <= np.isnan(mixed).sum() <= 2
    np.testing.assert_array_equal(cutouts, kept)
