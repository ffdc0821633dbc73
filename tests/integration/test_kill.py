"""kill -9 in the middle of each task leaves nothing or the whole; a rerun gives what an undisturbed run gives."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

KILLED_CHILD = Path(__file__).with_name("killed_child.py")
TASKS = {
    "MakeSyntheticSurvey": ({}, 2),
    "FreezeInputs": ({"night": "2026-01-01"}, 5),
    "FetchCutouts": ({"night": "2026-01-01"}, 6),
    "SimulateTransients": ({"night": "2026-01-01"}, 3),
    "BuildDataset": ({}, 6),
    "TrainClassifier": ({}, 4),
    "Infer": ({"night": "2026-01-02"}, 4),
    "PlotResults": ({"night": "2026-01-02", "replicates": 20}, 2),
}


@pytest.mark.parametrize("name", TASKS)
def test_a_killed_task_leaves_nothing_or_the_whole(project, name):
    parameters, kills = TASKS[name]
    project.forget(name)
    finished = subprocess.run(
        [sys.executable, KILLED_CHILD, name, json.dumps({"survey": "tiny", **parameters}), str(kills)],
        env=project.environment(),
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert finished.returncode == 0, finished.stderr
    answer = json.loads(finished.stdout.splitlines()[-1])
    assert answer["status"] == 0, finished.stderr
    assert answer["whole"] != ""
    assert {digest for digest in answer["left"].values() if digest} <= {answer["whole"]}, answer["left"]
    assert "" in answer["left"].values(), "no child was killed early enough"
    assert answer["after"] == answer["whole"]
    assert answer["swept"]
