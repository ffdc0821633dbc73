import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from models.networks import memory
from models.packages import calibrating
from models.recipes.classifier import load
from models.training import checkpoints
from models.training.train import FITTERS, clear, network_training, train
from models.weights import read_arrays
from pipeline.errors import DataSetError, IncompatiblePackageError, InputError, SettingsError
from pipeline.io.results.content import content_sha256


class Killed(BaseException):
    """Stands for a signal that ends the process."""


def test_a_second_run_gives_equal_weights(tmp_path, toy, dataset, network):
    again = toy.train_and_write(tmp_path, dataset, toy.network)
    assert content_sha256(again.package) == content_sha256(network.package)
    np.testing.assert_array_equal(again.trained.history["loss"], network.trained.history["loss"])


@pytest.mark.replaces("galaxy10", "Z5")
@pytest.mark.replaces("gotorb", "G8")
def test_a_run_killed_in_its_second_epoch_ends_as_an_undisturbed_one(tmp_path, toy, dataset, network, monkeypatch):
    def die(share, message):
        if message.startswith("epoch 1"):
            monkeypatch.setattr(network_training.batches, "augment", stop)

    def stop(*arguments):
        raise Killed

    with pytest.raises(Killed):
        toy.train_and_write(tmp_path, dataset, toy.network, progress=die)
    monkeypatch.undo()
    assert len(checkpoints.np.load(tmp_path / "work" / checkpoints.FILE).files) > 0
    seen = []
    resumed = toy.train_and_write(tmp_path, dataset, toy.network, progress=lambda _, message: seen.append(message))
    assert seen[0].startswith("epoch 2")
    assert content_sha256(resumed.package) == content_sha256(network.package)


def test_another_seed_gives_other_weights(tmp_path, toy, dataset, network):
    other = train(dataset, load({**toy.network, "epochs": 1}, "test"), 2, workdir=tmp_path)
    first = network.trained.fitted.model.get_weights()[0]
    assert not np.array_equal(other.fitted.model.get_weights()[0], first)


def test_progress_grows_to_one_and_names_each_epoch(tmp_path, toy, dataset):
    seen = []
    train(
        dataset,
        load({**toy.network, "epochs": 1, "calibration": "none"}, "test"),
        1,
        workdir=tmp_path,
        progress=lambda share, message: seen.append((share, message)),
    )
    shares = [share for share, _ in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert seen[0][1].startswith("epoch 1 of at most 1: loss")


@pytest.mark.replaces("gotorb", "G8")
def test_the_best_weights_come_back_when_training_goes_on_too_long(tmp_path, toy, monkeypatch):
    dataset = toy.dataset(rows=(64, 32, 2))
    losses = iter([0.5, 0.2, 0.9, 0.8])
    weights = []

    def judge(run, model):
        weights.append(model.get_weights())
        return {"loss": next(losses), "accuracy": 0.5}

    monkeypatch.setattr(network_training._Run, "_judged", judge)
    recipe = load({**toy.network, "epochs": 9, "early_stopping_patience": 2}, "test")
    trained = train(dataset, recipe, 1, workdir=tmp_path)
    assert len(trained.history) == 4
    assert_equal(trained.fitted.model.get_weights(), weights[1])


@pytest.mark.replaces("gotorb", "G8")
def test_an_interrupted_training_says_so_and_goes_on_later(tmp_path, toy, dataset, network, caplog):
    def interrupt(share, message):
        if message.startswith("epoch 1"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        toy.train_and_write(tmp_path, dataset, toy.network, progress=interrupt)
    assert "interrupted after epoch 1; the next run goes on from there" in caplog.text
    resumed = toy.train_and_write(tmp_path, dataset, toy.network)
    assert content_sha256(resumed.package) == content_sha256(network.package)


def test_whoever_ends_a_training_after_an_epoch_is_asked_again_by_the_next_run(tmp_path, toy, dataset):
    class EnoughError(Exception):
        pass

    def give_up(history):
        seen.append([entry["epoch"] for entry in history])
        if len(history) == 2:
            raise EnoughError

    for _ in ("the first run", "the next"):
        seen = []
        with pytest.raises(EnoughError):
            train(dataset, load(toy.network, "test"), 1, workdir=tmp_path, after_epoch=give_up)
        assert seen == [[1], [1, 2]]


def test_penalties_of_a_network_are_part_of_its_loss(tmp_path, toy, dataset):
    settings = {"filters": [4, 4], "dense": 8, "dropout_rates": [0.0, 0.0, 0.0]}
    recipe = {**toy.network, "classifier": "vgg6", "settings": settings, "epochs": 1, "augment": []}
    larger = toy.dataset(size=22, rows=(64, 32, 2))
    plain, penalised = (
        train(
            larger, load({**recipe, "settings": {**settings, "l2_penalty": weight}}, "test"), 1, workdir=tmp_path / name
        )
        for name, weight in (("plain", 0.0), ("penalised", 0.5))
    )
    assert penalised.history["loss"][0] > plain.history["loss"][0] + 1.0
    norms = [sum((kernel**2).sum() for kernel in one.fitted.model.get_weights()) for one in (penalised, plain)]
    assert norms[0] < norms[1]


def test_metrics_of_each_epoch_stand_in_the_history_and_may_be_monitored(tmp_path, toy, dataset):
    settings = {**toy.network, "metrics": ["auc", "mcc"], "monitor": "validation_auc", "epochs": 2}
    trained = train(dataset, load(settings, "test"), 1, workdir=tmp_path)
    assert list(trained.history) == [
        "epoch",
        "loss",
        "validation_loss",
        "validation_accuracy",
        "validation_auc",
        "validation_mcc",
        "learning_rate",
        "seconds",
    ]
    assert trained.history["validation_auc"].between(0.5, 1.0).all()


@pytest.mark.replaces("galaxy10", "Z5")
@pytest.mark.parametrize(("keep", "epoch"), [("best", 1), ("last", 3)])
@pytest.mark.parametrize("again", [False, True])
def test_the_best_and_the_last_weights_come_back_whichever_the_recipe_keeps(
    tmp_path, toy, monkeypatch, keep, epoch, again
):
    values = iter([0.1, 0.9, 0.8, 0.7])
    weights = []

    def judge(run, model):
        weights.append(model.get_weights())
        return {"loss": 1.0, "accuracy": next(values)}

    monkeypatch.setattr(network_training._Run, "_judged", judge)
    chosen = {"keep": keep, "monitor": "validation_accuracy", "early_stopping_patience": 0, "epochs": 4}
    for _ in range(1 + again):  # the second time from the checkpoint of a training that has ended
        trained = train(toy.dataset(rows=(64, 32, 2)), load({**toy.network, **chosen}, "test"), 1, workdir=tmp_path)
    assert len(weights) == 4
    assert_equal(trained.fitted.model.get_weights(), weights[epoch])
    assert list(trained.fitted.weights) == ["best", "last"]
    assert_equal(trained.fitted.weights["best"], weights[1])
    assert_equal(trained.fitted.weights["last"], weights[3])


def test_weights_of_every_second_epoch_are_kept_on_request_also_over_a_kill(tmp_path, toy, dataset, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_KEEP_EPOCHS", "2")
    recipe = load({**toy.network, "epochs": 5, "early_stopping_patience": 0}, "test")
    after = []

    def note(share, message):
        if message.startswith("epoch 3") and len(after) == 0:
            after.append(message)
            raise Killed

    with pytest.raises(Killed):
        train(dataset, recipe, 1, workdir=tmp_path / "work", progress=note)
    trained = train(dataset, recipe, 1, workdir=tmp_path / "work", progress=note)
    assert list(trained.fitted.weights) == ["best", "last", "epochs/epoch-0002", "epochs/epoch-0004"]
    shorter = load({**toy.network, "epochs": 4, "early_stopping_patience": 0}, "test")
    other = train(dataset, shorter, 1, workdir=tmp_path / "other")
    assert_equal(trained.fitted.weights["epochs/epoch-0004"], other.fitted.weights["last"])
    trained.fitted.write_weights(tmp_path)
    assert_equal(read_arrays(tmp_path / "epochs" / "epoch-0002.weights.npz"), other.fitted.weights["epochs/epoch-0002"])
    assert_equal(read_arrays(tmp_path / "last.weights.npz"), trained.fitted.weights["last"])
    clear(tmp_path / "work")
    assert not (tmp_path / "work").exists()
    assert list(train(dataset, recipe, 2, workdir=tmp_path / "other").fitted.weights)[2:] == [
        "epochs/epoch-0002",
        "epochs/epoch-0004",
    ]


def assert_equal(given, expected):
    for one, other in zip(given, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.05},
        {"optimizer": "rmsprop", "loss": "focal", "label_smoothing": 0.05},
        {"precision": "mixed_bfloat16", "learning_rate_schedule": "plateau", "warm_up_epochs": 1},
    ],
)
def test_other_ways_to_train_learn_the_toy_classes_too(tmp_path, toy, dataset, settings):
    written = toy.train_and_write(tmp_path, dataset, {**toy.network, "epochs": 6, "posterior_samples": 0, **settings})
    assert written.calibrated.metrics["auc"] > 0.9
    assert {weights.dtype.name for weights in written.trained.fitted.model.get_weights()} == {"float32"}


def test_an_error_of_reading_comes_out_as_it_is(tmp_path, toy, dataset, monkeypatch):
    def broken(*arguments):
        raise InputError("row 7 cannot be read")

    monkeypatch.setattr(network_training.batches, "augment", broken)
    with pytest.raises(InputError, match="row 7 cannot be read"):
        train(dataset, load(toy.network, "test"), 1, workdir=tmp_path)


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's."""


@pytest.mark.parametrize("error", [MemoryError, ResourceExhaustedError])
def test_a_batch_too_large_for_memory_says_which_would_fit(tmp_path, toy, dataset, monkeypatch, error):
    def full(*arguments):
        raise error

    monkeypatch.setattr(memory, "row_bytes", lambda _: 10_000_000)
    monkeypatch.setattr(memory, "free_bytes", lambda: 200_000_000)
    monkeypatch.setattr(network_training._Run, "_judged", full)
    message = (
        "a batch of 32 rows does not fit into memory: it takes about 320 MB, and 200 MB are free; 'batch_size': 16"
    )
    with pytest.raises(SettingsError, match=message):
        train(dataset, load(toy.network, "test"), 1, workdir=tmp_path)


def test_a_training_that_diverges_says_what_to_change(tmp_path, toy, dataset):
    recipe = load({**toy.network, "normalisation": "none", "learning_rate": 1e30, "augment": []}, "test")
    with pytest.raises(SettingsError, match=r"diverged in epoch \d.*learning_rate"):
        train(dataset, recipe, 1, workdir=tmp_path)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("inf")])
def test_pixels_of_no_size_are_refused_before_training(toy, tmp_path, scale):
    dataset = toy.dataset(pixel_scale_arcsec=scale)
    with pytest.raises(SettingsError, match=r"'pixel_scale_arcsec' is .*; allowed: above 0, or NaN for unknown"):
        train(dataset, load(toy.features, "test"), 1, workdir=tmp_path)


def test_features_of_channels_that_nobody_measures_are_refused(toy, tmp_path):
    dataset = toy.dataset(rows=(8, 8, 4), channels=("red", "green", "blue"))
    said = "classifier 'feature_ensemble': features are measured in science, template, difference; the channels are red"
    with pytest.raises(SettingsError, match=f"{said}, green, blue; allowed: a network, which takes any channels"):
        train(dataset, load(toy.features, "test"), 1, workdir=tmp_path)


def test_three_classes_are_trained_and_calibrated_or_not(tmp_path, toy):
    dataset = toy.dataset(rows=(90, 45, 3), n_classes=3, class_names=("bogus", "star", "mover"))
    with pytest.raises(
        SettingsError, match="'metrics' names auc, of two classes; the data set has 3; allowed: macro_f1"
    ):
        recipe = toy.network | {"calibration": "none", "metrics": ["auc"]}
        train(dataset, load(recipe, "test"), 1, workdir=tmp_path)
    recipe = {**toy.network, "epochs": 1, "calibration": "none", "posterior_samples": 0}
    written = toy.train_and_write(tmp_path, dataset, recipe)
    assert written.calibrated.thresholds == {}
    assert written.calibrated.metrics["accuracy"] > 0
    scaled = calibrating.calibrate(written.files, dataset, load(recipe | {"calibration": "vector"}, "test"))
    assert scaled.metrics["log_loss"] <= written.calibrated.metrics["log_loss"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"channels": ["science", "weight"]}, "'channels' names 'weight'"),
        ({"channels": ["science"], "required_channels": ["difference"]}, "'required_channels' names 'difference'"),
        ({"size_pixel": 31}, "'size_pixel' is 31; the data set's cutouts have 15"),
    ],
)
def test_a_recipe_that_does_not_fit_the_data_is_refused(tmp_path, toy, dataset, settings, message):
    with pytest.raises(SettingsError, match=message):
        train(dataset, load({**toy.network, **settings}, "test"), 1, workdir=tmp_path)


def test_normalised_pixels_are_not_normalised_again(tmp_path, toy):
    dataset = toy.dataset(rows=(8, 8, 2), pixel_state="l2")
    with pytest.raises(IncompatiblePackageError, match="needs raw pixels; the data set's are 'l2'"):
        train(dataset, load(toy.network, "test"), 1, workdir=tmp_path)


@pytest.mark.parametrize("name", ["triplet_cnn", "boosting"])
def test_cutouts_too_small_are_refused(tmp_path, toy, name):
    with pytest.raises(IncompatiblePackageError, match=f"{name} needs cutouts of at least"):
        train(toy.dataset(size=7, rows=(8, 8, 2)), load({"classifier": name}, "test"), 1, workdir=tmp_path)


def test_a_class_without_a_row_to_score_is_refused(tmp_path, toy):
    dataset = toy.dataset(rows=(40, 20, 2))
    real = dataset.candidates("validation")["label"].to_numpy() == 1
    dataset.cutouts("validation")[real] = np.nan
    with pytest.raises(
        DataSetError, match="no usable row of class real; it has 10 bogus, 0 real; 10 labelled rows have no pixels"
    ):
        train(dataset, load(toy.features, "test"), 1, workdir=tmp_path)


def test_clearing_removes_the_work_folder(tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    (work / checkpoints.FILE).write_bytes(b"")
    clear(work)
    assert not work.exists()
    clear(work)


def test_importing_the_modules_loads_no_framework():
    code = """
import importlib, pkgutil, sys
import models
for module in pkgutil.walk_packages(models.__path__, "models."):
    if module.name not in ("models.training.keras_data", "models.training.callbacks"):  # what only a training imports
        importlib.import_module(module.name)
print([name for name in ("tensorflow", "keras", "sklearn", "onnx", "onnxruntime") if name in sys.modules])
print("models.training.train" in sys.modules)
"""
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert output.stdout.splitlines() == ["[]", "True"]


def test_scores_that_are_not_finite_after_finite_losses_are_a_divergence_too(tmp_path, toy, dataset, monkeypatch):
    fit = FITTERS["network"]

    def unbounded(*given, **options):
        _, history = fit(*given, **options)
        return SimpleNamespace(logits=lambda pixels, *_: np.full((len(pixels), 1), np.nan)), history

    monkeypatch.setitem(FITTERS, "network", unbounded)
    recipe = load({**toy.network, "epochs": 1}, "test")
    message = r"diverged in epoch 1 or before: 80 of 80 validation rows have no finite score; lower learning_rate"
    with pytest.raises(SettingsError, match=message):
        train(dataset, recipe, 1, workdir=tmp_path)
