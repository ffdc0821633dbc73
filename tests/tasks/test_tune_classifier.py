import pytest
import yaml
from luigi.task_register import Register

import tasks
from pipeline.errors import SettingsError, UnknownNameError
from pipeline.io import settings_files


def write(folder, kind, name, content):
    (folder / kind).mkdir(parents=True, exist_ok=True)
    (folder / kind / f"{name}.yaml").write_text(yaml.safe_dump(content))


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Return a folder of settings with a survey, a recipe of boosting, and two spaces."""
    folder = tmp_path / "config"
    write(folder, "surveys", "synthetic", settings_files.raw("surveys", "synthetic"))
    write(folder, "datasets", "synthetic", settings_files.raw("datasets", "synthetic"))
    write(folder, "simulations", "point_sources", settings_files.raw("simulations", "point_sources"))
    write(folder, "classifiers", "boosting", {"classifier": "boosting"})
    trees = {"kind": "int", "low": 10, "high": 90}
    write(folder, "spaces", "boosting", {"parameters": {"settings.n_estimators": trees}})
    write(folder, "spaces", "wrong", {"parameters": {"settings.trees": trees}})
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(folder))
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))
    return folder


def tuning(**parameters):
    Register.clear_instance_cache()
    return tasks.TuneClassifier(survey="synthetic", classifier="boosting", **parameters)


def test_the_objective_and_the_space_are_those_of_the_recipe_unless_others_are_named(config):
    assert tuning().fingerprint == tuning(objective="validation_loss", space="boosting").fingerprint
    assert tuning().search.objective == "validation_loss"
    assert tuning(objective="validation_auc").search.larger_is_better


@pytest.mark.parametrize("change", [{"trials": 21}, {"seed": 2}, {"objective": "validation_auc"}])
def test_what_decides_the_search_is_its_identity(config, change):
    assert tuning(**change).fingerprint != tuning().fingerprint


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("spaces", {"parameters": {"settings.n_estimators": {"kind": "int", "low": 10, "high": 91}}}),
        ("classifiers", {"classifier": "boosting", "class_weight": "none"}),
    ],
)
def test_the_content_of_space_and_recipe_is_too(config, kind, content):
    before = tuning().fingerprint
    write(config, kind, "boosting", content)
    assert tuning().fingerprint != before


def test_a_space_that_does_not_fit_is_refused_when_the_run_is_planned(config):
    with pytest.raises(SettingsError, match=r"spaces/wrong.yaml with classifiers/boosting.yaml: unknown key 'settings"):
        tuning(space="wrong").deps()
    with pytest.raises(UnknownNameError, match=r"unknown space 'none'; known: boosting, wrong"):
        tuning(space="none").deps()
    with pytest.raises(UnknownNameError, match="unknown objective 'validation_auk'"):
        tuning(objective="validation_auk").deps()


def test_of_a_stack_is_said_that_it_is_one_before_its_space_is_missed(config):
    write(config, "classifiers", "mine", {"classifier": "stack", "members": ["boosting", "other"]})
    Register.clear_instance_cache()
    with pytest.raises(SettingsError, match=r"mine.yaml is a stack, of which .* name one of them by --classifier"):
        _ = tasks.TuneClassifier(survey="synthetic", classifier="mine").fingerprint


def test_the_target_lies_beside_the_data_set_and_says_what_it_is(config):
    path = tuning(trials=3).output().path
    assert path.parent == tuning().requires()["dataset"].output().path.parent
    assert path.name.startswith("TuneClassifier-synthetic-boosting-seed1-boosting-3trials-")
