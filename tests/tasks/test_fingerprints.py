"""Fingerprints stay what they were: what decides a result is said at the fields of settings, and moves no result."""

import dataclasses

import pytest
import yaml
from luigi.task_register import Register

import tasks
from pipeline.errors import SettingsError
from pipeline.fingerprint import results_of, short
from pipeline.io.database.settings import DatabaseSettings
from tasks.fetch_cutouts import SOURCE_REVISIONS

NIGHT = "2026-02-01"
SURVEY = {
    "source": "database",
    "telescope": "F1",
    "longitude_deg": 20.5,
    "pixel_scale_arcsec": 1.5,
    "channels": ["science", "template", "difference"],
    "cutout_size_pixel": 21,
    "closed": {"after_hours": 0},
    "input": {
        "folder": "/survey",
        "database": {
            "engine": "postgresql",
            "name": "survey",
            "host": "localhost",
            "user": "reader",
            "password_variable": "SOME_NAME",
            "statement_timeout_s": 30,
            "connect_timeout_s": 5,
            "attempts": 2,
            "wait_s": 1,
        },
        "queries": "own",
        "images": {"hdus": {"science": "science_path:0", "template": "template_path:0", "difference": "path:0"}},
        "tables": ["eyeballs"],
    },
    "labels": [{"provider": "list", "table": "eyeballs"}, {"provider": "mover", "table": "ephemeris"}],
    "conflicts": "drop",
    "base_rate": 0.01,
    "references": ["old"],
    "notes": ["a caveat"],
    "release": "r7",
    "defaults": {"dataset": "own", "classifier": "own", "baseline": "own", "simulation": "own"},
}
SKYBOT = {"source": "skybot", "observatory": "M22", "max_error_arcsec": 5, "timeout_s": 7, "tries": 3}
ORBITS = {"source": "orbits", "latitude_deg": -30, "height_m": 1800, "catalogue": "https://host/orbits", "tries": 9}
DIGESTS = {
    "skybot": {
        "FreezeInputs": "53864c4148ab",
        "FetchMovers": "fca5b0927bbf",
        "FetchCutouts": "b9c229620015",
        "SimulateTransients": "00e06b557251",
        "BuildDataset": "ce5b18d8b1bd",
        "TrainClassifier": "835fa98931cd",
        "CalibratePackage": "20dcf0591bbb",
        "Infer": "6549ab3c2fc4",
        "PlotResults": "e1c8c7c4138f",
    },
    "orbits": {
        "FreezeInputs": "53864c4148ab",
        "FetchMovers": "9f7866ed5ab9",
        "FetchCutouts": "781a562e3156",
        "SimulateTransients": "1705f7e2d5af",
        "BuildDataset": "c8d8338a0ddd",
        "TrainClassifier": "551cdfb55677",
        "CalibratePackage": "ecf0df5f4a28",
        "Infer": "c9ac93380858",
        "PlotResults": "bf1d79a68570",
    },
}
"""The first digits of the fingerprints of November 2026, under which results are stored."""
OF_ALL = set(DIGESTS["skybot"])
OF_A_NIGHT = ("FreezeInputs", "FetchMovers", "FetchCutouts", "SimulateTransients", "PlotResults")


def write(config, kind, content):
    (config / kind).mkdir(parents=True, exist_ok=True)
    (config / kind / "own.yaml").write_text(yaml.safe_dump(content))


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A folder of settings that this test states in full."""
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))
    config = tmp_path / "config"
    write(config, "surveys", SURVEY | {"ephemeris": SKYBOT})
    write(config, "datasets", {"survey": "own", "nights": [NIGHT], "simulation": "own"})
    write(config, "classifiers", {"classifier": "boosting", "threads": 2})
    write(config, "simulations", {"seed": 2, "images": {"per_exposure": 3}})
    (config / "queries" / "own").mkdir(parents=True)
    for name in ("candidates", "exposures", "eyeballs", "nights"):
        (config / "queries" / "own" / f"{name}.sql").write_text(f"SELECT * FROM {name} WHERE night = :night")
    return config


def fingerprints():
    """Return the first digits of the fingerprint of each task of the night as the settings are now."""
    Register.clear_instance_cache()
    made = {
        name: getattr(tasks, name)(survey="own", **({"night": NIGHT} if name in OF_A_NIGHT else {}))
        for name in DIGESTS["skybot"]
    }
    return {name: short(task.fingerprint) for name, task in made.items()}


@pytest.mark.parametrize("ephemeris", [SKYBOT, ORBITS], ids=lambda ephemeris: ephemeris["source"])
def test_fingerprints_are_those_under_which_results_are_stored(config, ephemeris):
    write(config, "surveys", SURVEY | {"ephemeris": ephemeris})
    assert fingerprints() == DIGESTS[ephemeris["source"]]


@pytest.mark.parametrize(
    ("changes", "changed"),
    [
        ({"defaults": SURVEY["defaults"] | {"night": NIGHT}}, set()),
        ({"notes": ["another caveat"]}, {"PlotResults"}),
        ({"base_rate": 0.02}, {"PlotResults"}),
        ({"candidates_per_night": 900}, {"PlotResults"}),
        ({"release": "r8"}, {"Infer", "PlotResults"}),
        ({"ephemeris": SKYBOT | {"tries": 9, "timeout_s": 1, "latitude_deg": 5}}, set()),
        ({"ephemeris": SKYBOT | {"observatory": "500"}}, OF_ALL - {"FreezeInputs"}),
        ({"conflicts": "stronger"}, OF_ALL - {"FreezeInputs", "FetchMovers"}),
        ({"labels": SURVEY["labels"][1:]}, OF_ALL - {"FreezeInputs", "FetchMovers"}),
        ({"labels": SURVEY["labels"][:1]}, OF_ALL),
    ],
)
def test_a_field_that_decides_only_some_results_changes_these_alone(config, changes, changed):
    before = fingerprints()
    write(config, "surveys", SURVEY | {"ephemeris": SKYBOT} | changes)
    after = fingerprints()
    assert {name for name in before if before[name] != after[name]} == changed


def test_the_revision_of_a_source_changes_what_is_made_of_its_cutouts_and_no_other_source(config, monkeypatch):
    before = fingerprints()
    monkeypatch.setitem(SOURCE_REVISIONS, "another", 2)
    assert fingerprints() == before
    monkeypatch.setitem(SOURCE_REVISIONS, SURVEY["source"], 2)
    after = fingerprints()
    assert {name for name in before if before[name] != after[name]} == OF_ALL - {"FreezeInputs", "FetchMovers"}


def test_old_cutouts_of_alert_tables_are_stale(config):
    """The first of them took a whole stamp that lacks its last row or column for one of even side."""
    alerts = {"columns": {name: name for name in ("candidate_id", "object_id", "ra_deg", "dec_deg", "time_mjd")}}
    survey = SURVEY | {"source": "alert_table", "input": {"folder": "/survey"} | alerts, "labels": []}
    write(config, "surveys", survey)
    identity = tasks.FetchCutouts(survey="own", night=NIGHT).identity
    assert identity["decides"]["source_revision"] == 2


def test_old_cutouts_of_stamps_are_stale(config):
    """They did not list the stamps that the set itself leaves out."""
    write(
        config, "surveys", SURVEY | {"source": "stamp_set", "input": {"format": "gmadet", "folder": "/s"}, "labels": []}
    )
    identity = tasks.FetchCutouts(survey="own", night=NIGHT).identity
    assert identity["decides"]["source_revision"] == 2


def test_every_field_of_how_patiently_a_database_is_asked_decides_nothing(config):
    before = fingerprints()
    silent = deciding_nothing(DatabaseSettings)
    assert {"user", "attempts", "wait_s"} <= set(silent)
    database = SURVEY["input"]["database"] | silent
    write(config, "surveys", SURVEY | {"ephemeris": SKYBOT, "input": SURVEY["input"] | {"database": database}})
    assert fingerprints() == before


def deciding_nothing(kind):
    """Return the fields of settings that decide no result, with their defaults."""
    return {field.name: field.default for field in dataclasses.fields(kind) if results_of(field) == ()}


AT_BASE_RATE = {"classifier": "boosting", "threads": 2, "calibrated_to": "base_rate"}
BUDGET = {"classifier": "boosting", "threads": 2, "threshold_rule": "budget", "threshold_parameter": {"looks": 50}}


@pytest.mark.parametrize("recipe", [AT_BASE_RATE, BUDGET], ids=["calibrated to it", "budget"])
def test_a_base_rate_decides_packages_whose_recipe_takes_it(config, recipe):
    write(config, "classifiers", recipe)
    write(config, "surveys", SURVEY | {"ephemeris": SKYBOT, "candidates_per_night": 900})
    before = fingerprints()
    write(config, "surveys", SURVEY | {"ephemeris": SKYBOT, "base_rate": 0.02, "candidates_per_night": 900})
    after = fingerprints()
    assert {name for name in before if before[name] != after[name]} == {"CalibratePackage", "Infer", "PlotResults"}


@pytest.mark.parametrize(
    ("recipe", "survey", "words"),
    [
        (
            AT_BASE_RATE,
            {"base_rate": None},
            "base_rate' needs a 'base_rate', and the survey states none",
        ),
        (AT_BASE_RATE, {"base_rate": 0}, "'calibrated_to: base_rate' needs a 'base_rate', and the survey's is 0;"),
        (AT_BASE_RATE, {"base_rate": 1}, "'calibrated_to: base_rate' needs a 'base_rate', and the survey's is 1;"),
        (BUDGET, {}, "'threshold_rule: budget' needs 'candidates_per_night', and the survey states none"),
        (
            AT_BASE_RATE,
            {"classes": ["a", "b", "c"]},
            "the survey has 3 classes; allowed for more .*: sample",
        ),
    ],
)
def test_a_survey_without_what_a_recipe_takes_of_it_is_refused_before_anything_runs(config, recipe, survey, words):
    write(config, "classifiers", recipe)
    write(config, "surveys", SURVEY | {"ephemeris": SKYBOT, "references": []} | survey)
    Register.clear_instance_cache()
    with pytest.raises(SettingsError, match=f"classifiers/own.yaml: .*{words}"):
        tasks.CalibratePackage(survey="own").deps()
