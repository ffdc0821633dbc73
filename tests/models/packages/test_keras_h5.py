import numpy as np
import pytest

from commands import convert
from models.networks.network import build
from models.packages.imported import imported
from models.packages.keras_h5 import export_keras_h5
from pipeline.errors import MissingInputError
from pipeline.io.legacy.keras_weights import read_keras_weights


def test_keras_loads_the_weights_of_an_exported_network(tmp_path, toy, dataset):
    recipe = {**toy.network, "classifier": "psat_d", "settings": {"filters": [4, 4, 4], "dense": 8}, "epochs": 1}
    recipe["posterior_samples"] = 0
    written = toy.train_and_write(tmp_path, dataset, recipe)
    count = export_keras_h5(written.package, tmp_path / "weights.h5")
    fitted = written.trained.fitted
    assert count == fitted.model.count_params()
    fresh = build(fitted.design, 99)
    fresh.load_weights(tmp_path / "weights.h5")
    for loaded, trained in zip(fresh.get_weights(), fitted.model.get_weights(), strict=True):
        np.testing.assert_array_equal(loaded, trained)


@pytest.mark.parametrize("symmetries", [1, 4])
def test_what_was_exported_is_imported_with_the_same_logits(tmp_path, toy, dataset, symmetries):
    recipe = {**toy.network, "epochs": 1, "symmetries": symmetries, "posterior_samples": 0}
    written = toy.train_and_write(tmp_path, dataset, recipe)
    export_keras_h5(written.package, tmp_path / "weights.h5")
    again = imported(tmp_path / "weights.h5", written.recipe, written.trained.contract)
    pixels = dataset.cutouts("test")
    np.testing.assert_allclose(again.fitted.logits(pixels), written.trained.fitted.logits(pixels), atol=1e-5)


def test_the_verb_writes_the_file_once(tmp_path, network, capsys):
    path = tmp_path / "weights.h5"
    assert convert.export_stamps("keras_h5", str(network.package), str(path)) == 0
    assert f"{network.trained.fitted.model.count_params():,} weights" in capsys.readouterr().out
    assert convert.export_stamps("keras_h5", str(network.package), str(path)) == 0
    assert "is the same" in capsys.readouterr().out
    assert len(read_keras_weights(path)) == sum(bool(layer.weights) for layer in network.trained.fitted.model.layers)


def test_a_package_without_a_network_is_named(tmp_path, ensemble):
    with pytest.raises(MissingInputError, match="a package of feature_ensemble, which is not a network"):
        export_keras_h5(ensemble.package, tmp_path / "weights.h5")
