"""Trainings in memory are those of a package's, and measure a candidate once."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.studies.ztf import trainings
from benchmarks.studies.ztf.trainings import calibrated, judged, keep, measured, named_recipe, remember
from models.training.in_memory import MemoryDataSet
from models.training.train import train
from pipeline.scores.calibration import fit_platt_prior

Y, X = np.indices((21, 21)) - 10.0


@pytest.fixture(autouse=True)
def nothing_measured(monkeypatch):
    monkeypatch.setattr(trainings, "_MEASURED", {})


def part(name, count, source="eye"):
    """Return points (real) and stripes (bogus) on noise."""
    rng = np.random.default_rng(len(name))
    label = np.arange(count) % 2
    points, stripes = (50.0 * np.exp(-0.5 * (X**2 + wide * Y**2)) for wide in (1.0, 0.0))
    pixels = np.where(label[:, None, None] == 1, points, stripes) + rng.normal(size=(count, 21, 21))
    names = [f"{name}{number}" for number in range(count)]
    same = dict.fromkeys(("candidate_id", "object_id", "group_id"), names)
    rows = pd.DataFrame(same | {"night": "n", "magnitude": 18.0, "kind": "k", "label_source": source, "label": label})
    return rows, pixels[..., None].astype(np.float32)


@pytest.fixture
def rows():
    parts = {"train": part("train", 60), "validation": part("validation", 20), "test": part("test", 10)}
    return MemoryDataSet(parts=parts, channels=("difference",))


def test_an_estimator_of_features_learns_what_that_of_a_package_does(rows, tmp_path):
    recipe = replace(named_recipe("histogram_boosting"), settings={"n_estimators": 5})
    found = judged(rows, recipe, 3)
    trained = train(rows, recipe, 3, workdir=tmp_path).fitted
    for name in ("validation", "test"):
        logits = found["logit"][found["part"] == name].to_numpy()
        assert logits == pytest.approx(trained.logits(rows.cutouts(name))[:, 0], abs=1e-5)


def test_rows_of_untrusted_sources_do_not_validate_and_unlabelled_ones_do_not_test(rows):
    rows.candidates("validation").loc[:4, "label_source"] = "teacher"
    rows.candidates("test").loc[:1, "label"] = -1
    found = judged(rows, named_recipe("rules"), 1)
    assert found["part"].value_counts().to_dict() == {"validation": 15, "test": 8}


def test_a_candidate_is_measured_once_and_remembered(rows, monkeypatch, tmp_path):
    once = measured(rows, "test")
    keep(tmp_path)
    monkeypatch.setattr(trainings, "_MEASURED", {})
    monkeypatch.setattr(trainings, "features_of", None)  # it would be called
    remember(tmp_path)
    assert np.array_equal(measured(rows, "test"), once)


def test_logits_are_calibrated_on_validation_rows_alone():
    validation = pd.DataFrame({"logit": [-3.0, -1.0, 2.0, 4.0], "label": [0, 0, 1, 1], "part": "validation"})
    test = pd.DataFrame({"logit": [9.0, -9.0], "label": [0, 1], "part": "test"})
    platt = fit_platt_prior(validation["logit"], validation["label"])
    assert calibrated(pd.concat([validation, test]))["logit"].tolist()[4:] == platt.calibrated([9.0, -9.0]).tolist()
