"""The scoring core: Nightsift installed without extras, in an environment of its own, far from the checkout."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.extras import EXTRAS
from pipeline.io.results.content import content_sha256

CHECKOUT = Path(__file__).resolve().parents[2]
PARTS = (
    "commands", "config", "models", "pipeline", "tasks", "web", "luigi.cfg", "pyproject.toml", "README.md", "LICENSE",
)  # fmt: skip
NIGHT = ("--survey", "tiny", "--night", "2026-01-02")
SCHEDULING_ERROR = 35

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The folder of the programs of an environment with the locked versions and no extra."""
    root = tmp_path_factory.mktemp("core")
    source = root / "source"
    source.mkdir()
    for part in PARTS:
        copy = shutil.copytree if (CHECKOUT / part).is_dir() else shutil.copy
        copy(CHECKOUT / part, source / part)
    subprocess.run([sys.executable, "-m", "venv", root / "environment"], check=True)
    python = root / "environment" / "bin" / "python"
    locked = ("-c", CHECKOUT / "requirements.txt")
    subprocess.run([python, "-m", "pip", "install", "--quiet", *locked, source], check=True, env=alone())
    shutil.rmtree(source)
    return python.parent


def alone():
    """Return an environment in which no Python finds the checkout."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture
def core(programs, project):
    """Return a function that runs a program of the core for a project, and returns exit code and output."""

    def run(program, *arguments):
        environment = {name: value for name, value in project.environment().items() if name != "PYTHONPATH"}
        done = subprocess.run(
            [programs / program, *map(str, arguments)],
            cwd=project.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert "Traceback" not in done.stdout, done.stdout
        return done.returncode, done.stdout

    return run


def test_nothing_of_an_extra_is_installed(core):
    wanted = [module for modules in EXTRAS.values() for module in modules]
    code, said = core("python", "-c", f"from importlib.util import find_spec; print([*map(find_spec, {wanted})])")
    assert (code, said.strip()) == (0, str([None] * len(wanted)))


def test_a_given_package_scores_a_night_as_the_whole_installation_does(core, project, tmp_path):
    package = shutil.copytree(project.result("CalibratePackage"), tmp_path / "package")
    asked = ("--module", "tasks", "Infer", *NIGHT, "--package", package, "--local-scheduler")
    project.forget("Infer")
    project.make("Infer", *NIGHT, "--package", package)
    whole = {task: content_sha256(project.result(task)) for task in ("Infer", "MakeSyntheticSurvey")}
    project.forget(
        "Infer",
        "FetchCutouts",
        "FreezeInputs",
        "MakeSyntheticSurvey",
        "TrainClassifier",
        "CalibratePackage",
        "BuildDataset",
    )
    code, said = core("luigi", *asked)
    assert code == 0, said
    assert {task: content_sha256(project.result(task)) for task in whole} == whole


def test_check_plan_and_status_work(core):
    assert core("nightsift", "check", "tiny")[0] == 0
    code, said = core("nightsift", "plan", "PlotResults", "--survey", "tiny", "--night", "2026-01-02")
    assert (code, said.splitlines()[-1].endswith(" complete")) == (0, True)
    assert core("nightsift", "status", "tiny")[0] == 0


def test_training_says_in_one_line_what_to_install(core, project):
    project.forget("TrainClassifier", "CalibratePackage", "BuildDataset")
    code, said = core("luigi", "--module", "tasks", "TrainClassifier", "--survey", "tiny", "--local-scheduler")
    (line,) = [line for line in said.splitlines() if "nightsift[train]" in line]
    assert code == SCHEDULING_ERROR
    assert "TrainClassifier needs onnx, skl2onnx, scikit-learn, tensorflow, tf2onnx, not installed here" in line
    assert not project.results("BuildDataset")
    planned = core("nightsift", "plan", "TrainClassifier", "--survey", "tiny")[1]
    assert "nightsift[train]" in next(line for line in planned.splitlines() if line.startswith("TrainClassifier"))


def test_without_a_project_the_shipped_settings_are_found(programs, tmp_path):
    environment = {name: value for name, value in alone().items() if not name.startswith("NIGHTSIFT")}
    done = subprocess.run(
        [programs / "nightsift", "plan", "PlotResults"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert any(line.startswith("PlotResults") and line.endswith(": missing") for line in done.stdout.splitlines())
