"""A finished graph asked for again: nothing is computed, nothing is written, nothing heavy is imported."""

import re
import subprocess
import sys

FRAMEWORKS = {"tensorflow", "keras", "onnx", "onnxruntime", "sklearn", "skl2onnx"}
HEAVY = FRAMEWORKS | {"pandas", "astropy", "matplotlib", "scipy"}


def imported(project, *command):
    """Return exit code and top-level modules of a Python command."""
    finished = subprocess.run(
        [sys.executable, "-X", "importtime", *command],
        env=project.environment(),
        cwd=project.root,
        capture_output=True,
        text=True,
        timeout=120,
    )
    names = re.findall(r"^import time: .*\| +(\S+)$", finished.stderr, re.MULTILINE)
    return finished.returncode, {name.partition(".")[0] for name in names}


def state(project):
    """Return what would change if anything were written."""
    return {path: path.stat().st_mtime_ns for path in [project.data, *project.data.rglob("*")]}


def test_a_finished_graph_imports_nothing_heavy_and_writes_nothing(project):
    before = state(project)
    command = ("--module", "tasks", "PlotResults", *project.report, "--local-scheduler")
    code, modules = imported(project, "-m", "luigi", *command)
    assert code == 0
    assert modules & HEAVY == set()
    assert state(project) == before


def test_importing_the_tasks_imports_nothing_heavy(project):
    code, modules = imported(project, "-c", "import tasks")
    assert code == 0
    assert "luigi" in modules
    assert modules & HEAVY == set()


def test_planning_a_new_graph_imports_no_framework(project):
    project.forget("TrainClassifier", "CalibratePackage", "Infer", "PlotResults")
    code, modules = imported(project, "-m", "commands.main", "plan", "PlotResults", *project.report)
    assert code == 0
    assert modules & {*FRAMEWORKS, "matplotlib"} == set()
