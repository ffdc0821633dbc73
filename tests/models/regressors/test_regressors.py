import numpy as np
import pytest

from models.regressors.base import REGRESSORS, RegressionRows, fit_regressor
from models.regressors.parts import Scaling
from pipeline.errors import InputError, UnknownNameError
from pipeline.metrics.predicted_distributions import crps

EDGES = np.linspace(-0.5, 2.0, 126)
QUICK = {
    "forest": {"trees": 20},
    "mixture_density": {"members": 1, "units": 16, "layers": 1, "epochs": 12, "batch_size": 32, "learning_rate": 0.04},
    "nearest_neighbours": {},
    "quantile_boosting": {"iterations": 7, "learning_rate": 0.4, "leaves": 8},
    "support_vectors": {},
}


def sample(n=250, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.uniform(-1, 1, (n, 3))
    target = 0.6 + 0.5 * features[:, 0] + 0.1 * features[:, 1] ** 2 + rng.normal(0, 0.05, n)
    features[rng.random((n, 3)) < 0.03] = np.nan
    return features, target


@pytest.fixture(scope="module")
def predicted():
    rows, (features, _) = RegressionRows.of(*sample()), sample(300, seed=1)
    return {name: fit_regressor(name, rows, EDGES, seed=3, **QUICK[name])(features) for name in REGRESSORS}


@pytest.mark.replaces("4most", "M12")
@pytest.mark.parametrize("name", list(REGRESSORS))
def test_new_rows_are_predicted_far_better_than_by_all_that_was_seen(predicted, name):
    _, target = sample(300, seed=1)
    everywhere = np.mean(np.abs(target[:, None] - target[None, :])) / 2  # CRPS of the whole sample, for each row
    assert len(predicted[name]) == 300
    np.testing.assert_allclose(predicted[name].masses.sum(axis=1), 1.0)
    assert crps(predicted[name], target).mean() < 0.45 * everywhere


@pytest.mark.parametrize("name", list(REGRESSORS))
def test_the_distributions_are_about_as_wide_as_the_errors(predicted, name):
    _, target = sample(300, seed=1)
    pit = predicted[name].below(target)
    assert 0.7 < np.mean((pit > 0.05) & (pit < 0.95)) <= 1.0


@pytest.mark.parametrize("name", ["forest", "mixture_density", "quantile_boosting", "support_vectors"])
def test_the_same_seed_gives_the_same_distributions(predicted, name):
    rows, (features, _) = RegressionRows.of(*sample()), sample(300, seed=1)
    again = fit_regressor(name, rows, EDGES, seed=3, **QUICK[name])(features)
    np.testing.assert_array_equal(again.masses, predicted[name].masses)


@pytest.mark.parametrize("name", ["forest", "nearest_neighbours", "quantile_boosting", "support_vectors"])
def test_weights_count(name):
    features, target = sample(200)
    doubled = np.concatenate([features, features]), np.concatenate([target, target + 0.5])
    rows = RegressionRows.of(*doubled, np.repeat([0.02, 1.0], 200))
    found = fit_regressor(name, rows, EDGES, seed=0, **QUICK[name])(features).mean().mean()
    assert found > target.mean() + 0.375  # without weights it is halfway between the two, 0.25 above


def test_every_regressor_is_held_and_says_what_it_is():
    assert set(REGRESSORS) == set(QUICK)
    assert all(REGRESSORS.summary(name).endswith(".") for name in REGRESSORS)


def test_scaled_features_have_no_nan_and_marks_for_what_is_missing():
    features = np.array([[1.0, np.nan, 5.0], [3.0, 2.0, 5.0], [np.nan, 4.0, 5.0]])
    scaled = Scaling.fit(features).apply(features)
    np.testing.assert_allclose(scaled[:, :3], [[-1, 0, 0], [1, -1, 0], [0, 1, 0]])
    np.testing.assert_allclose(scaled[:, 3:], [[0, 1], [0, 0], [1, 0]])


def test_rows_without_a_target_or_weight_teach_nothing():
    features, target = sample(50)
    target[0] = np.nan
    assert len(RegressionRows.of(features, target, np.where(np.arange(50) == 1, 0.0, 1.0))) == 48


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": np.ones(49)}, r"target \(49,\)"),
        ({"weights": np.full(50, -1.0)}, "row 0 has the weight -1"),
        ({"target": np.full(50, np.nan)}, "0 of 50 rows have a target"),
    ],
)
def test_rows_that_teach_nothing_are_refused(change, message):
    features, target = sample(50)
    with pytest.raises(InputError, match=message):
        RegressionRows.of(**{"features": features, "target": target} | change)


def test_targets_outside_the_bins_and_unknown_regressors_are_refused():
    rows = RegressionRows.of(*sample(50))
    with pytest.raises(InputError, match=r"lie outside the bins 0 to 0\.1"):
        fit_regressor("forest", rows, [0.0, 0.1], seed=0)
    with pytest.raises(UnknownNameError, match="unknown regressor 'trees'"):
        fit_regressor("trees", rows, EDGES, seed=0)
