"""The learning rate of an epoch and the end of a training, both functions of the epochs before: a kill changes neither.

Tested by tests/models/recipes/test_schedules.py.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.registry import Registry

if TYPE_CHECKING:
    from models.recipes.classifier import ClassifierRecipe

SCHEDULES: Registry[Callable[["ClassifierRecipe", Sequence[float]], float]] = Registry("learning rate schedule")
"""From a recipe and the monitored values of the epochs so far, smaller being better, to a share of its rate."""


AfterEpoch = Callable[[Sequence[Mapping[str, float]]], None]
"""Called after each epoch with the entries of the history so far; an error that it raises ends the training."""


def go_on(history: Sequence[Mapping[str, float]]) -> None:
    """Let the training go on, whatever its history."""


@SCHEDULES.register("constant")
def constant(recipe: "ClassifierRecipe", monitored: Sequence[float]) -> float:  # noqa: ARG001
    """Keep the rate."""
    return 1.0


@SCHEDULES.register("cosine")
def cosine(recipe: "ClassifierRecipe", monitored: Sequence[float]) -> float:
    """Let the rate fall to 0 over the epochs along a half cosine."""
    return 0.5 * (1.0 + math.cos(math.pi * len(monitored) / recipe.epochs))


@SCHEDULES.register("plateau")
def plateau(recipe: "ClassifierRecipe", monitored: Sequence[float]) -> float:
    """Multiply the rate by ``plateau_factor`` after each ``plateau_patience`` epochs without a better value.

    Epochs of the cooldown after a fall do not count. The rate never falls below ``plateau_minimum``.
    """
    share, best, waited, resting = 1.0, math.inf, 0, 0
    least = min(1.0, recipe.plateau_minimum / recipe.learning_rate)
    for value in monitored:
        resting = max(resting - 1, 0)
        better = value < best - recipe.least_improvement
        best = value if better else best
        waited = 0 if better or resting else waited + 1
        if waited >= recipe.plateau_patience:
            share, waited, resting = max(share * recipe.plateau_factor, least), 0, recipe.plateau_cooldown
    return share


def learning_rate(recipe: "ClassifierRecipe", monitored: Sequence[float]) -> float:
    """Return the learning rate of the next epoch.

    In the first ``warm_up_epochs`` it rises in equal steps to what the schedule says.

    Parameters
    ----------
    recipe : ClassifierRecipe
        Rate, schedule, and its parameters.
    monitored : sequence of float
        The value of each epoch so far that steers it, smaller being better.
    """
    epoch = len(monitored)
    warm = min(1.0, (epoch + 1) / (recipe.warm_up_epochs + 1))
    return recipe.learning_rate * warm * SCHEDULES[recipe.learning_rate_schedule](recipe, monitored)


def is_finished(recipe: "ClassifierRecipe", monitored: Sequence[float]) -> bool:
    """Return whether the epochs are used up, or none was better for ``early_stopping_patience`` epochs.

    Examples
    --------
    >>> from models.recipes.classifier import ClassifierRecipe
    >>> recipe = ClassifierRecipe(classifier="triplet_cnn", epochs=9, early_stopping_patience=2)
    >>> [is_finished(recipe, losses) for losses in ([], [0.5, 0.6], [0.5, 0.6, 0.7])]
    [False, False, True]
    """
    if not monitored:
        return False
    best, waited = math.inf, 0
    for value in monitored:
        better = value < best - recipe.least_improvement
        best, waited = (value, 0) if better else (best, waited + 1)
    patience = recipe.early_stopping_patience
    return len(monitored) >= recipe.epochs or (patience > 0 and waited >= patience)
