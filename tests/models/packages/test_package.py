import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import special
from small_packages import change_values, rewrite_manifest

from models.packages import trained_files
from models.packages.package import write_package
from models.scoring import runtime
from pipeline.cutouts.normalise import apply
from pipeline.errors import IncompatiblePackageError, InputError, MissingInputError
from pipeline.features import feature_names
from pipeline.io.packages.training_ids import read_training_ids
from pipeline.io.results.content import content_sha256
from pipeline.io.results.parquet_table import read_table
from pipeline.scores.calibration import Platt, fit_platt

COMMON = {
    "manifest.json", "model.onnx", "package.json", "history.csv", "card.md", "provenance.json", "weights.sha256",
    "training_ids.npy", "logits.parquet",
}  # fmt: skip


def content(package):
    return json.loads((package / "package.json").read_text())


def test_a_network_leaves_exactly_these_files(network):
    assert {path.name for path in network.package.iterdir()} == COMMON | {"model.keras", "posterior.onnx", "trunk.onnx"}


def test_a_feature_model_leaves_exactly_these_files(ensemble):
    assert {path.name for path in ensemble.package.iterdir()} == COMMON


def test_package_json_states_input_calibration_and_thresholds(network, dataset):
    package = content(network.package)
    assert package["schema"] == 1
    assert package["input"]["channels"] == list(dataset.channels)
    assert package["input"]["required_channels"] == list(dataset.channels)
    assert package["input"]["size_pixel"] == 15
    assert package["classes"] == ["bogus", "real"]
    assert package["normalisation"] == {"name": "asinh", "missing": "excluded", "in_graph": True}
    assert package["external_normalisation"] is None
    assert package["external_features"] is None
    assert package["calibration"]["prevalence"] == 0.5
    assert set(package["thresholds"]) == {"fixed", "mdr", "fpr", "f1", "mcc", "gmean"}
    assert package["dataset_fingerprint"] == dataset.fingerprint
    assert package["metrics"]["auc"] > 0.9
    assert package["counts"]["train"]["kind"] == {"cosmic_ray": 80, "injected": 80}


def test_a_feature_package_names_its_features(ensemble, dataset):
    external = content(ensemble.package)["external_features"]
    assert external["name"] == "physical"
    assert external["columns"] == list(feature_names(dataset.channels))


@pytest.mark.parametrize("kind", ["network", "ensemble"])
def test_the_digests_of_the_files_are_theirs(kind, request):
    package = request.getfixturevalue(kind).package
    for name, digest in content(package)["files"].items():
        assert hashlib.sha256((package / name).read_bytes()).hexdigest() == digest


def test_a_package_knows_which_candidates_it_learned_from(network, dataset):
    name, learned = read_training_ids(network.package)
    assert name == content(network.package)["name"]
    train, validation = (set(dataset.candidates(part)["candidate_id"]) for part in ("train", "validation"))
    assert set(learned.part_of(pd.Series(sorted(train)))) == {0}
    assert set(
        learned.part_of(
            pd.Series(sorted(validation - train)),
        )
    ) <= {1}
    assert learned.part_of(pd.Series(["never seen"])).tolist() == [-1]
    assert len(learned) == len(train | validation)


def test_changed_training_ids_open_no_package_even_with_a_new_manifest(copied):
    (copied / "training_ids.npy").write_bytes(b"others")
    rewrite_manifest(copied)
    with pytest.raises(InputError, match=r"training_ids.npy was changed after it was written"):
        runtime.load(copied)


def test_history_and_card_can_be_read(network):
    assert (network.package / "history.csv").read_text().count("\n") == 3
    card = (network.package / "card.md").read_text()
    for part in (
        "# triplet_cnn-",
        "| Kind: injected | 80 | 40 |",
        "* run by onnxruntime, float32\n",
        "share of reals of 0.500",
        "## Limits",
        "at the share of reals named above",
    ):
        assert part in card


def test_provenance_does_not_count_but_calibration_does(tmp_path, network):
    digests = set()
    for name, platt in (("a", network.platt), ("b", Platt(1.5, 0.0))):
        folder = tmp_path / name
        folder.mkdir()
        calibrated = dataclasses.replace(network.calibrated, calibration=platt)
        write_package(folder, network.files, calibrated, provenance={"host": name})
        digests.add(content_sha256(folder))
    assert content_sha256(network.package) in digests
    assert len(digests) == 2


def test_writing_fails_when_the_calibrated_graph_disagrees(tmp_path, ensemble):
    class Wrong(trained_files.TrainedFiles):
        held_logits = ensemble.files.held_logits + np.float32(1e-2)

    files = Wrong(**{field.name: getattr(ensemble.files, field.name) for field in dataclasses.fields(ensemble.files)})
    with pytest.raises(IncompatiblePackageError, match=r"differ by \d\.\d\de-0\d on \d+ held rows; allowed: 1e-05"):
        write_package(tmp_path, files, ensemble.calibrated, provenance={})
    assert not (tmp_path / "package.json").exists()


def test_writing_fails_where_nobody_could_open_the_package(tmp_path, ensemble):
    files = dataclasses.replace(ensemble.files, content={**ensemble.files.content, "classes": ["real", "real"]})
    with pytest.raises(InputError, match=r"just made: classes are \['real', 'real'\]; allowed: at least 2"):
        write_package(tmp_path, files, ensemble.calibrated, provenance={})
    assert not (tmp_path / "package.json").exists()


@pytest.mark.parametrize("kind", ["network", "ensemble"])
def test_a_package_holds_the_logits_that_it_was_calibrated_on(kind, request, dataset):
    written = request.getfixturevalue(kind)
    rows = read_table(written.package / "logits.parquet")
    assert rows["candidate_id"].tolist() == dataset.candidates("validation")["candidate_id"].tolist()
    assert rows["label"].tolist() == dataset.candidates("validation")["label"].tolist()
    pixels = dataset.cutouts("validation")
    np.testing.assert_allclose(rows["logit"], written.trained.fitted.logits(pixels)[:, 0], atol=1e-4)
    again = fit_platt(rows["logit"], rows["label"])
    assert (again.slope, again.intercept) == pytest.approx((written.platt.slope, written.platt.intercept))
    package = runtime.load(written.package)
    calibrated = package.logits(pixels, dataset.channels)[:, 0]
    np.testing.assert_allclose(calibrated, again.slope * rows["logit"] + again.intercept, atol=1e-4)
    np.testing.assert_allclose(special.expit(calibrated), package.predict(pixels, dataset.channels)[:, 1], atol=1e-6)


def test_a_missing_package_is_named(tmp_path):
    with pytest.raises(MissingInputError, match="no model package in"):
        runtime.load(tmp_path)


@pytest.fixture(params=["network", "ensemble"])
def copied(request, tmp_path):
    """A whole small package of the test's own."""
    return Path(shutil.copytree(request.getfixturevalue(request.param).package, tmp_path / "copied"))


def test_a_flipped_byte_in_any_file_is_refused_with_its_name(copied):
    names = sorted(path.name for path in copied.iterdir())
    assert {"model.onnx", "package.json", "manifest.json", "card.md"} < set(names)
    for name in names:
        whole = (copied / name).read_bytes()
        flipped = bytearray(whole)
        flipped[len(whole) // 2] ^= 0xFF
        (copied / name).write_bytes(flipped)
        with pytest.raises(InputError, match=name.replace(".", r"\.")):
            runtime.load(copied)
        (copied / name).write_bytes(whole)
    assert runtime.load(copied).threshold > 0


def test_an_edited_threshold_is_refused(copied):
    values = content(copied)
    values["thresholds"][values["threshold_rule"]] /= 2
    (copied / "package.json").write_text(json.dumps(values))
    with pytest.raises(InputError, match=r"copied/package\.json was changed after it was written"):
        runtime.load(copied)


def test_a_package_without_its_manifest_is_refused(copied):
    (copied / "manifest.json").unlink()
    with pytest.raises(MissingInputError, match=r"has no manifest\.json"):
        runtime.load(copied)


def test_a_threshold_of_two_is_refused_though_the_manifest_agrees(copied):
    change_values(copied, lambda values: values["thresholds"].update(fixed=2.0))
    with pytest.raises(InputError, match=r"thresholds\.fixed is 2\.0; allowed: 0 to 1"):
        runtime.load(copied)


def test_other_features_are_refused(tmp_path, ensemble):
    folder = Path(shutil.copytree(ensemble.package, tmp_path / "copied"))
    change_values(folder, lambda values: values["external_features"].update(revision=-1))
    with pytest.raises(IncompatiblePackageError, match="revision -1 of the physical features"):
        runtime.load(folder)


@pytest.mark.parametrize(("name", "missing"), [("bg_sub", "psat"), ("zscale", "excluded")])
def test_a_normalisation_outside_the_graph_is_applied_wherever_pixels_are_scored(name, missing, tmp_path, toy, dataset):
    settings = {**toy.network, "normalisation": name, "missing": missing, "epochs": 1, "posterior_samples": 0}
    written = toy.train_and_write(tmp_path, dataset, settings)
    says = content(written.package)
    assert says["external_normalisation"] == {"name": name, "missing": missing, "revision": 1}
    assert says["normalisation"] == {"name": name, "missing": missing, "in_graph": False}
    pixels = dataset.cutouts("test").copy()
    pixels[:, 3, 4:7] = np.nan
    package = runtime.load(written.package)
    scores = package.predict(pixels, dataset.channels)
    fitted, platt = written.trained.fitted, written.platt
    np.testing.assert_allclose(scores[:, 1], platt.apply(fitted.logits(pixels)[:, 0]), atol=1e-5)
    normalised = apply(name, pixels, missing=missing)
    np.testing.assert_allclose(
        scores[:, 1], platt.apply(fitted.model(normalised, training=False).numpy()[:, 0]), atol=1e-5
    )
    assert "applied by `Infer` before the graph" in (written.package / "card.md").read_text()
    change_values(written.package, lambda values: values["external_normalisation"].update(revision=2))
    with pytest.raises(IncompatiblePackageError, match=f"revision 2 of the normalisation {name}; this version has"):
        runtime.load(written.package)
