"""A user's project in miniature: settings and results in a folder, and the real commands over them."""

import atexit
import fcntl
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from pipeline.io.results.content import content_sha256

CHECKOUT = Path(__file__).resolve().parents[2]
NIGHTS = ("2026-01-01", "2026-01-02")

SURVEY = {
    "cutout_size_pixel": 21,
    "input": {
        "database": {"engine": "sqlite", "file": "survey.sqlite"},
        "queries": "generic",
        "images": {
            "hdus": {
                "science": "science_path:SCIENCE",
                "template": "template_path:TEMPLATE",
                "difference": "difference_path:DIFFERENCE",
            },
        },
        "tables": ["eyeballs", "movers", "variables", "truth"],
        "seed": 1,
        "sky": {
            "nights": 2,
            "exposures_per_night": 2,
            "size_pixel": 288,
            "first_night": NIGHTS[0],
            "longitude_deg": -17.88,
            "fields": 1,
            "stars": 160,
            "galaxies": 50,
            "transients": 40,
            "variables": 10,
            "movers": 3,
            "eyeball_share": 1.0,
        },
    },
    "defaults": {"dataset": "tiny", "classifier": "tiny", "baseline": "tiny", "simulation": "tiny"},
}
DATASET = {
    "survey": "tiny",
    "nights": [f"{NIGHTS[0]}..{NIGHTS[1]}"],
    "simulation": "tiny",
    "training_only": ["injected"],
    "max_ratio": 4,
    "split": {"by": "object", "test": 0.3, "validation": 0.3, "seed": 1, "minimum_groups": 1},
}
SIMULATION = {"seed": 1, "images": {"per_exposure": 6, "magnitude_min": 17.0, "magnitude_max": 20.0}}
BOOSTING = {"classifier": "boosting", "settings": {"n_estimators": 8}, "calibration": "platt", "threads": 1}
NETWORK = {
    "classifier": "triplet_cnn",
    "settings": {"filters": [4, 8], "dense": 8},
    "normalisation": "asinh",
    "batch_size": 32,
    "epochs": 3,
    "threads": 1,
}
TASKS = (
    "MakeSyntheticSurvey", "FreezeInputs", "FetchCutouts", "SimulateTransients", "BuildDataset", "TrainClassifier",
    "CalibratePackage", "Infer", "PlotResults",
)  # fmt: skip
REPORT = ("--survey", "tiny", "--night", NIGHTS[1], "--replicates", "20")
"""Arguments of the report that is there in a finished project."""


ONE_THREAD = {"OMP_NUM_THREADS": "1"}


@functools.cache
def _warm_commands():
    """Start the process that runs the console scripts of this one, and ends with it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NIGHTSIFT", "LUIGI"))}
    command, pipe = [sys.executable, Path(__file__).with_name("warm_commands.py")], subprocess.PIPE
    server = subprocess.Popen(command, env=environment | ONE_THREAD, stdin=pipe, stdout=pipe, text=True)
    atexit.register(server.communicate)
    return server


@dataclass(frozen=True)
class Project:
    """A folder with settings and results."""

    root: Path
    nights = NIGHTS
    report = REPORT

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def data(self) -> Path:
        return self.root / "data"

    def environment(self, **more):
        """Return the environment of a user who has this project, and nothing else of Nightsift."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("NIGHTSIFT", "LUIGI"))}
        own = {"NIGHTSIFT_CONFIG": str(self.config), "NIGHTSIFT_DATA": str(self.data)}
        return kept | own | ONE_THREAD | more

    def start(self, *command, folder=CHECKOUT, environment=None, **options):
        """Start a console script of the virtual environment in a process group of its own."""
        program = Path(sys.executable).parent / command[0]
        return subprocess.Popen(
            [program, *map(str, command[1:])],
            cwd=folder,
            env=self.environment(**(environment or {})),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **options,
        )

    def run(self, *command, folder=CHECKOUT, environment=None):
        """Return exit code and output of a command, which a fork runs that has imported the packages before."""
        with tempfile.NamedTemporaryFile() as output:
            request = {"program": str(command[0]), "arguments": [*map(str, command[1:])], "folder": str(folder)}
            request |= {"environment": self.environment(**(environment or {})), "output": output.name}
            server = _warm_commands()
            server.stdin.write(json.dumps(request) + "\n")
            server.stdin.flush()
            return Finished(int(server.stdout.readline()), Path(output.name).read_text(encoding="utf-8"))

    def luigi(self, task, *arguments, **options):
        """Return exit code and output of a task, run as a user would; the lock on the command is its own."""
        own = ("--local-scheduler", "--lock-pid-dir", self.root / "locks")
        return self.run("luigi", "--module", "tasks", task, *arguments, *own, **options)

    def make(self, task, *arguments, **options):
        """Run a task that must succeed."""
        finished = self.luigi(task, *arguments, **options)
        assert finished.code == 0, finished.output
        return finished

    def settings(self, kind, name):
        """Return one settings file as parsed."""
        return yaml.safe_load((self.config / kind / f"{name}.yaml").read_text())

    def write(self, kind, name, mapping):
        """Write one settings file."""
        (self.config / kind / f"{name}.yaml").write_text(yaml.safe_dump(mapping, sort_keys=False))

    def change(self, kind, name, **values):
        """Change keys at the top of one settings file."""
        self.write(kind, name, self.settings(kind, name) | values)

    def results(self, task=""):
        """Return the targets of a task, or of all, whole ones only."""
        found = [path for path in self.data.glob("*/*/*/*") if path.name.startswith(task or TASKS)]
        return sorted(path for path in found if not path.name.endswith(".training"))

    def result(self, task):
        """Return the one target of a task."""
        (found,) = self.results(task)
        return found

    def forget(self, *tasks):
        """Remove the targets of tasks."""
        for task in tasks:
            for path in self.results(task):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def contents(self, task=""):
        """Return the digest of what each target says, by its place."""
        return {path.relative_to(self.data).as_posix(): content_sha256(path) for path in self.results(task)}

    def scratch(self):
        """Return what writers have left that is no result."""
        return sorted(self.data.rglob(".partial-*"))


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    code: int
    output: str

    def line(self, *words):
        """Return the one line that holds all the words, free of any traceback around it."""
        assert "Traceback" not in self.output, self.output
        found = [line for line in self.output.splitlines() if all(word in line for word in words)]
        assert len(found) == 1, f"{len(found)} lines with {words} in:\n{self.output}"
        return found[0]


def write_settings(project):
    """Write the settings of a survey that is made and judged within seconds."""
    shutil.copytree(CHECKOUT / "config", project.config)
    survey = yaml.safe_load((CHECKOUT / "config" / "surveys" / "synthetic.yaml").read_text())
    project.write("surveys", "tiny", survey | SURVEY)
    project.write("datasets", "tiny", DATASET)
    project.write("simulations", "tiny", SIMULATION)
    project.write("classifiers", "tiny", BOOSTING)
    project.write("classifiers", "tiny_network", NETWORK)


@pytest.fixture(scope="session")
def settings_written():
    """Return a function that starts a project in a folder."""

    def start(root):
        project = Project(root)
        write_settings(project)
        return project

    return start


@pytest.fixture(scope="session")
def finished_project(tmp_path_factory):
    """A project in which a report and a night's scores are there; shared by all tests, so never changed."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    project = Project(shared / "finished")
    with (shared / "finished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not project.root.exists():
            write_settings(project)
            project.make("PlotResults", *REPORT)
    return project


@pytest.fixture
def project(finished_project, tmp_path):
    """A finished project of the test's own."""
    return Project(Path(shutil.copytree(finished_project.root, tmp_path / "project")))


@pytest.fixture
def new_project(tmp_path):
    """A project with settings and no result."""
    project = Project(tmp_path / "project")
    write_settings(project)
    return project


@pytest.fixture
def here(project, monkeypatch):
    """The finished project, as the one that tasks in this process see."""
    from luigi.task_register import Register

    for name in list(os.environ):
        if name.startswith("NIGHTSIFT"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(project.config))
    monkeypatch.setenv("NIGHTSIFT_DATA", str(project.data))
    Register.clear_instance_cache()
    yield project
    Register.clear_instance_cache()


@pytest.fixture
def survey(here):
    """A survey of our own: the files of the tiny one, read as a database survey."""
    queries = here.config / "queries" / "own"
    shutil.copytree(here.config / "queries" / "generic", queries)
    settings = here.settings("surveys", "tiny") | {"source": "database", "made": False}
    given = settings["input"] | {"folder": str(here.result("MakeSyntheticSurvey")), "queries": "own"}
    settings["input"] = {key: value for key, value in given.items() if key not in ("sky", "seed")}
    settings["defaults"] = settings["defaults"] | {"dataset": "own"}
    here.write("datasets", "own", here.settings("datasets", "tiny") | {"survey": "own"})
    here.write("surveys", "own", settings)
    return here


@pytest.fixture
def check(capsys):
    """Return exit code and lines of the command."""

    from commands.main import main

    def run(name, *options):
        code = main(["check", name, *options])
        return code, capsys.readouterr().out.splitlines()

    return run
