import json

import numpy as np
import pytest
from keras2_weights import layers_of, write_keras2_weights
from scipy import special

from models.inputs.contract import InputContract
from models.networks.network import build, design_of
from models.packages.imported import imported, write_imported
from models.recipes.classifier import load
from models.scoring import runtime
from pipeline.errors import InputError, SettingsError
from pipeline.io.packages.training_ids import read_training_ids
from pipeline.io.results.commit import commit
from pipeline.io.settings_files import raw

SIZES = {"braai": 22, "psat_d": 20, "vgg6": 22, "bayesian_vgg6": 22, "sepconvnet": 22, "gmadet": 32, "otrain": 32}


def contract(size, channels=("science", "template", "difference")):
    return InputContract(
        survey="old",
        channels=channels,
        required_channels=channels,
        size_pixel=size,
        crop=False,
        pixel_scale_arcsec=1.0,
        pixel_state="raw",
    )


def recipe_of(name):
    return load(raw("classifiers", name), name)


def contract_of(name):
    return contract(SIZES[name], recipe_of(name).channels or ("science", "template", "difference"))


def old_network(name, seed=3):
    """Return a network of an old system with weights of its own, batch normalisation in use."""
    model = build(design_of(recipe_of(name), contract_of(name), n_classes=2), seed)
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights([array * rng.uniform(0.8, 1.2, array.shape) + 0.01 for array in layer.get_weights()])
    return model


def written(folder, trained):
    commit(folder, lambda path: write_imported(path, trained, provenance={"task": "test"}), directory=True)
    return folder


@pytest.mark.parametrize(
    "name",
    [
        "braai",
        pytest.param("psat_d", marks=pytest.mark.replaces("psat-ml", "P6")),
        pytest.param("vgg6", marks=pytest.mark.replaces("gotorb", "G7")),
        pytest.param("bayesian_vgg6", marks=pytest.mark.replaces("gotorb", "G7")),
        pytest.param("sepconvnet", marks=pytest.mark.replaces("gotorb", "G7")),
        pytest.param("gmadet", marks=pytest.mark.replaces("gmadet", "O8")),
        pytest.param("otrain", marks=pytest.mark.replaces("gmadet", "O8")),
    ],
)
def test_an_imported_network_scores_as_the_old_one(name, tmp_path):
    model = old_network(name)
    weights = write_keras2_weights(tmp_path / "old.h5", layers_of(model), whole_model=name != "psat_d")
    package = runtime.load(written(tmp_path / "package", imported(weights, recipe_of(name), contract_of(name))))
    channels = package.contract.channels
    pixels = np.random.default_rng(1).normal(size=(9, SIZES[name], SIZES[name], len(channels))).astype(np.float32)
    logits = np.asarray(model(pixels, training=False))[:, 0]
    assert np.ptp(logits) > 1e-3
    np.testing.assert_allclose(package.predict(pixels, channels)[:, 1], special.expit(logits), atol=1e-5)


def test_its_package_says_that_it_is_not_calibrated_and_what_it_learned_from_is_not_known(tmp_path):
    weights = write_keras2_weights(tmp_path / "old.h5", layers_of(old_network("psat_d")))
    folder = written(tmp_path / "package", imported(weights, recipe_of("psat_d"), contract_of("psat_d")))
    says = json.loads((folder / "package.json").read_text())
    assert says["calibration"] == {"method": "none", "slope": 1.0, "intercept": 0.0, "prevalence": None}
    assert says["thresholds"] == {"fixed": 0.5}
    assert read_training_ids(folder)[1] is None
    card = (folder / "card.md").read_text()
    assert "what it learned from is not known, and it is not calibrated" in card
    assert "its threshold of 0.5 was set by hand" in card
    assert "nobody can say here which these were" in card
    assert "is no probability, for it is not calibrated" in card
    assert "share of reals named above" not in card


def test_weights_of_another_size_are_named_by_layer_and_shape(tmp_path):
    weights = write_keras2_weights(tmp_path / "old.h5", layers_of(old_network("braai")))
    with pytest.raises(InputError) as fault:
        imported(weights, recipe_of("braai"), contract(31))
    message = str(fault.value)
    assert "old.h5: layer 'dense" in message
    assert "has arrays of shape (32, 256), (256); braai needs (" in message
    assert "another architecture, size_pixel or number of channels?" in message


def test_weights_of_another_architecture_are_counted(tmp_path):
    weights = write_keras2_weights(tmp_path / "old.h5", layers_of(old_network("psat_d")))
    with pytest.raises(InputError, match=r"old.h5 holds 5 layers with weights .*; braai has 6 \("):
        imported(weights, recipe_of("braai"), contract(22))


def test_only_networks_are_imported(tmp_path):
    weights = write_keras2_weights(tmp_path / "old.h5", layers_of(old_network("psat_d")))
    with pytest.raises(SettingsError, match="boosting is not a network"):
        imported(weights, recipe_of("boosting"), contract(22))
