"""Every registered classifier: its smallest size works, it tells toy classes apart, its package scores alike."""

import numpy as np
import pandas as pd
import pytest

import models.architectures  # noqa: F401  (enters the classifiers)
from models.packages import calibrating, trained_files
from models.packages.package import write_package
from models.recipes.classifier import load
from models.recipes.user_module import MODULE
from models.registry import CLASSIFIERS, FEATURES, NETWORK, TABLE
from models.scoring import runtime
from models.training.in_memory import MemoryDataSet
from models.training.train import train
from pipeline.io.results.commit import commit

SMALL = {
    "bayesian_vgg6": {"filters": [4, 4], "dense": 8},
    "boosting": {"n_estimators": 10},
    "braai": {"filters": [4, 4], "dense": 8, "dropout_rates": [0.1, 0.1, 0.1]},
    "feature_ensemble": {"n_estimators": 10, "trees": 10},
    "galaxy_cnn": {"filters": [8, 8], "head": [8, "relu"]},
    "gmadet": {"filters": [4, 4, 4, 4], "dense": [8, 8]},
    "histogram_boosting": {"n_estimators": 10},
    "mlp": {"units": [8]},
    "otrain": {"filters": [4, 4, 4, 4, 4], "dense": [8, 8]},
    "polar_cnn": {"filters": [8, 8], "radii": 8, "angles": 16, "head": [8, "relu"]},
    "psat_d": {"filters": [4, 4, 4], "dense": 8},
    "resnet18": {"width": 4, "stem": 3},
    "rules": {"cuts": {"fit": {"feature": "difference_fit_explained", "least": 0.5, "scale": 0.2}}},
    "sepconvnet": {"filters": [4, 4], "dense": 8},
    "table_boosting": {"n_estimators": 10},
    "table_forest": {"n_estimators": 10},
    "table_logistic": {},
    "table_svm": {},
    "triplet_cnn": {"filters": [4, 8], "dense": 8},
    "vgg6": {"filters": [4, 4], "dense": 8, "dropout_rates": [0.1, 0.1, 0.1]},
}

LARGE = {"convnexttiny", "efficientnetv2b0", "resnet50v2"}
"""Of one size, as published, or of three colours alone; tests/models/architectures has tests of them."""


def toy_dataset(size):
    rng = np.random.default_rng(0)
    y, x = np.indices((size, size)) - size // 2
    source = np.exp(-(x**2 + y**2) / 4.0)[None, ..., None]
    parts = {}
    for part, rows in (("train", 96), ("validation", 48), ("test", 24)):
        labels = np.arange(rows) % 2
        cutouts = rng.normal(size=(rows, size, size, 2)) + 15.0 * source * labels[:, None, None, None]
        ids = [f"{part}{row}" for row in range(rows)]
        columns = {"candidate_id": ids, "label": labels.astype(np.int8), "label_source": "list", "kind": "toy"}
        parts[part] = (pd.DataFrame(columns), cutouts.astype(np.float32))
    return MemoryDataSet(parts=parts, channels=("science", "difference"))


def test_every_classifier_has_a_small_form_here():
    assert sorted([*SMALL, *LARGE, MODULE]) == list(CLASSIFIERS)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_metadata_states_family_and_smallest_input(name):
    metadata = CLASSIFIERS.metadata(name)
    assert metadata["family"] in (NETWORK, FEATURES, TABLE)
    assert 1 <= metadata["minimum_size_pixel"] <= 64
    assert CLASSIFIERS.summary(name).endswith((".", "63 x 63 x 3."))


@pytest.mark.parametrize("name", SMALL)
def test_the_smallest_cutouts_train_and_score(name, tmp_path):
    dataset = toy_dataset(CLASSIFIERS.metadata(name)["minimum_size_pixel"])
    recipe = load(
        {
            "classifier": name,
            "settings": SMALL[name],
            "epochs": 4,
            "batch_size": 16,
            "learning_rate": 0.01,
            "threads": 1,
        },
        name,
    )
    trained = train(dataset, recipe, 0, workdir=tmp_path / "work")
    files, package = tmp_path / "trained", tmp_path / "package"
    commit(files, lambda path: trained_files.write(path, trained, dataset=dataset), directory=True)
    opened = trained_files.read(files)
    calibrated = calibrating.calibrate(opened, dataset, recipe)
    commit(package, lambda path: write_package(path, opened, calibrated, provenance={}), directory=True)
    scores = runtime.load(package).predict(dataset.cutouts("test"), dataset.channels)
    assert ((scores[:, 1] > 0.5) == (dataset.candidates("test")["label"] == 1)).mean() > 0.9
