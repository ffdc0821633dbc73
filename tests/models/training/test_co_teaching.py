"""Networks under co-teaching: which rows each leaves out, what is kept of two, and what planted flips cost."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models.framework import keras, to_numpy
from models.networks.network import build, design_of
from models.recipes.classifier import load
from models.recipes.co_teaching import CoTeaching
from models.training.batches import Batch
from models.training.co_teaching import kept_rows, taught_network, taught_weights, with_share
from models.training.train import contract_of, network_training, train

MLP = {
    "classifier": "mlp",
    "settings": {"units": [64, 64], "dropout_rate": 0.0},
    "table": {"scaling": "standard"},
    "epochs": 25,
    "early_stopping_patience": 0,
    "keep": "last",
    "learning_rate": 0.005,
    "class_weight": "none",
    "threads": 1,
}


def kept(losses, labels, share):
    ops = keras().ops
    found = kept_rows(ops.array(losses, "float32"), ops.array(labels), ops.full((len(labels),), share, "float32"))
    return to_numpy(found).tolist()


@pytest.mark.parametrize(
    ("share", "wanted"),
    [(0.0, [1, 1, 1, 1, 1, 1]), (0.25, [1, 0, 1, 1, 1, 1]), (0.5, [1, 0, 0, 1, 1, 1]), (0.12, [1, 1, 1, 1, 1, 1])],
)
def test_bogus_of_the_largest_losses_are_left_out_and_never_a_real(share, wanted):
    """Four rows are called bogus, two real; the reals have the largest losses of all."""
    assert kept([0.1, 3.0, 2.0, 0.2, 9.0, 8.0], [0, 0, 0, 0, 1, 1], share) == wanted


def test_of_rows_of_equal_losses_no_more_are_left_out_than_the_share():
    """A network that says the same of all rows, as before it has learned, would else learn from no bogus at all."""
    assert kept([0.7] * 6, [0, 0, 0, 0, 0, 1], 0.2) == [0, 1, 1, 1, 1, 1]


def test_rows_that_fill_a_batch_up_are_not_counted():
    """Of four bogus one is left out, the unlikeliest; its copy, which teaches nothing, is not left out in its place."""
    rows = Batch(
        pixels=np.zeros((6, 1, 1, 1), "f4"),
        labels=np.array([0, 0, 0, 0, 0, 0]),
        weights=np.array([1, 1, 1, 1, 0, 0], "f4"),
    )
    (batch,) = with_share(iter([rows]), CoTeaching(dropped=0.25, warm_up_epochs=0), 5)
    assert batch.targets[:, 1].tolist() == [0.25] * 4 + [-1.0] * 2
    ops = keras().ops
    losses = ops.array([3.0, 2.0, 0.1, 0.2, 9.0, 8.0], "float32")
    found = to_numpy(kept_rows(losses, ops.array(rows.labels), ops.array(batch.targets[:, 1])))
    assert found.tolist() == [0, 1, 1, 1, 1, 1]


def test_each_network_leaves_out_what_the_other_finds_unlikely():
    from models.training.keras_data import TwinLoss

    recipe = load({"classifier": "triplet_cnn", "normalisation": "asinh", "co_teaching": {"dropped": 0.5}}, "a")
    ops = keras().ops
    logits = ops.array([[2.0, -1.0], [-1.0, 3.0], [0.5, 0.5]], "float32")
    targets = ops.array([[0.0, 0.5], [0.0, 0.5], [1.0, 0.5]], "float32")
    losses = to_numpy(TwinLoss(recipe).call(targets, logits))
    bogus = np.log1p(np.exp([[2.0, -1.0], [-1.0, 3.0]]))
    real = np.log1p(np.exp(-0.5))
    np.testing.assert_allclose(losses, [bogus[0, 0], bogus[1, 1], 2 * real], rtol=1e-5)


def test_batches_carry_their_labels_and_the_share_of_their_epoch():
    batch = Batch(pixels=np.zeros((2, 3, 3, 1), "f4"), labels=np.array([1, 0]), weights=np.ones(2, "f4"))
    setting = CoTeaching(dropped=0.4, warm_up_epochs=4)
    (first,), (late,) = (list(with_share(iter([batch]), setting, epoch)) for epoch in (1, 9))
    np.testing.assert_allclose(first.targets, [[1, 0.1], [0, 0.1]], rtol=1e-6)
    np.testing.assert_allclose(late.targets, [[1, 0.4], [0, 0.4]], rtol=1e-6)


def test_the_first_network_is_kept_with_its_own_weights(toy, dataset):
    recipe = load({**toy.network, "co_teaching": {"dropped": 0.1}}, "a")
    design = replace(design_of(recipe, contract_of(dataset, recipe), n_classes=2), symmetries=1)
    both = network_training.compiled(design, recipe, 1)
    alone = build(design, 1)
    own = taught_weights(both, both.get_weights())
    assert 2 * len(own) == len(both.get_weights())
    for found, wanted in zip(own, alone.get_weights(), strict=True):
        np.testing.assert_array_equal(found, wanted)
    pixels = dataset.cutouts("validation")[:5]
    logits = to_numpy(both(pixels, training=False))
    np.testing.assert_array_equal(logits[:, :1], to_numpy(taught_network(both)(pixels, training=False)))
    assert abs(logits[:, 0] - logits[:, 1]).max() > 1e-4


def test_a_killed_training_ends_as_an_undisturbed_one(toy, tmp_path):
    class Killed(BaseException):
        """Stands for a signal."""

    def die(share, message):
        if message.startswith("epoch 2"):
            raise Killed

    table = rings(toy, rows=(128, 64, 2))
    recipe = load({**MLP, "epochs": 3, "co_teaching": {"dropped": 0.1, "warm_up_epochs": 1}}, "a")
    whole = train(table, recipe, 1, workdir=tmp_path / "whole")
    with pytest.raises(Killed):
        train(table, recipe, 1, workdir=tmp_path / "killed", progress=die)
    seen = []
    resumed = train(table, recipe, 1, workdir=tmp_path / "killed", progress=lambda _, line: seen.append(line))
    assert seen[0].startswith("epoch 3")
    for name in ("best", "last"):
        for one, other in zip(resumed.fitted.weights[name], whole.fitted.weights[name], strict=True):
            np.testing.assert_array_equal(one, other)
    assert resumed.fitted.model.count_params() == build(whole.fitted.design, 1).count_params()


@pytest.mark.parametrize(
    "share", [pytest.param(0.05, marks=pytest.mark.slow), pytest.param(0.1, marks=pytest.mark.slow), 0.2]
)
def test_of_the_auc_that_flips_cost_some_is_won_back(toy, tmp_path, share):
    """A share of the rows called bogus is real: the AUC with them right, wrong, and left out."""
    right = rings(toy, rows=(1200, 200, 2000))
    wrong = with_flips(right, share)
    setting = {"dropped": share, "warm_up_epochs": 4}
    clean, plain = (auc_of(tmp_path / name, of, {}) for name, of in (("right", right), ("wrong", wrong)))
    taught = auc_of(tmp_path / "taught", wrong, {"co_teaching": setting})
    assert plain < taught < clean
    assert taught - plain > 0.1 * (clean - plain)


def rings(toy, rows):
    """A table of reals about a circle of radius 1 and bogus about one of radius 2, and three columns of noise."""
    rng, made = np.random.default_rng(2), toy.table(rows=rows, n_classes=2)
    parts = {}
    for part, (candidates, pixels) in made.parts.items():
        labels = (rng.random(len(candidates)) < 0.4).astype(np.int8)
        angle = rng.uniform(0, 2 * np.pi, len(labels))
        radius = np.where(labels == 1, 1.0, 2.0) + rng.normal(0, 0.3, len(labels))
        features = rng.normal(size=(len(labels), 5))
        features[:, :2] = (radius * [np.cos(angle), np.sin(angle)]).T
        parts[part] = candidates.assign(label=labels), features.astype(np.float32).reshape(pixels.shape)
    return replace(made, parts=parts)


def with_flips(table, share):
    """Call reals bogus until they are a share of all rows called bogus."""
    candidates, pixels = table.parts["train"]
    labels = candidates["label"].to_numpy().copy()
    bogus, reals = (np.flatnonzero(labels == label) for label in (0, 1))
    labels[reals[: round(share / (1 - share) * len(bogus))]] = 0
    return replace(table, parts={**table.parts, "train": (candidates.assign(label=labels), pixels)})


def auc_of(folder, dataset, more):
    fitted = train(dataset, load({**MLP, **more}, "a"), 1, workdir=folder).fitted
    return roc_auc_score(dataset.candidates("test")["label"], fitted.logits(dataset.cutouts("test"))[:, 0])
