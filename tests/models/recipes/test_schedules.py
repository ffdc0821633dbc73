import numpy as np
import pytest

from models.framework import foreign_deprecations, keras
from models.recipes.classifier import load
from models.recipes.schedules import is_finished, learning_rate


def recipe(**settings):
    return load({"classifier": "triplet_cnn", "learning_rate": 0.1, "epochs": 4, **settings}, "test")


def rates(chosen, monitored):
    return [learning_rate(chosen, monitored[:epoch]) for epoch in range(len(monitored) + 1)]


def test_a_constant_rate_stays():
    assert rates(recipe(), [3.0, 2.0]) == [0.1, 0.1, 0.1]


def test_a_cosine_falls_to_zero_over_the_epochs():
    expected = 0.05 * (1 + np.cos(np.pi * np.arange(4) / 4))
    assert rates(recipe(learning_rate_schedule="cosine"), [1.0, 1.0, 1.0]) == pytest.approx(expected)


@pytest.mark.replaces("galaxy10", "Z5")
def test_a_plateau_lowers_the_rate_after_so_many_epochs_without_a_better_value():
    chosen = recipe(learning_rate_schedule="plateau", plateau_patience=2, plateau_factor=0.1)
    monitored = [5.0, 4.0, 4.0, 4.5, 3.0, 3.1, 3.2, 3.3, 3.4]
    expected = [0.1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001, 0.001, 0.0001]
    assert rates(chosen, monitored) == pytest.approx(expected)


@pytest.mark.replaces("4most", "M7")
@pytest.mark.parametrize("seed", range(4))
def test_a_plateau_with_cooldown_gain_and_minimum_is_that_of_keras(seed):
    rng = np.random.default_rng(seed)
    losses = [1.0 / (1 + epoch // 6) + 0.02 * rng.normal() for epoch in range(60)]
    model = keras().Sequential([keras().Input((1,)), keras().layers.Dense(1)])
    model.compile(keras().optimizers.SGD(0.1), "mse")
    theirs = keras().callbacks.ReduceLROnPlateau(
        "val_loss", factor=0.5, patience=3, min_delta=0.01, cooldown=4, min_lr=0.01
    )
    theirs.set_model(model)
    theirs.on_train_begin()
    wanted = [0.1]
    for epoch, loss in enumerate(losses):
        with foreign_deprecations():
            theirs.on_epoch_end(epoch, {"val_loss": loss})
        wanted.append(float(model.optimizer.learning_rate.numpy()))
    settings = {"plateau_patience": 3, "plateau_cooldown": 4, "plateau_minimum": 0.01, "least_improvement": 0.01}
    found = rates(recipe(epochs=60, learning_rate_schedule="plateau", **settings), losses)
    assert found == pytest.approx(wanted, rel=1e-6)
    assert min(wanted) < 0.03


def test_a_gain_below_the_smallest_is_none():
    chosen = recipe(epochs=9, early_stopping_patience=2, least_improvement=0.1)
    assert not is_finished(chosen, [0.5, 0.45])
    assert is_finished(chosen, [0.5, 0.45, 0.41])
    assert not is_finished(chosen, [0.5, 0.45, 0.39])


def test_a_warm_up_rises_in_equal_steps_to_what_the_schedule_says():
    assert rates(recipe(warm_up_epochs=3), [1.0] * 4) == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.1])


@pytest.mark.parametrize(("patience", "epochs"), [(1, 3), (2, 4), (0, 9)])
def test_training_ends_after_its_patience_or_with_its_epochs(patience, epochs):
    chosen = recipe(epochs=9, early_stopping_patience=patience)
    losses = [0.5, 0.4, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2]
    ended = [epoch for epoch in range(10) if is_finished(chosen, losses[:epoch])]
    assert ended[0] == epochs
