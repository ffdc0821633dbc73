"""A package is made of a trained classifier again, without training, and packages of before still score."""

import json

import numpy as np
import onnx
import pandas as pd
import pytest
from small_packages import change_values

from pipeline.io.results.dataset_file import open_dataset
from pipeline.io.results.scores_file import read_scores

SCHEDULING_ERROR = 35
TINY = ("--survey", "tiny")


def package_values(folder):
    return json.loads((folder / "package.json").read_text())


def test_a_wrong_calibration_of_a_trained_recipe_is_said_before_anything_runs(project):
    project.change("classifiers", "tiny", calibration="plat")
    finished = project.luigi("PlotResults", *TINY, "--night", project.nights[1])
    assert finished.code == SCHEDULING_ERROR, finished.output
    finished.line(
        "PlotResults",
        "classifiers/tiny.yaml: 'calibration' is 'plat'; allowed: platt, platt_prior, temperature, vector, beta, "
        "isotonic, by_night, none",
    )


@pytest.mark.replaces("psat-ml", "P11")
def test_another_threshold_makes_another_package_of_the_same_weights_and_trains_nothing(project):
    training, package = project.result("TrainClassifier"), project.result("CalibratePackage")
    before = {path.name: path.stat().st_mtime_ns for path in training.iterdir()}
    project.change("classifiers", "tiny", threshold_rule="mdr", threshold_parameter={"target": 0.04})
    project.make("CalibratePackage", *TINY)
    assert {path.name: path.stat().st_mtime_ns for path in training.iterdir()} == before
    assert project.results("TrainClassifier") == [training]
    (changed,) = set(project.results("CalibratePackage")) - {package}
    was, now = package_values(package), package_values(changed)
    assert (was["threshold_rule"], now["threshold_rule"]) == ("fixed", "mdr")
    assert now["weights_sha256"] == was["weights_sha256"]
    assert now["name"] != was["name"]
    project.change("classifiers", "tiny", class_weight="none")
    project.make("CalibratePackage", *TINY)
    assert len(project.results("TrainClassifier")) == 2


@pytest.mark.replaces("psat-ml", "P8")
def test_the_report_states_threshold_and_false_positives_at_the_missed_detections_that_you_allow(project):
    project.forget("PlotResults", "Infer", "CalibratePackage")
    project.change("classifiers", "tiny", threshold_rule="mdr", threshold_parameter={"target": 0.1})
    project.make("PlotResults", *project.report)
    report = project.result("PlotResults")
    judged = json.loads((report / "metrics.json").read_text())["models"]["tiny"]
    chosen = package_values(project.result("CalibratePackage"))["thresholds"]["mdr"]
    assert (judged["threshold_rule"], judged["threshold"]) == (
        "rule 'mdr' on validation rows",
        pytest.approx(chosen),
    )
    scores = pd.concat(map(read_scores, project.data.glob("tiny/r1/2026-01-01_*/Infer-*.parquet")))
    with open_dataset(project.result("BuildDataset")) as dataset:
        test = dataset.candidates("test").set_index("candidate_id")["label"]
    rows = scores[scores["candidate_id"].isin(test.index)].set_index("candidate_id")["score"]
    bogus = rows[test.reindex(rows.index) == 0].dropna()
    assert judged["at_threshold"]["fpr"]["value"] == pytest.approx((bogus >= chosen).mean())
    assert f"{chosen:.3f}"[:4] in (report / "index.html").read_text()


def test_a_package_that_was_removed_is_made_again_without_training(project):
    package = project.result("CalibratePackage")
    before = project.contents()
    project.forget("CalibratePackage")
    output = project.make("CalibratePackage", *TINY).output
    assert project.result("CalibratePackage") == package
    assert project.contents() == before
    assert "TrainClassifier took" not in output


def test_a_package_of_a_version_that_kept_no_logits_scores_the_same(project, tmp_path):
    (there,) = project.data.glob("tiny/r1/2026-01-02/Infer-*.parquet")
    package = project.result("CalibratePackage").rename(tmp_path / "package")
    (package / "logits.parquet").unlink()
    graph = onnx.load_model(package / "model.onnx")
    del graph.graph.output[1:]
    (package / "model.onnx").write_bytes(graph.SerializeToString())

    def as_before(values):
        del values["files"]["logits.parquet"]
        del values["files"]["model.onnx"]

    change_values(package, as_before)
    project.make("Infer", *TINY, "--night", "2026-01-02", "--package", str(package))
    (scores,) = project.data.glob("tiny/r1/2026-01-02/Infer-package-*.parquet")
    pd.testing.assert_series_equal(read_scores(scores)["score"], read_scores(there)["score"])


def test_logits_of_a_package_of_before_are_those_of_its_probabilities(project):
    from models.scoring import runtime

    package = runtime.load(project.result("CalibratePackage"))
    side, channels = package.contract.size_pixel, package.contract.channels
    rng = np.random.default_rng(0)
    pixels = rng.normal(size=(20, side, side, len(channels))).astype(np.float32)
    exact = package.logits(pixels, channels)
    graph = onnx.load_model(package.directory / "model.onnx")
    del graph.graph.output[1:]
    (package.directory / "model.onnx").write_bytes(graph.SerializeToString())
    np.testing.assert_allclose(package.logits(pixels, channels), exact, atol=1e-4)
    pixels[3] = np.nan
    assert np.isnan(package.logits(pixels, channels)[3]).all()


def test_a_data_set_that_was_made_anew_after_the_training_is_refused(project, tmp_path):
    dataset = project.result("BuildDataset").rename(tmp_path / "given.h5")
    project.make("TrainClassifier", *TINY, "--dataset-file", str(dataset))
    other = project.luigi("CalibratePackage", *TINY, "--dataset-file", str(tmp_path / "none.h5"))
    assert other.code != 0
    assert "none.h5" in other.output


@pytest.mark.slow
def test_folds_calibrate_a_package_on_all_rows_that_teach(project):
    before = project.result("TrainClassifier"), set(project.results("CalibratePackage"))
    project.change("classifiers", "tiny", calibration_folds=2)
    project.make("CalibratePackage", *TINY)
    assert before[0] in project.results("TrainClassifier")
    assert len(project.results("TrainClassifier")) == 3
    made = [folder for folder in set(project.results("CalibratePackage")) - before[1] if "learned" not in folder.name]
    values = package_values(made[0])
    assert values["recipe"]["calibration_folds"] == 2
    with open_dataset(project.result("BuildDataset")) as dataset:
        rows = sum(len(dataset.candidates(part)) for part in ("train", "validation"))
    assert len(pd.read_parquet(made[0] / "logits.parquet")) <= rows
    assert len(pd.read_parquet(made[0] / "logits.parquet")) > sum(values["counts"]["validation"]["class"].values())
