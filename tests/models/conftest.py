"""A toy data set (a real is a round source, a bogus a single bright pixel) and packages trained on it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from stacks import FIXED, TWO, written

from models.packages import calibrating, trained_files
from models.packages.package import write_package
from models.recipes.classifier import ClassifierRecipe
from models.training.in_memory import MemoryDataSet
from models.training.train import train
from pipeline.io.results.commit import commit

NETWORK = {
    "classifier": "triplet_cnn",
    "settings": {"filters": [4, 8], "dense": 8},
    "normalisation": "asinh",
    "epochs": 2,
    "batch_size": 32,
    "learning_rate": 0.01,
    "augment": ["rotate", "flip", "shift"],
    "posterior_samples": 3,
    "threads": 1,
}
FEATURES = {"classifier": "feature_ensemble", "settings": {"n_estimators": 10, "trees": 10}}


def make_candidates(labels):
    """Return the candidate columns that training reads."""
    frame = pd.DataFrame({"label": np.asarray(labels, dtype=np.int8)})
    frame["candidate_id"] = [f"c{row:06d}" for row in range(len(frame))]
    frame["label_source"] = np.where(frame["label"] == 1, "injected", "detection")
    frame["kind"] = np.where(frame["label"] == 1, "injected", "cosmic_ray")
    return frame


def draw_cutouts(labels, size, rng):
    """Return triplets ``(n, y, x, 3)`` with a source (1) or a hot pixel (0) in science and difference."""
    y, x = np.indices((size, size)) - size // 2
    source = np.exp(-(x**2 + y**2) / 4.0)
    pixel = (x == 0) & (y == 0)
    shape = np.where(np.asarray(labels)[:, None, None] == 1, source, pixel)
    flux = rng.uniform(8.0, 20.0, (len(labels), 1, 1))
    cutouts = rng.normal(0.0, 1.0, (len(labels), size, size, 3))
    cutouts[..., 0] += 50.0 + flux * shape
    cutouts[..., 1] += 50.0
    cutouts[..., 2] += flux * shape
    return cutouts.astype(np.float32)


def make_dataset(size=15, rows=(160, 80, 40), seed=3, n_classes=2, **attributes):
    """Return a balanced data set of three parts in memory."""
    rng = np.random.default_rng(seed)
    parts = {}
    for part, count in zip(("train", "validation", "test"), rows, strict=True):
        labels = rng.permutation(np.arange(count) % n_classes)
        parts[part] = (make_candidates(labels), draw_cutouts(labels, size, rng))
    return MemoryDataSet(parts=parts, **attributes)


def make_table(rows=(300, 150, 60), n_features=5, n_classes=3, seed=5, missing=0.15, **attributes):
    """Return a table in memory, ``(n, 1, 1, f)``, of classes that lie apart, with missing features."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(0.0, 3.0, (n_classes, n_features))
    parts = {}
    for part, count in zip(("train", "validation", "test"), rows, strict=True):
        labels = rng.permutation(np.arange(count) % n_classes)
        values = 20.0 + centres[labels] + rng.normal(0.0, 1.0, (count, n_features))
        values[rng.random(values.shape) < missing] = np.nan
        parts[part] = (make_candidates(labels), values.astype(np.float32)[:, None, None, :])
    names = {
        "channels": tuple("grizyjkw"[:n_features]),
        "class_names": ("Others", "BG", "LRG", "ELG", "QSO")[:n_classes],
    }
    return MemoryDataSet(parts=parts, **{"pixel_scale_arcsec": float("nan"), **names, **attributes})


def train_and_write(folder, dataset, settings, **arguments):
    """Train a recipe, calibrate it, write its package; return each and the package's folder."""
    recipe = ClassifierRecipe.from_mapping(settings, "test.yaml")
    trained = train(dataset, recipe, 1, workdir=folder / "work", **arguments)
    files, package = folder / "trained", folder / "package"
    commit(files, lambda scratch: trained_files.write(scratch, trained, dataset=dataset), directory=True)
    opened = trained_files.read(files)
    calibrated = calibrating.calibrate(opened, dataset, recipe)
    given = {"provenance": {"task": "test"}}
    commit(package, lambda scratch: write_package(scratch, opened, calibrated, **given), directory=True)
    return SimpleNamespace(
        trained=trained,
        files=opened,
        calibrated=calibrated,
        platt=calibrated.calibration,
        package=package,
        recipe=recipe,
    )


@pytest.fixture(scope="session")
def toy():
    """Return the functions that make data sets and packages."""
    return SimpleNamespace(
        dataset=make_dataset,
        candidates=make_candidates,
        cutouts=draw_cutouts,
        table=make_table,
        train_and_write=train_and_write,
        network=NETWORK,
        features=FEATURES,
    )


@pytest.fixture(scope="session")
def dataset():
    """Return a toy data set of 15 x 15 x 3."""
    return make_dataset()


@pytest.fixture(scope="session")
def network(tmp_path_factory, dataset):
    """Return a trained network and its package."""
    return train_and_write(tmp_path_factory.mktemp("network"), dataset, NETWORK)


@pytest.fixture(scope="session")
def ensemble(tmp_path_factory, dataset):
    """Return a trained feature ensemble and its package."""
    return train_and_write(tmp_path_factory.mktemp("ensemble"), dataset, FEATURES)


@pytest.fixture(scope="session")
def two(tmp_path_factory, network, ensemble, dataset):
    """A network and a feature ensemble under weights that a recipe states, and under fitted ones."""
    folder, folders = tmp_path_factory.mktemp("two"), [network.package, ensemble.package]
    return SimpleNamespace(
        folders=folders,
        fixed=written(folder / "fixed", folders, FIXED, dataset),
        fitted=written(folder / "fitted", folders, TWO, dataset),
    )


@pytest.fixture(scope="session")
def of_three_classes(toy, tmp_path_factory):
    """A data set of three classes, and two packages trained on it."""
    dataset = toy.dataset(n_classes=3, rows=(180, 90, 45), class_names=("artefact", "star", "transient"))
    folder = tmp_path_factory.mktemp("three classes")
    settings = [toy.features, toy.features | {"calibration": "temperature", "class_weight": "none"}]
    return dataset, [toy.train_and_write(folder / str(n), dataset, one).package for n, one in enumerate(settings)]
