import json

import numpy as np
import pytest

from models.networks.network import build, design_of, every_layer
from models.recipes.classifier import load
from models.recipes.user_module import digest_of
from models.recipes.user_module import load as load_module
from models.scoring import runtime
from pipeline.errors import MissingInputError, SettingsError, UnknownNameError

PSAT = """
from keras import Sequential
from keras.layers import Conv2D, Dense, Dropout, Flatten, Input

def create_model(num_classes, image_dim):
    model = Sequential()
    model.add(Input((image_dim, image_dim, 1)))
    model.add(Conv2D(4, 3, activation="relu"))
    model.add(Flatten())
    model.add(Dropout(0.2))
    model.add(Dense(num_classes, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="adam")
    return model
"""
ALL = """
from keras import Input, Model, layers, ops

def create_model(num_classes, image_dim, channels):
    inputs = Input((image_dim, image_dim, channels))
    hidden = layers.Dense(8, activation="relu")(layers.Flatten()(inputs))
    return Model(inputs, layers.Dense(1, activation="sigmoid")(hidden))

def normalise(pixels):
    return ops.tanh(ops.where(ops.isnan(pixels), 0.0, pixels) / 10.0)

def share_of_reals_found(labels, scores):
    return float((scores[labels == 1] > 0.5).mean())

metrics = {"found": share_of_reals_found}
"""


@pytest.fixture
def module_file(tmp_path):
    """Return a function that writes a Python file of the user's own and returns its path."""

    def write(text, name="mine.py"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


def single(toy, dataset):
    """Return the recipe of a network on the difference alone."""
    return {**toy.network, "classifier": "module", "settings": {}, "channels": ["difference"], "normalisation": "l2"}


@pytest.mark.replaces("psat-ml", "P6")
def test_a_trainer_of_psat_ml_trains_as_it_is(tmp_path, toy, dataset, module_file):
    recipe = single(toy, dataset) | {"module": module_file(PSAT), "epochs": 4}
    written = toy.train_and_write(tmp_path, dataset, recipe)
    assert written.calibrated.metrics["auc"] > 0.8
    assert written.trained.fitted.model.count_params() == 3 * 3 * 4 + 4 + 13 * 13 * 4 * 2 + 2
    package = json.loads((written.package / "package.json").read_text())
    assert package["name"].startswith("mine-")
    assert package["module"] == {"file": "mine.py", "sha256": digest_of(recipe["module"])}


def test_normalisation_and_metrics_of_a_module_are_used_and_scoring_needs_no_module(
    tmp_path, toy, dataset, module_file
):
    path = module_file(ALL)
    recipe = {
        **toy.network,
        "classifier": "module",
        "normalisation": "module",
        "settings": {},
        "module": path,
        "metrics": ["found", "auc"],
        "monitor": "validation_found",
        "posterior_samples": 0,
    }
    written = toy.train_and_write(tmp_path, dataset, recipe)
    assert {"validation_found", "validation_auc"} <= set(written.trained.history)
    module_file("raise SystemExit('scoring must not run this')")
    pixels = dataset.cutouts("test").copy()
    pixels[:, 2, 3] = np.nan
    scores = runtime.load(written.package).predict(pixels, dataset.channels)[:, 1]
    fitted = written.trained.fitted
    np.testing.assert_allclose(scores, written.platt.apply(fitted.logits(pixels)[:, 0]), atol=1e-5)


def test_a_changed_module_is_another_training(tmp_path, toy, dataset, module_file):
    recipe = single(toy, dataset) | {"module": module_file(PSAT), "epochs": 1}
    digest = digest_of(recipe["module"])
    module_file(PSAT + "\n# changed\n")
    assert digest_of(recipe["module"]) != digest


def test_dropout_within_a_module_draws_by_the_number_of_the_epoch(toy, module_file):
    recipe = load({**single(toy, None), "module": module_file(PSAT)}, "test")
    contract = type("Contract", (), {"size_pixel": 15, "channels": ("difference",)})()
    model = build(design_of(recipe, contract, n_classes=2), 0)
    assert [layer.name for layer in every_layer(model) if hasattr(layer, "seed_generator")] == ["dropout"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "mine.py defines none of: create_model, normalise, metrics"),
        ("import nothing_such", "mine.py fails: ModuleNotFoundError: No module named 'nothing_such'"),
        ("def create_model(: pass", "mine.py fails: SyntaxError"),
    ],
)
def test_a_module_that_cannot_be_used_is_one_line(module_file, text, message):
    with pytest.raises(SettingsError, match=message):
        load_module(module_file(text))


def test_a_missing_module_is_named(tmp_path):
    with pytest.raises(MissingInputError, match=r"module: no file .*none.py"):
        load_module(str(tmp_path / "none.py"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("metrics = {'a': max}", r"mine.py has no create_model\(num_classes, image_dim\)"),
        ("def create_model(num_classes, image_dim): return None", "gives no network for cutouts of 15 x 15 pixels"),
        (PSAT.replace("Dense(num_classes", "Dense(3 + num_classes"), r"the model ends in shape \(None, 5\)"),
        (
            PSAT.replace("image_dim, 1)", "image_dim, 7)"),
            r"gives no network for .* and 1 channels: ValueError: its input has shape \(15, 15, 7\)",
        ),
    ],
)
def test_a_model_that_does_not_fit_is_one_line(tmp_path, toy, dataset, module_file, text, message):
    recipe = single(toy, dataset) | {"module": module_file(text)}
    with pytest.raises(SettingsError, match=message):
        toy.train_and_write(tmp_path, dataset, recipe)


def test_a_module_is_refused_where_nothing_of_it_is_used(toy):
    with pytest.raises(SettingsError, match=r"'module' is 'mine.py'; feature_ensemble is no network"):
        load(toy.features | {"module": "mine.py"}, "test")


def test_a_metric_that_gives_no_number_cannot_be_monitored(tmp_path, toy, dataset, module_file):
    text = PSAT + "\n\nmetrics = {'odd': lambda labels, scores: float('nan')}\n"
    recipe = single(toy, dataset) | {"module": module_file(text), "metrics": ["odd"], "monitor": "validation_odd"}
    with pytest.raises(SettingsError, match="validation_odd is nan after epoch 1, so that no epoch is the best"):
        toy.train_and_write(tmp_path, dataset, recipe)


def test_a_recipe_says_what_its_module_lacks(tmp_path, toy, dataset, module_file):
    with pytest.raises(SettingsError, match="'module' is empty; allowed with 'classifier: module'"):
        load(single(toy, dataset), "test")
    recipe = single(toy, dataset) | {"module": module_file(PSAT), "metrics": ["foundd"]}
    with pytest.raises(UnknownNameError, match="unknown metric 'foundd'"):
        toy.train_and_write(tmp_path, dataset, recipe)
    with pytest.raises(SettingsError, match=r"has no normalise\(pixels\)"):
        toy.train_and_write(tmp_path, dataset, recipe | {"metrics": [], "normalisation": "module"})


MARKS_NAN_ALONE = """
import keras

def normalise(pixels):
    return keras.ops.arcsinh(keras.ops.where(keras.ops.isnan(pixels), 0.0, pixels) / 30.0)
"""


def test_a_normalisation_sees_infinities_as_missing(tmp_path, toy, dataset, module_file):
    recipe = {**toy.network, "epochs": 1, "normalisation": "module", "module": module_file(MARKS_NAN_ALONE)}
    recipe["posterior_samples"] = 0
    written = toy.train_and_write(tmp_path, dataset, recipe)
    pixels = dataset.cutouts("test")[:4].copy()
    pixels[:, 3, 4:7] = np.inf
    missing = np.where(np.isinf(pixels), np.nan, pixels)
    package = runtime.load(written.package)
    scores = package.predict(pixels, dataset.channels)
    assert np.isfinite(scores).all()
    np.testing.assert_array_equal(scores, package.predict(missing, dataset.channels))
