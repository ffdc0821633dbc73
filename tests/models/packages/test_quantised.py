import json

import numpy as np
import onnx
import pytest
from sklearn.metrics import roc_auc_score

from models.packages.quantised import write_calibrated
from models.recipes.classifier import ClassifierRecipe
from models.scoring import runtime
from pipeline.errors import IncompatiblePackageError
from pipeline.io.results.commit import commit
from pipeline.scores.calibration import fit_platt

INT8 = {"posterior_samples": 0, "scoring_precision": "int8"}


def written(folder, trained, dataset, settings):
    recipe = ClassifierRecipe.from_mapping(settings, "test.yaml")
    commit(folder, lambda path: write_calibrated(path, trained, dataset, recipe, provenance={}), directory=True)
    return folder


@pytest.fixture(scope="module")
def int8(network, dataset, toy, tmp_path_factory):
    """The package of whole numbers of a trained network, and that of float32 numbers by the same function."""
    folder = tmp_path_factory.mktemp("int8")
    plain = written(folder / "float32", network.files, dataset, toy.network | {"posterior_samples": 0})
    return written(folder / "int8", network.files, dataset, toy.network | INT8), plain


def test_a_package_of_whole_numbers_says_so_and_scores_nearly_the_same(int8, dataset):
    lower, plain = map(runtime.load, int8)
    assert (lower.runtime.precision, plain.runtime.precision) == ("int8", "float32")
    assert lower.computed_by == {"onnxruntime, int8, CPUExecutionProvider"}
    kinds = [{node.op_type for node in onnx.load(one.directory / "model.onnx").graph.node} for one in (lower, plain)]
    assert ["QuantizeLinear" in found for found in kinds] == [True, False]
    scores = [one.predict(dataset.cutouts("test"), dataset.channels)[:, 1] for one in (lower, plain)]
    assert 0 < np.abs(scores[0] - scores[1]).max() < 0.2
    assert lower.name != plain.name
    assert lower.posterior_samples == 0
    assert not (lower.directory / "posterior.onnx").exists()


def test_its_calibration_is_fitted_on_its_own_logits(int8, dataset):
    content = runtime.load(int8[0]).content
    labels = dataset.candidates("validation")["label"].to_numpy()
    fitted = content["calibration"]
    raw = (
        runtime.load(int8[0]).logits(dataset.cutouts("validation"), dataset.channels)[:, 0] - fitted["intercept"]
    ) / fitted["slope"]
    again = fit_platt(raw, labels)
    assert (again.slope, again.intercept) == pytest.approx((fitted["slope"], fitted["intercept"]), rel=1e-3, abs=1e-3)


def test_package_and_card_say_how_both_precisions_judge(int8, dataset):
    accuracy = json.loads((int8[0] / "package.json").read_text())["accuracy"]
    labels = dataset.candidates("validation")["label"].to_numpy()
    scores = [runtime.load(one).predict(dataset.cutouts("validation"), dataset.channels)[:, 1] for one in int8]
    assert accuracy["rows"] == len(labels)
    assert accuracy["largest_difference"] == pytest.approx(np.abs(scores[0] - scores[1]).max(), abs=1e-5)
    for name, found in zip(("int8", "float32"), scores, strict=True):
        assert accuracy[name]["auc"] == pytest.approx(roc_auc_score(labels, found), abs=1e-9)
    card = (int8[0] / "card.md").read_text()
    assert "* run by onnxruntime, int8\n" in card
    assert f"| auc | {accuracy['float32']['auc']:.4f} | {accuracy['int8']['auc']:.4f} |" in card
    assert "## Precision" not in (int8[1] / "card.md").read_text()


def test_the_same_training_gives_the_same_package(int8, network, dataset, toy, tmp_path):
    again = written(tmp_path / "again", network.files, dataset, toy.network | INT8)
    assert (again / "model.onnx").read_bytes() == (int8[0] / "model.onnx").read_bytes()


def test_a_network_without_convolutions_is_refused(toy, tmp_path):
    table = toy.table(n_classes=2)
    settings = {"classifier": "mlp", "epochs": 1, "table": {}, "threads": 1}
    trained = toy.train_and_write(tmp_path, table, settings)
    with pytest.raises(IncompatiblePackageError, match="mlp has no convolution, so that int8 would gain nothing"):
        written(tmp_path / "int8", trained.files, table, settings | INT8)
