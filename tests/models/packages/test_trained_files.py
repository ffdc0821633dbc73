import dataclasses
import json
import shutil

import numpy as np
import pytest
from small_packages import rewrite_manifest

from models.packages import trained_files
from pipeline.errors import IncompatiblePackageError, InputError, MissingInputError
from pipeline.io.results.content import content_sha256

COMMON = {
    "manifest.json", "model.onnx", "training.json", "history.csv", "held_logits.npy", "training_ids.npy",
    "weights.sha256",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("network", {"model.keras", "posterior.onnx", "best.weights.npz", "last.weights.npz"}),
        ("ensemble", set()),
    ],
)
def test_a_trained_model_leaves_exactly_these_files(kind, more, request):
    files = request.getfixturevalue(kind).files
    assert {path.name for path in files.directory.iterdir()} == COMMON | more


@pytest.mark.parametrize("kind", ["network", "ensemble"])
def test_written_logits_are_those_of_the_framework(kind, request, dataset):
    written = request.getfixturevalue(kind)
    pixels = dataset.cutouts("test").copy()
    pixels[0, 3, 4:7] = np.nan
    wanted = written.trained.fitted.logits(pixels)
    assert np.ptp(wanted) > 0.1
    np.testing.assert_allclose(written.files.logits(pixels), wanted, atol=1e-4)
    assert written.files.logits(pixels[:0]).shape == (0, 1)
    assert written.files.held_logits.shape == (len(written.trained.held) + 3, 1)


def test_what_is_made_of_the_weights_is_no_part_of_the_training(network):
    recipe = json.loads((network.files.directory / "training.json").read_text())["recipe"]
    assert {"classifier", "learning_rate", "untrusted"} <= set(recipe)
    assert not {"calibration", "threshold_rule", "threshold_parameter", "posterior_samples"} & set(recipe)


def test_two_trainings_are_equal_by_weights_and_recipe(network, ensemble, tmp_path, dataset):
    again = tmp_path / "again"
    again.mkdir()
    trained_files.write(again, network.trained, dataset=dataset)
    assert content_sha256(again) == content_sha256(network.files.directory)
    assert content_sha256(again) != content_sha256(ensemble.files.directory)


def test_writing_fails_when_onnx_disagrees(tmp_path, ensemble, dataset):
    class Wrong:
        def __getattr__(self, name):
            return getattr(ensemble.trained.fitted, name)

        def reference(self, *arguments):
            return ensemble.trained.fitted.reference(*arguments) + np.float32(1e-2)

    trained = dataclasses.replace(ensemble.trained, fitted=Wrong())
    with pytest.raises(IncompatiblePackageError, match=r"differ by \d\.\d\de-0\d on \d+ held rows; allowed: 1e-05"):
        trained_files.write(tmp_path, trained, dataset=dataset)
    assert not (tmp_path / "training.json").exists()


def test_a_damaged_a_missing_and_another_trained_model_are_named(network, tmp_path):
    with pytest.raises(MissingInputError, match=r"no trained model in .*: training\.json is missing"):
        trained_files.read(tmp_path)
    copied = tmp_path / "copied"
    shutil.copytree(network.files.directory, copied)
    (copied / "model.onnx").write_bytes(b"another")
    with pytest.raises(InputError, match=r"model\.onnx was changed after it was written"):
        trained_files.read(copied)
    other = tmp_path / "other"
    shutil.copytree(network.files.directory, other)
    (other / "training.json").write_text(json.dumps({"schema": 99}))
    rewrite_manifest(other)
    with pytest.raises(IncompatiblePackageError, match=r"training\.json has schema 99; this version reads 1"):
        trained_files.read(other)
