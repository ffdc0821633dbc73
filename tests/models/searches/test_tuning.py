import json
import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import pipeline.features
from models.recipes.classifier import ClassifierRecipe, load
from models.recipes.search_spaces import SearchSpace, with_values
from models.searches import tuning, tuning_trial
from models.searches.tuning_search import Search, objective_of
from models.searches.tuning_study import JOURNAL
from models.training import feature_training
from models.training.train import FITTERS, train
from pipeline.errors import DataSetError, SettingsError, UnknownNameError
from pipeline.io import settings_files
from pipeline.settings import parse
from pipeline.stages.tuning_folder import write_tuning

ROOT = Path(__file__).resolve().parents[3]
FEATURES = {"classifier": "boosting", "settings": {"n_estimators": 5}}
TREES = {
    "settings.n_estimators": {"kind": "int", "low": 2, "high": 20},
    "settings.subsample": {"kind": "choice", "choices": [0.5, 1.0]},
}


def search_of(recipe, parameters, draw="learned", **changes):
    space = parse(SearchSpace, {"parameters": parameters, "draw": draw}, "spaces/test.yaml")
    given = {"objective": "validation_loss", "trials": 3, "seed": 1, "where": "spaces/test.yaml", **changes}
    return Search(recipe=recipe, space=space, **given)


@pytest.fixture
def network(toy):
    """Return the recipe of a tiny network that trains in no time."""
    return {**toy.network, "augment": [], "posterior_samples": 0}


@pytest.fixture(scope="module")
def small(toy):
    return toy.dataset(rows=(48, 32, 8))


@pytest.fixture
def instant(monkeypatch):
    """Stand in for training: the learning rate says what comes of it, the loss falls to it over four epochs."""

    def stand_in(dataset, recipe, seed, *, workdir, progress, after_epoch):
        if recipe.learning_rate > 1.0:
            raise SettingsError("training diverged in epoch 1: lower learning_rate")
        history = []
        for epoch in range(4):
            loss = recipe.learning_rate * (2.0 - epoch / 4)
            history.append({"epoch": epoch + 1, "validation_loss": loss, "validation_auc": 1 - loss, "seconds": 1.0})
            after_epoch(history)
        return type("Trained", (), {"history": pd.DataFrame(history), "recipe": recipe})

    monkeypatch.setattr(tuning_trial, "train", stand_in)


RATES = {"learning_rate": {"kind": "float", "low": 0.001, "high": 0.5, "log": True}}


def test_the_best_recipe_trains_to_what_its_trial_did(tmp_path, small, network, monkeypatch):
    parameters = {**RATES, "augment": {"kind": "choice", "choices": [[], ["flip"]]}}
    parameters["settings.dense"] = {"kind": "int", "low": 4, "high": 8}
    search = search_of(network, parameters, objective="validation_auc", trials=2)
    found = tuning.tune(small, search, workdir=tmp_path / "work")
    assert [trial.state for trial in found.trials] == ["complete"] * 2
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path))
    (tmp_path / "classifiers").mkdir()
    (tmp_path / "classifiers" / "own.yaml").write_text(yaml.safe_dump(network))
    write_tuning(tmp_path / "classifiers", found.result(small.fingerprint, classifier="own", space="test"))
    best = ClassifierRecipe.from_mapping(settings_files.raw("classifiers", "best"))
    assert best.monitor == "validation_auc"
    again = train(small, best, 1, workdir=tmp_path / "again")
    np.testing.assert_array_equal(again.history["validation_auc"], found.best.by_epoch)
    assert found.best.objective == max(found.best.by_epoch)


def test_features_are_judged_on_the_validation_rows_as_reports_do(tmp_path, small, monkeypatch):
    read = []
    batches = type(small).batches
    monkeypatch.setattr(
        type(small), "batches", lambda self, part, size: (read.append(part), batches(self, part, size))[1]
    )
    found = tuning.tune(small, search_of(FEATURES, TREES), workdir=tmp_path / "work")
    assert set(read) == {"train", "validation"}
    best = load(with_values(FEATURES, found.best.values), "best")
    trained = train(small, best, 1, workdir=tmp_path / "again")
    score = 1.0 / (1.0 + np.exp(-trained.fitted.logits(small.cutouts("validation"))[:, 0]))
    label = small.candidates("validation")["label"].to_numpy()
    loss = -np.mean(np.where(label == 1, np.log(score), np.log(1.0 - score)))
    assert found.best.objective == pytest.approx(loss, rel=1e-9)
    assert found.best_changes == {"settings": {key[9:]: value for key, value in found.best.values.items()}}


def test_features_are_measured_once_however_many_trials_there_are(tmp_path, small, monkeypatch):
    measured, plain = [], pipeline.features.physical_features

    def counted(pixels, *further):
        measured.append(len(pixels))
        return plain(pixels, *further)

    monkeypatch.setattr(pipeline.features, "physical_features", counted)
    found = tuning.tune(small, search_of(FEATURES, TREES, trials=4), workdir=tmp_path / "work")
    assert sum(measured) == 48 + 32
    alone = train(small, load(with_values(FEATURES, found.trials[3].values), "t"), 1, workdir=tmp_path / "again")
    assert sum(measured) == 2 * (48 + 32)
    again = tuning_trial._of_features(alone, small, "validation_loss")
    assert found.trials[3].objective == again


@pytest.mark.parametrize(("objective", "larger"), [("validation_accuracy", True), ("validation_brier", False)])
def test_any_metric_decides_in_its_own_direction(tmp_path, small, objective, larger):
    found = tuning.tune(small, search_of(FEATURES, TREES, objective=objective), workdir=tmp_path / "work")
    values = [trial.objective for trial in found.trials]
    assert found.best.objective == (max(values) if larger else min(values))
    assert 0.0 <= found.best.objective <= 1.0


def test_the_objective_decides_the_best_epoch_of_a_network_too(network):
    search = search_of({**network, "metrics": ["mcc"]}, RATES, objective="validation_auc")
    assert search.own_changes == {"monitor": "validation_auc", "metrics": ["mcc", "auc"]}
    assert search.recipe_of({"learning_rate": 0.1}).monitor == "validation_auc"
    assert search.larger_is_better
    assert search_of(network, RATES).own_changes == {}


def test_an_objective_is_the_monitored_value_or_any_metric():
    recipe = ClassifierRecipe(classifier="triplet_cnn", monitor="validation_accuracy")
    assert objective_of(recipe, "") == "validation_accuracy"
    assert objective_of(recipe, "validation_auc") == "validation_auc"
    with pytest.raises(UnknownNameError, match=r"unknown objective 'auc'; known: .*validation_auc, "):
        objective_of(recipe, "auc")


def test_a_trial_worse_than_the_median_is_pruned(tmp_path, small, network, instant):
    found = tuning.tune(small, search_of(network, RATES, trials=20), workdir=tmp_path)
    states = [trial.state for trial in found.trials]
    assert states[:5] == ["complete"] * 5
    pruned = [trial for trial in found.trials if trial.state == "pruned"]
    assert pruned
    assert {trial.epochs for trial in pruned} == {2}
    assert pruned[0].reason == "worse after epoch 2 than the median of the trials before"
    assert pruned[0].objective == pruned[0].by_epoch[-1] > found.best.objective


def test_a_failed_trial_is_listed_with_its_reason_and_stops_no_other(tmp_path, small, network, instant):
    rates = {"learning_rate": {"kind": "choice", "choices": [0.1, 0.2, 9.0]}}
    table = tuning.tune(small, search_of(network, rates, trials=12), workdir=tmp_path).table
    failed = table[table["learning_rate"] == 9.0]
    assert len(failed)
    assert set(failed["state"]) == {"failed"}
    assert set(failed["reason"]) == {"training diverged in epoch 1: lower learning_rate"}
    assert failed["objective"].isna().all()
    assert len(table) == 12
    assert list(table["number"]) == list(range(1, 13))


def test_only_failed_trials_are_an_error_and_the_next_run_begins_anew(tmp_path, small, network, instant):
    rates = {"learning_rate": {"kind": "float", "low": 2.0, "high": 9.0}}
    with pytest.raises(SettingsError, match=r"spaces/test.yaml: all 3 trials failed: 3 x training diverged in epoch 1"):
        tuning.tune(small, search_of(network, rates), workdir=tmp_path / "work")
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize(
    ("error", "state"),
    [(MemoryError("no room"), "failed"), (ValueError("negative size"), "failed"), (TypeError("a mistake"), None)],
)
def test_a_network_that_does_not_fit_fails_and_a_mistake_of_the_code_comes_out(
    tmp_path, small, monkeypatch, error, state
):
    fit, calls = feature_training.fit, []

    def sometimes(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            raise error
        return fit(*arguments, **options)

    monkeypatch.setitem(FITTERS, "features", sometimes)
    if state is None:
        with pytest.raises(TypeError, match="a mistake"):
            tuning.tune(small, search_of(FEATURES, TREES), workdir=tmp_path)
    else:
        trials = tuning.tune(small, search_of(FEATURES, TREES), workdir=tmp_path).trials
        assert [trial.state for trial in trials] == ["complete", state, "complete"]
        assert trials[1].reason == str(error)


def test_a_data_set_without_a_class_is_an_error_of_all_trials(tmp_path, toy):
    dataset = toy.dataset(rows=(48, 32, 8), n_classes=1)
    with pytest.raises(DataSetError, match="no usable row of class"):
        tuning.tune(dataset, search_of(FEATURES, TREES), workdir=tmp_path)


def test_a_space_that_does_not_fit_is_refused_before_any_trial(tmp_path, small):
    with pytest.raises(SettingsError, match=r"spaces/test.yaml: unknown key 'settings.dense'"):
        tuning.tune(small, search_of(FEATURES, {"settings.dense": TREES["settings.n_estimators"]}), workdir=tmp_path)
    assert not (tmp_path / JOURNAL).exists()


def test_more_trials_of_the_same_search_begin_with_the_same(tmp_path, small, network, instant):
    few = tuning.tune(small, search_of(network, RATES, trials=4), workdir=tmp_path / "few")
    more = tuning.tune(small, search_of(network, RATES, trials=9), workdir=tmp_path / "more")
    assert more.trials[:4] == few.trials


def test_clearing_removes_the_folder_and_those_that_were_forgotten(tmp_path):
    for name, age_days in (("done", 0), ("forgotten", 40), ("running", 1)):
        (tmp_path / name).mkdir()
        (tmp_path / name / JOURNAL).touch()
        then = time.time() - 86400.0 * age_days
        os.utime(tmp_path / name / JOURNAL, (then, then))
    tuning.clear(tmp_path / "done")
    assert [path.name for path in tmp_path.iterdir()] == ["running"]


def test_the_folder_holds_table_recipe_summary_and_figure(tmp_path, small, network, instant):
    rates = {"learning_rate": {"kind": "choice", "choices": [0.1, 0.2, 9.0]}}
    found = tuning.tune(small, search_of(network, rates, trials=8, objective="validation_auc"), workdir=tmp_path / "w")
    (tmp_path / "out").mkdir()
    write_tuning(tmp_path / "out", found.result("d" * 64, classifier="own", space="rates"))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "best.yaml",
        "trials.csv",
        "trials.png",
        "tuning.json",
    ]
    text = (tmp_path / "out" / "best.yaml").read_text()
    assert text.startswith(f"# Trial {found.best.number}, the best of 8 of own in the space rates.\n")
    assert "of the validation rows that chose it, and so optimistic" in text
    assert yaml.safe_load(text) == {
        "extends": "own",
        "monitor": "validation_auc",
        "metrics": ["auc"],
        "learning_rate": 0.1,
    }
    table = pd.read_csv(tmp_path / "out" / "trials.csv")
    assert list(table) == ["number", "state", "objective", "learning_rate", "epochs", "seconds", "reason"]
    said = yaml.safe_load((tmp_path / "out" / "tuning.json").read_text())
    assert said["trials"] == {state: int((table["state"] == state).sum()) for state in ("complete", "pruned", "failed")}
    assert said["parameters"] == {"learning_rate": {"kind": "choice", "choices": [0.1, 0.2, 9.0]}}
    assert (said["schema"], said["objective"], said["seed"]) == (1, "validation_auc", 1)


@pytest.mark.replaces("4most", "M7")
@pytest.mark.parametrize(
    ("recipe", "searched", "values"),
    [
        ({"classifier": "mlp", "epochs": 2, "table": {}}, "settings.units", [[4], [8, 8]]),
        ({"classifier": "table_forest"}, "settings.n_estimators", [2, 5]),
    ],
)
def test_classifiers_of_tables_are_searched_by_macro_f1(tmp_path, toy, recipe, searched, values):
    recipe |= {"threads": 1, "monitor": "validation_macro_f1"}
    parameters = {searched: {"kind": "choice", "choices": values}}
    search = search_of(recipe, parameters, draw="grid", objective="validation_macro_f1", trials=9)
    found = tuning.tune(toy.table(rows=(90, 60, 3)), search, workdir=tmp_path)
    assert found.table["state"].tolist() == ["complete"] * 2
    assert 0 < found.best.objective == found.table["objective"].max() <= 1
    assert sorted(trial.values[searched] for trial in found.trials) == values


def test_a_grid_ends_with_its_last_point(tmp_path, small, network, instant, caplog):
    rates = {"learning_rate": {"kind": "choice", "choices": [0.3, 0.1, 0.2]}}
    with caplog.at_level("INFO"):
        found = tuning.tune(small, search_of(network, rates, draw="grid", trials=250), workdir=tmp_path / "w")
    assert sorted(trial.values["learning_rate"] for trial in found.trials) == [0.1, 0.2, 0.3]
    assert found.best_changes == {"learning_rate": 0.1}
    assert "the grid of spaces/test.yaml has 3 points: as many trials and not 250" in caplog.text
    few = tuning.tune(small, search_of(network, rates, draw="grid", trials=2), workdir=tmp_path / "few")
    assert [trial.values for trial in few.trials] == [trial.values for trial in found.trials[:2]]


@pytest.mark.replaces("gotorb", "G12")
@pytest.mark.timeout(900)
def test_a_search_that_is_killed_again_and_again_ends_as_an_undisturbed_one(tmp_path):
    command = [sys.executable, ROOT / "tests" / "fixtures" / "search_to_kill.py", tmp_path]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "whole": 0,
        "in the first trial": [-signal.SIGKILL, 1],
        "in the third trial": [-signal.SIGKILL, 3],
        "at last": 0,
    }
    finished = (tmp_path / "killed.csv").read_text()
    assert finished == (tmp_path / "whole.csv").read_text()
    assert set(pd.read_csv(StringIO(finished))["state"]) == {"complete", "pruned", "failed"}
