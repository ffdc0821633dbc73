"""The optimiser of a recipe, with a slower learning rate where weights were trained before.

Tested by tests/models/training/test_optimizers.py.
"""

from collections.abc import Sequence
from typing import Any

from models.framework import keras
from models.networks.pretrained import rate_factors
from models.recipes.classifier import ClassifierRecipe


def optimizer_of(recipe: ClassifierRecipe, model: Any) -> Any:
    """Return the optimiser of a model; weight decay is decoupled from the gradient, so that Adam with it is AdamW.

    Parameters
    ----------
    recipe : ClassifierRecipe
        Which one, its rate, and how much slower the backbone learns.
    model : keras.Model
        Whose layers may be frozen.
    """
    optimizers = keras().optimizers
    kinds = {"adam": optimizers.Adam, "sgd": optimizers.SGD, "rmsprop": optimizers.RMSprop}
    kind = kinds[recipe.optimizer]
    if recipe.fine_tuning is not None and recipe.fine_tuning.backbone_rate != 1.0:
        kind = _scaled(kind, rate_factors(model, recipe.fine_tuning.backbone_rate))
    more = {} if recipe.optimizer == "adam" else {"momentum": recipe.momentum}
    optimizer = kind(recipe.learning_rate, weight_decay=recipe.weight_decay or None, **more)
    optimizer.build(model.trainable_variables)
    return optimizer


def _scaled(kind: Any, factors: Sequence[float]) -> Any:
    """Return an optimiser's class whose step of each variable, in their order, is at its own share of the rate."""

    class Scaled(kind):  # type: ignore[misc]
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            super().update_step(gradient, variable, learning_rate * factors[self._get_variable_index(variable)])

    return Scaled
