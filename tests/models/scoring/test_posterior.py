import numpy as np

from models.scoring.posterior import spread


def test_samples_that_agree_leave_no_spread_and_no_bald():
    drawn = np.tile(np.array([[0.25, 0.75]], np.float32), (6, 3, 1))
    result = spread(drawn)
    np.testing.assert_allclose(result.std, 0.0, atol=1e-7)
    np.testing.assert_allclose(result.bald, 0.0, atol=1e-6)
    np.testing.assert_allclose(result.entropy, -(0.25 * np.log(0.25) + 0.75 * np.log(0.75)), rtol=1e-6)


def test_samples_sure_of_opposite_classes_give_the_largest_bald():
    drawn = np.array([[[1.0, 0.0]], [[0.0, 1.0]]], np.float32)
    result = spread(drawn)
    np.testing.assert_allclose(result.bald, np.log(2.0), rtol=1e-6)
    np.testing.assert_allclose(result.std, 0.5)


def test_of_more_classes_the_likeliest_is_looked_at():
    drawn = np.array([[[0.1, 0.2, 0.7]], [[0.1, 0.4, 0.5]]], np.float32)
    np.testing.assert_allclose(spread(drawn).std, 0.1, rtol=1e-5)
