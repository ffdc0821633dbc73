"""Weights of rows in every family: a row of weight 0 is as if it were not there, and another weight counts."""

from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from models.recipes.classifier import ClassifierRecipe
from models.training.train import train
from pipeline.io.results.schema import WEIGHT

RECIPES = {
    "features": {"classifier": "histogram_boosting", "settings": {"n_estimators": 5, "min_samples_leaf": 5}},
    "table": {"classifier": "table_logistic"},
    "table, sampled": {"classifier": "table_logistic", "sampling": {"method": "random_over"}},
    "network": {"classifier": "mlp", "epochs": 2, "batch_size": 32, "settings": {"units": [4], "dropout_rate": 0.0}},
}


@pytest.fixture(params=list(RECIPES))
def logits(request, toy, tmp_path):
    """Return a function from weights of the training rows, and which of them are there, to logits of test rows."""
    recipe = ClassifierRecipe.from_mapping({"threads": 1, **RECIPES[request.param]})
    make = toy.dataset if request.param == "features" else lambda **given: toy.table(n_classes=2, **given)
    dataset = make(rows=(120, 40, 20))
    candidates, pixels = dataset.parts["train"]
    candidates.loc[:19, "label"] = 1 - candidates.loc[:19, "label"]

    numbers = count()

    def of(weights=None, there=slice(None)):
        rows = candidates if weights is None else candidates.assign(**{WEIGHT: weights})
        parts = {**dataset.parts, "train": (rows[there].reset_index(drop=True), pixels[there])}
        trained = train(replace(dataset, parts=parts), recipe, 1, workdir=tmp_path / f"work{next(numbers)}")
        return trained.fitted.logits(trained.contract.select(dataset.cutouts("test"), dataset.channels))

    return of


def test_a_row_of_weight_0_is_as_if_it_were_not_there(logits):
    weights, there = np.ones(120), np.arange(120) >= 20
    weights[:20] = 0.0
    np.testing.assert_allclose(logits(weights), logits(there=there), rtol=1e-5, atol=1e-6)


def test_the_weight_1_is_no_weight_and_another_counts(logits):
    plain = logits()
    np.testing.assert_allclose(logits(np.ones(120)), plain, rtol=1e-6, atol=1e-7)
    light = logits(np.where(np.arange(120) < 20, 0.05, 1.0))
    assert np.abs(light - plain).max() > 1e-3
