import numpy as np
import pytest

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


def test_a_plateau_lowers_the_rate_after_so_many_epochs_without_a_better_value():
    chosen = recipe(learning_rate_schedule="plateau", plateau_patience=2, plateau_factor=0.1)
    monitored = [5.0, 4.0, 4.0, 4.5, 3.0, 3.1, 3.2, 3.3, 3.4]
    expected = [0.1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001, 0.001, 0.0001]
    assert rates(chosen, monitored) == pytest.approx(expected)


def test_a_warm_up_rises_in_equal_steps_to_what_the_schedule_says():
    assert rates(recipe(warm_up_epochs=3), [1.0] * 4) == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.1])


@pytest.mark.parametrize(("patience", "epochs"), [(1, 3), (2, 4), (0, 9)])
def test_training_ends_after_its_patience_or_with_its_epochs(patience, epochs):
    chosen = recipe(epochs=9, early_stopping_patience=patience)
    losses = [0.5, 0.4, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2]
    ended = [epoch for epoch in range(10) if is_finished(chosen, losses[:epoch])]
    assert ended[0] == epochs
