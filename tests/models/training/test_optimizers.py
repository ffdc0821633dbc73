"""The optimiser of a recipe: a step of the backbone is a stated share of a step of the head."""

import numpy as np
import pytest

from models.networks.network import NetworkDesign, build
from models.recipes.classifier import ClassifierRecipe
from models.recipes.fine_tuning import FineTuning
from models.training.optimizers import optimizer_of


@pytest.mark.parametrize("kind", ["adam", "sgd"])
def test_the_first_step_of_the_backbone_is_a_share_of_that_of_the_head(kind):
    design = NetworkDesign(classifier="galaxy_cnn", normalisation="bytes", settings={"filters": (2,), "head": (3,)},
                           n_classes=3, size_pixel=16, n_channels=1)  # fmt: skip
    recipe = ClassifierRecipe(
        classifier="galaxy_cnn", optimizer=kind, learning_rate=0.01, fine_tuning=FineTuning(backbone_rate=0.25)
    )
    model = build(design, 0)
    optimizer = optimizer_of(recipe, model)
    before = [variable.numpy() for variable in model.trainable_variables]
    optimizer.apply([np.ones(variable.shape, np.float32) for variable in model.trainable_variables])
    for variable, old in zip(model.trainable_variables, before, strict=True):
        head = variable.path.startswith(("head_", "logits"))
        np.testing.assert_allclose(old - variable.numpy(), 0.01 if head else 0.0025, rtol=1e-3)
