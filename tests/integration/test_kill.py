"""kill -9 in the middle of each task leaves nothing or the whole; a rerun gives what an undisturbed run gives."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.io.results.cutout_file import open_cutouts

KILLED_CHILD = Path(__file__).with_name("killed_child.py")
TASKS = {
    "MakeSyntheticSurvey": ({}, 2),
    "FreezeInputs": ({"night": "2026-01-01"}, 5),
    "FetchCutouts": ({"night": "2026-01-01"}, 6),
    "SimulateTransients": ({"night": "2026-01-01"}, 3),
    "BuildDataset": ({}, 6),
    "TrainClassifier": ({}, 4),
    "CalibratePackage": ({}, 4),
    "Infer": ({"night": "2026-01-02"}, 4),
    "PlotResults": ({"night": "2026-01-02", "replicates": 20}, 1),
}
FREEZE_LABELS = """
import sys
import tasks
tasks.FreezeInputs(survey="tiny", night=sys.argv[1], snapshot=2, labels=True).run()
"""


@pytest.mark.parametrize("name", TASKS)
def test_a_killed_task_leaves_nothing_or_the_whole(project, name):
    parameters, kills = TASKS[name]
    project.forget(name)
    if name == "MakeSyntheticSurvey":  # nothing is made of it here, so that one exposure will do
        survey = project.settings("surveys", "tiny")
        survey["input"]["sky"] |= {"nights": 1, "exposures_per_night": 1}
        project.write("surveys", "tiny", survey)
    kill(project, name, parameters, kills)


def test_a_killed_stack_leaves_nothing_or_the_whole(project):
    project.write("classifiers", "other", {"classifier": "boosting", "settings": {"n_estimators": 5}, "threads": 1})
    project.write("classifiers", "mine", {"classifier": "stack", "members": ["tiny", "other"], "combine": "weights"})
    project.make("CalibratePackage", "--survey", "tiny", "--classifier", "other")
    kill(project, "CalibratePackage", {"classifier": "mine"}, 4)


def test_killed_while_labels_are_applied_anew_the_former_cutouts_stay_and_the_new_are_whole(project):
    night = project.nights[0]
    (former,) = [path for path in project.results("FetchCutouts") if path.parent.name == night]
    before = former.read_bytes()
    database = project.result("MakeSyntheticSurvey") / "survey.sqlite"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE eyeballs SET label = 1 - label")
    frozen = [sys.executable, "-c", FREEZE_LABELS, night]
    subprocess.run(frozen, env=project.environment(), check=True, capture_output=True, timeout=120)
    kill(project, "FetchCutouts", {"night": night, "snapshot": 2}, 5)
    assert former.read_bytes() == before
    (new,) = {path for path in project.results("FetchCutouts") if path.parent.name == night} - {former}
    with open_cutouts(new) as file:
        assert file.provenance["relabelled"] == {"pixels_of": former.name, "changed": ["eyeballs"]}


def kill(project, name, parameters, kills):
    """Kill a task so often, and return what was found; nothing was ever left but the whole."""
    parameters = json.dumps({"survey": "tiny", **parameters})
    finished = project.run(KILLED_CHILD, name, parameters, kills)
    assert finished.code == 0, finished.output
    answer = json.loads(finished.output.splitlines()[-1])
    assert answer["status"] == 0, finished.output
    assert answer["whole"] != ""
    assert {digest for digest in answer["left"].values() if digest} <= {answer["whole"]}, answer["left"]
    assert "" in answer["left"].values(), "no child was killed early enough"
    assert answer["after"] == answer["whole"]
    assert answer["swept"]
    return answer
