"""A survey of four classes that `check` calls faultless runs from its files to its report."""

import json

import h5py
import numpy as np
import pytest
from sklearn.metrics import f1_score

from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.dataset_file import open_dataset
from pipeline.io.results.scores_file import read_scores

CLASSES = ["smooth", "disk", "bar", "ring"]
NIGHT = "2026-01-05"
SURVEY = {
    "source": "stamp_set",
    "kind": "images",
    "classes": CLASSES,
    "telescope": "drawn",
    "longitude_deg": 0.0,
    "pixel_scale_arcsec": 0.5,
    "channels": ["grey"],
    "cutout_size_pixel": 16,
    "closed": {"after_hours": 0},
    "labels": [{"provider": "list", "table": "labels"}],
    "defaults": {"dataset": "shapes", "classifier": "shapes", "baseline": "none"},
}
DATASET = {"survey": "shapes", "nights": [NIGHT], "split": {"test": 0.3, "validation": 0.3, "minimum_groups": 5}}
NETWORK = {
    "classifier": "triplet_cnn",
    "settings": {"filters": [8, 16], "dense": 16},
    "normalisation": "zscore",
    "class_weight": "balanced",
    "learning_rate": 0.01,
    "batch_size": 16,
    "epochs": 8,
    "threads": 1,
}


def drawn(count, rng):
    """Return images ``(n, 16, 16, 1)`` of bytes of four shapes with noise, and their classes."""
    y, x = np.indices((16, 16)) - 7.5
    radius = np.hypot(x, y)
    shapes = [
        np.exp(-(radius**2) / 8.0),
        1.0 * (radius < 6),
        1.0 * ((abs(y) < 2) & (abs(x) < 7)),
        1.0 * (abs(radius - 5) < 1.2),
    ]
    answers = np.arange(count) % 4
    images = 40 + 150 * np.stack([shapes[answer] for answer in answers]) + rng.normal(0.0, 110.0, (count, 16, 16))
    return np.clip(images, 0, 255).astype("u1")[..., None], answers


@pytest.fixture(scope="module")
def shapes(tmp_path_factory, settings_written):
    """A project of a survey whose file names its classes in another order, with the scores of its data set."""
    project = settings_written(tmp_path_factory.mktemp("shapes") / "project")
    images, answers = drawn(240, np.random.default_rng(5))
    folder = project.root / "galaxies"
    folder.mkdir()
    with h5py.File(folder / "shapes.h5", "w") as file:
        file["images"], file["ans"] = images, (3 - answers).astype("u1")
        file.attrs["class_names"] = np.array(CLASSES[::-1], dtype=h5py.string_dtype())
    given = {"format": "galaxy10", "folder": str(folder), "paths": ["shapes.h5"], "night": NIGHT}
    project.write("surveys", "shapes", SURVEY | {"input": given})
    project.write("datasets", "shapes", DATASET)
    project.write("classifiers", "shapes", NETWORK)
    return project


def test_check_finds_no_fault(shapes):
    finished = shapes.run("nightsift", "check", "shapes")
    assert finished.code == 0, finished.output
    assert finished.output.count("no fault") == 3


def test_check_names_what_knows_reals_or_channels_alone(shapes, check, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(shapes.config))
    survey, dataset = shapes.settings("surveys", "shapes"), shapes.settings("datasets", "shapes")
    defaults = survey["defaults"] | {"dataset": "odd", "baseline": "boosting"}
    labels = [*survey["labels"], {"provider": "teacher", "table": "labels"}]
    shapes.write("surveys", "odd", survey | {"defaults": defaults, "labels": labels})
    shapes.write("datasets", "odd", dataset | {"survey": "odd", "unlabelled": "bogus"})
    _, lines = check("odd")
    assert [line.strip() for line in lines if "  " in line][:3] == [
        "surveys/odd.yaml: labels: provider 'teacher': it tells real from bogus, and the survey has 4 classes: smooth, "
        "disk, bar, ring; allowed: catalogue, list",
        "datasets/odd.yaml: unlabelled is 'bogus', which knows real and bogus; the survey has 4 classes; allowed: drop",
        "surveys/odd.yaml: defaults: classifier 'boosting': features are measured in science, template, difference; "
        "the channels are grey; allowed: a network, or baseline: none",
    ]


@pytest.mark.replaces("4most", "M2")
def test_four_classes_run_from_settings_to_the_report(shapes):
    finished = shapes.make("PlotResults", "--survey", "shapes", "--replicates", "20")
    finished.line("data set of 240 rows, train", "smooth", "ring")
    with open_cutouts(shapes.result("FetchCutouts")) as file:
        assert file.header.class_names == tuple(CLASSES)
        assert file.candidates()["label"].tolist() == [row % 4 for row in range(240)]
    with open_dataset(shapes.result("BuildDataset")) as dataset:
        assert tuple(dataset.class_names) == tuple(CLASSES)
        truth = dataset.candidates("test").set_index("candidate_id")["label"]
    package = json.loads((shapes.result("CalibratePackage") / "package.json").read_text())
    assert package["classes"] == CLASSES
    assert len(package["calibration"]["scale"]) == 4
    scores = read_scores(shapes.result("Infer"))
    judged = scores[scores["split"] == 2].set_index("candidate_id").loc[truth.index]
    chances = judged[[f"p_{index}" for index in range(4)]].to_numpy(np.float64)
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, atol=1e-5)
    assert judged["label_predicted"].tolist() == chances.argmax(axis=1).tolist()
    assert judged["score"].isna().all()
    np.testing.assert_allclose(
        judged["entropy"], -(chances * np.log(np.maximum(chances, 1e-12))).sum(axis=1), atol=1e-3
    )
    found = f1_score(truth, judged["label_predicted"], average="macro")
    assert 0.5 < found < 1.0
    metrics = json.loads((shapes.result("PlotResults") / "metrics.json").read_text())
    assert metrics["class_names"] == CLASSES
    assert list(metrics["models"]) == ["shapes"]
    assert metrics["models"]["shapes"]["metrics"]["macro_f1"]["value"] == pytest.approx(found)
