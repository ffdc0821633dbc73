"""Trainings at the edges: other number types, and fewer rows than a batch holds."""

from functools import cache

import numpy as np
import pytest

from models.recipes.classifier import load
from models.training.train import train

STILL = {"epochs": 3, "augment": [], "settings": {"filters": [4, 8], "dense": 8, "dropout_rate": 0.0}}
"""Nothing is drawn, so that two trainings on the same rows differ by nothing else."""


class Killed(BaseException):
    pass


def kill_after_two(share, message):
    if message.startswith("epoch 2 "):
        raise Killed


MIXED = {"epochs": 4, "early_stopping_patience": 0, "posterior_samples": 0}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory, toy, dataset):
    """Return a function that gives the package of a training in a precision, which is trained once."""
    return cache(
        lambda precision: toy.train_and_write(
            tmp_path_factory.mktemp(precision), dataset, {**toy.network, **MIXED, "precision": precision}
        )
    )


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_a_training_in_mixed_precision_keeps_float32_weights(precision, mixed):
    whole = mixed(precision)
    assert {array.dtype for array in whole.trained.fitted.weights["last"]} == {np.dtype(np.float32)}
    assert whole.calibrated.metrics["auc"] > 0.9


@pytest.mark.parametrize("precision", [pytest.param("mixed_bfloat16", marks=pytest.mark.slow), "mixed_float16"])
def test_a_training_in_mixed_precision_goes_on_after_a_kill(precision, mixed, tmp_path, toy, dataset):
    """Only float16 scales its loss, and has that scale to keep beside what float32 keeps."""
    whole, recipe = mixed(precision), load({**toy.network, **MIXED, "precision": precision}, "test")
    with pytest.raises(Killed):
        train(dataset, recipe, 1, workdir=tmp_path / "work", progress=kill_after_two)
    resumed = train(dataset, recipe, 1, workdir=tmp_path / "work")
    for one, other in zip(whole.trained.fitted.weights["last"], resumed.fitted.weights["last"], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_rows_are_changed_and_mixed_alike_after_a_kill(n_classes, tmp_path, toy):
    names = ("bogus", "real", "moving")[:n_classes]
    small = toy.dataset(rows=(48, 24, 3), n_classes=n_classes, class_names=names)
    more = {"rand_augment": {"count": 2, "strength": 0.3}, "mixup": 0.3, "epochs": 3, "normalisation": "zscore"}
    recipe = load({**toy.network, **STILL, **more}, "test")
    whole = train(small, recipe, 1, workdir=tmp_path / "whole")
    with pytest.raises(Killed):
        train(small, recipe, 1, workdir=tmp_path / "work", progress=kill_after_two)
    resumed = train(small, recipe, 1, workdir=tmp_path / "work")
    np.testing.assert_array_equal(resumed.history["loss"], whole.history["loss"])
    for one, other in zip(whole.fitted.weights["last"], resumed.fitted.weights["last"], strict=True):
        np.testing.assert_array_equal(one, other)


def test_fewer_rows_than_a_batch_train_as_a_batch_of_them_all(tmp_path, toy):
    small = toy.dataset(rows=(10, 20, 10))

    def losses(size):
        recipe = load({**toy.network, **STILL, "batch_size": size}, "test")
        return train(small, recipe, 1, workdir=tmp_path / str(size)).history["loss"].to_numpy()

    whole = losses(10)
    assert whole[-1] < whole[0] / 2
    np.testing.assert_allclose(losses(20), whole, rtol=1e-5)  # each row twice, the second time with weight 0
    np.testing.assert_allclose(losses(256), whole, atol=0.005)  # rows fill it unevenly, which batch normalisation sees
