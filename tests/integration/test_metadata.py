"""Columns of a survey's alerts on their whole way: into files, a data set, a network, and scores."""

import numpy as np
import pandas as pd
import pytest

from models.packages import calibrating, trained_files
from models.packages.package import write_package
from models.recipes.classifier import ClassifierRecipe
from models.scoring import runtime
from models.scoring.score_files import Scoring, score_file, score_night
from models.training.train import train
from pipeline.errors import IncompatiblePackageError
from pipeline.io.results.commit import commit
from pipeline.io.results.cutout_file import open_cutouts
from pipeline.io.results.dataset_file import open_dataset
from pipeline.io.results.scores_file import read_scores
from pipeline.metrics import METRICS
from pipeline.recipes.dataset import DatasetRecipe, SplitSettings
from pipeline.stages.build_dataset import build_dataset
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_cutouts import NightCutouts
from pipeline.stages.night_job import NightJob

NIGHT, COUNT, SIZE = "2026-01-05", 241, 15
RECIPE = {
    "classifier": "triplet_cnn",
    "settings": {"filters": [4, 8], "dense": 8},
    "metadata": {"columns": ["elong"]},
    "epochs": 8,
    "batch_size": 32,
    "learning_rate": 0.01,
    "threads": 1,
}


@pytest.fixture
def survey(alert_survey):
    """Return a function that opens a survey of stamps of noise, whose column ``elong`` tells the class."""
    rng = np.random.default_rng(2)
    label = np.arange(COUNT) % 2
    elong = np.where(rng.random(COUNT) < 0.1, -999.0, rng.normal(np.where(label == 1, 1.1, 1.6), 0.1))
    stamps = rng.normal(size=(COUNT, 3, SIZE, SIZE))

    def columns(table):
        objects = [f"o{row}" for row in range(COUNT)]
        ra = np.arange(COUNT) * 1.2
        return table.assign(verdict=label, by="spec", elong=elong, object=objects, ra=ra, dec=np.arange(COUNT) / 4)

    def make(**settings):
        chain = [{"provider": "list", "table": "labels"}]
        return alert_survey(COUNT, stamps=stamps, change=columns, cutout_size_pixel=SIZE, labels=chain, **settings)

    return make


def job_of(survey):
    manifest = survey.freeze(NIGHT)
    return NightJob(survey=survey, name="toy", night=NIGHT, manifest=manifest, provenance={"task": "test"})


def package_of(folder, cutouts):
    """Return a package that was trained on the cutouts of a file."""
    split = SplitSettings(test=0.25, validation=0.3, seed=1, minimum_groups=2)
    how = DatasetRecipe(survey="toy", nights=(NIGHT,), split=split)
    common = {"linked_within_arcsec": 0.0, "fold": 0, "fingerprint": "abc", "provenance": {}}
    build_dataset(folder / "d.h5", sources=[cutouts], recipe=how, **common)
    recipe = ClassifierRecipe.from_mapping(RECIPE, "r.yaml")
    with open_dataset(folder / "d.h5") as dataset:
        trained = train(dataset, recipe, 1, workdir=folder / "work")
        files = folder / "trained"
        commit(files, lambda scratch: trained_files.write(scratch, trained, dataset=dataset), directory=True)
        opened = trained_files.read(files)
        calibrated = calibrating.calibrate(opened, dataset, recipe)
    given = {"provenance": {}}
    commit(folder / "package", lambda path: write_package(path, opened, calibrated, **given), directory=True)
    return runtime.load(folder / "package")


def test_the_columns_of_alerts_reach_the_scores(survey, tmp_path):
    opened = survey(metadata=["elong"])
    fetch_cutouts(tmp_path / "c.h5", job_of(opened))
    scoring = Scoring(package=package_of(tmp_path, tmp_path / "c.h5"), release="r1", seed=1)
    score_file(tmp_path / "file.parquet", scoring, rows=tmp_path / "c.h5", provenance={})
    score_night(tmp_path / "night.parquet", scoring, NightCutouts(job_of(opened), labels=False))
    kept, read = (read_scores(tmp_path / f"{name}.parquet") for name in ("file", "night"))
    pd.testing.assert_frame_equal(kept.drop(columns="split"), read.drop(columns="split"))
    with open_cutouts(tmp_path / "c.h5") as file:
        rows = file.candidates(columns=("label", "elong"))
    assert rows["elong"].isna().sum() > 5
    assert kept["score"].notna().all()
    told = rows["elong"].notna().to_numpy()
    assert METRICS["auc"](rows["label"].to_numpy()[told], kept["score"].to_numpy()[told]) > 0.97

    other = survey()
    fetch_cutouts(tmp_path / "other.h5", job_of(other))
    for score in (
        lambda path: score_file(path, scoring, rows=tmp_path / "other.h5", provenance={}),
        lambda path: score_night(path, scoring, NightCutouts(job_of(other), labels=False)),
    ):
        with pytest.raises(IncompatiblePackageError, match="the model needs the columns elong; the cutouts lack elong"):
            score(tmp_path / "refused.parquet")
