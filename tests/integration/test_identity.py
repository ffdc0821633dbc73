"""What decides a result, and what does not: which tasks a change of settings asks for again."""

import subprocess
import sys

import pytest

from pipeline.fingerprint import fingerprint

UPSTREAM = ("MakeSyntheticSurvey", "FreezeInputs", "FetchCutouts", "SimulateTransients")


def incomplete(project):
    """Return the names of tasks that the report would have to build now."""
    from luigi.task_register import Register

    import tasks
    from commands.plan import walk

    Register.clear_instance_cache()
    root = tasks.PlotResults(survey="tiny", night=project.nights[1], replicates=20)
    return {task.task_family for task in walk(root, set()) if not task.complete()}


def test_a_finished_project_asks_for_nothing(here):
    assert incomplete(here) == set()


@pytest.mark.parametrize(
    ("kind", "change", "rebuilt"),
    [
        ("datasets", {"max_ratio": 3}, {"BuildDataset", "TrainClassifier", "CalibratePackage", "Infer", "PlotResults"}),
        ("classifiers", {"threshold_rule": "f1"}, {"CalibratePackage", "Infer", "PlotResults"}),
        ("classifiers", {"calibration": "platt_prior"}, {"CalibratePackage", "Infer", "PlotResults"}),
        ("classifiers", {"class_weight": "none"}, {"TrainClassifier", "CalibratePackage", "Infer", "PlotResults"}),
        (
            "simulations",
            {"seed": 2},
            {"SimulateTransients", "BuildDataset", "TrainClassifier", "CalibratePackage", "Infer", "PlotResults"},
        ),
        ("surveys", {"base_rate": 0.01}, {"PlotResults"}),
        ("surveys", {"notes": ["another word"]}, {"PlotResults"}),
        ("surveys", {"release": "r2"}, {"Infer", "PlotResults"}),
        (
            "surveys",
            {"cutout_size_pixel": 19},
            {
                "FetchCutouts",
                "SimulateTransients",
                "BuildDataset",
                "TrainClassifier",
                "CalibratePackage",
                "Infer",
                "PlotResults",
            },
        ),
    ],
)
def test_a_changed_value_rebuilds_its_task_and_what_lies_downstream(here, kind, change, rebuilt):
    here.change(kind, "tiny", **change)
    assert incomplete(here) == rebuilt


def test_the_seed_of_the_sky_rebuilds_everything(here):
    here.change("surveys", "tiny", input=here.settings("surveys", "tiny")["input"] | {"seed": 2})
    assert incomplete(here) >= {*UPSTREAM, "BuildDataset", "TrainClassifier", "CalibratePackage", "Infer"}


@pytest.mark.parametrize("kind", ["surveys", "datasets", "classifiers", "simulations"])
def test_comments_key_order_and_number_style_rebuild_nothing(here, kind):
    settings = here.settings(kind, "tiny")
    here.write(kind, "tiny", dict(reversed(settings.items())))
    file = here.config / kind / "tiny.yaml"
    file.write_text("# a comment\n" + file.read_text().replace("seed: 1\n", "seed: 1  # of chance\n"))
    (here.config / "README.md").write_text("of no weight")
    assert incomplete(here) == set()


def test_another_default_of_the_survey_asks_for_another_result_and_keeps_the_first(here):
    here.write("classifiers", "second", here.settings("classifiers", "tiny") | {"class_weight": "none"})
    defaults = here.settings("surveys", "tiny")["defaults"]
    here.change("surveys", "tiny", defaults=defaults | {"classifier": "second"})
    assert incomplete(here) == {"TrainClassifier", "CalibratePackage", "Infer", "PlotResults"}
    here.change("surveys", "tiny", defaults=defaults)
    assert incomplete(here) == set()


_PRINT = """
from tasks import *
from commands.plan import walk
root = PlotResults(survey="tiny", night="2026-01-02", replicates=20)
for task in walk(root, set()):
    print(task.task_id, task.run and task.fingerprint)
"""


def test_fingerprints_are_the_same_in_every_process(project):
    texts = {
        subprocess.run(
            [sys.executable, "-c", _PRINT],
            env=project.environment(PYTHONHASHSEED=seed),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(texts) == 1


def test_the_identity_of_a_task_is_what_it_says_it_is(here):
    import tasks

    task = tasks.TrainClassifier(survey="tiny", seed=3)
    assert task.fingerprint == fingerprint(task.identity)
    assert task.identity["decides"]["seed"] == 3
    assert task.identity["upstream"] == {"dataset": task.requires()["dataset"].fingerprint}


def test_a_parameter_left_empty_and_its_default_name_the_same_result(here):
    import tasks

    short = tasks.Infer(survey="tiny")
    full = tasks.Infer(survey="tiny", dataset="tiny", classifier="tiny", release="r1", seed=1)
    assert short.output().path == full.output().path


def test_what_cannot_change_the_result_is_not_part_of_it(here):
    import tasks

    assert tasks.Infer(survey="tiny", batch_size=7, threads=1).fingerprint == tasks.Infer(survey="tiny").fingerprint


def test_mjd_and_date_name_the_same_night(here):
    import tasks

    assert tasks.FetchCutouts(survey="tiny", night="61041").complete()


def test_a_network_trained_with_another_backend_is_a_result_of_its_own_and_a_feature_model_is_not(here, monkeypatch):
    from luigi.task_register import Register

    import tasks

    def fingerprints():
        Register.clear_instance_cache()
        return [tasks.TrainClassifier(survey="tiny", classifier=name).fingerprint for name in ("tiny_network", "tiny")]

    before = fingerprints()
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    assert fingerprints() == before
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    network, features = fingerprints()
    assert network != before[0]
    assert features == before[1]
