"""The project as a whole: dependencies, settings of luigi, sizes, what an import costs, no traces of a machine."""

import ast
import configparser
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import luigi.interface
import luigi.retcodes
import luigi.scheduler
import luigi.worker
import pytest
import yaml

from pipeline.extras import EXTRAS
from pipeline.io.results.provenance import NUMBERS, TRAINING

ROOT = Path(__file__).resolve().parents[1]
CODE = ("pipeline", "models", "web", "tasks", "commands", "benchmarks")
HEAVY = (
    "tensorflow",
    "keras",
    "onnx",
    "onnxruntime",
    "optuna",
    "pandas",
    "astropy",
    "matplotlib",
    "sklearn",
    "sep",
    "sqlalchemy",
)
LONGEST = 350
CLIENT = {
    "core": luigi.interface.core,
    "worker": luigi.worker.worker,
    "retcode": luigi.retcodes.retcode,
}
OF_LUIGI_ITSELF = {"autoload_range", "no_configure_logging"}
"""Keys of ``[core]`` that luigi reads before any Config class exists."""


def files(*folders: str, suffix: str = ".py") -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in (ROOT / folder).rglob(f"*{suffix}") if "__pycache__" not in path.parts)


def direct_dependencies() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    return {re.split(r"[<>=!~\[ ;]", entry)[0] for entry in wanted} - {project["name"]}


def test_every_direct_dependency_has_its_reason() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = {name.strip() for cell in re.findall(r"^\| ([^|]+) \|", text, re.M) for name in cell.split(",")}
    assert rows - {"package", "---"} == direct_dependencies()


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_a_lock_pins_versions_and_names_no_host(lock: str) -> None:
    lines = [line for line in (ROOT / lock).read_text(encoding="utf-8").splitlines() if line.strip()]
    packages = [line for line in lines if not line.lstrip().startswith("#")]
    assert packages
    for line in packages:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,-]+\])?==[\w.+]+( ;.*)?$", line), line
    assert not re.search(r"://|--index|--find-links|--trusted", "\n".join(lines))


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_what_decides_numbers_has_one_version_for_every_python(lock: str) -> None:
    lines = [line for line in (ROOT / lock).read_text(encoding="utf-8").splitlines() if "==" in line]
    for name in (*NUMBERS, *TRAINING):
        (pinned,) = [line for line in lines if line.startswith(f"{name}==")]
        assert re.fullmatch(r"[\w-]+==[\w.]+", pinned), pinned


def test_every_library_that_decides_numbers_is_a_dependency() -> None:
    of_others = {"keras", "scikit-image"}  # of tensorflow, of astroalign
    assert {*NUMBERS, *TRAINING} <= direct_dependencies() | of_others


def test_the_lock_holds_every_direct_dependency() -> None:
    text = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").lower()
    pinned = {line.partition("==")[0].partition("[")[0] for line in text.splitlines() if "==" in line}
    other_backends = {*EXTRAS["jax"].values(), *EXTRAS["torch"].values()}  # of gigabytes, and no test needs them
    assert {name.lower() for name in direct_dependencies() - other_backends} <= pinned


def test_every_folder_of_modules_is_a_package_that_says_what_it_holds() -> None:
    folders = {
        path.parent for path in files("pipeline", "models", "web", "tasks", "commands", "benchmarks", suffix=".py")
    }
    for folder in folders:
        tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), folder


def test_an_installed_copy_has_every_file_of_the_settings() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["data-files"]
    installed = {
        (Path(folder).relative_to("share/nightsift") / path.name).as_posix()
        for folder, globs in listed.items() for glob in globs for path in ROOT.glob(glob)
    }  # fmt: skip
    settings = {path.relative_to(ROOT).as_posix() for path in files("config", suffix="") if path.is_file()}
    assert installed == settings | {"luigi.cfg"}


def test_the_extras_of_the_code_are_those_of_the_project() -> None:
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]

    def packages_of(extra):
        for entry in stated[extra]:
            inner = re.fullmatch(r"nightsift\[(\w+)\]", entry)
            yield from packages_of(inner[1]) if inner else [re.split("[<>=]", entry)[0]]

    for extra, packages in EXTRAS.items():
        assert set(packages_of(extra)) == set(packages.values())


def test_continuous_integration_runs_the_lowest_and_the_highest_python() -> None:
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    lowest, above = map(int, re.fullmatch(r">=3\.(\d+),<3\.(\d+)", stated).groups())
    assert f"lowest=3.{lowest} highest=3.{above - 1}\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert f"--python-version 3.{lowest} " in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_hooks_before_a_commit_are_those_of_the_lint_and_clone_nothing() -> None:
    stated = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repository["repo"] for repository in stated["repos"]] == ["local"]
    hooks = stated["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    lint = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M).group(1)
    run = {re.split(r" --| \.$", line.partition("$(BIN)/")[2])[0] for line in lint.splitlines()}
    assert {hook["entry"].removeprefix(".venv/bin/").partition(" --")[0] for hook in hooks} == run


@pytest.mark.parametrize(("does", "found"), [("exit 127", ""), ("echo 3.99", "python3.99\n")])
def test_only_a_python_that_runs_is_found(tmp_path: Path, does: str, found: str) -> None:
    shim = tmp_path / "python3.99"
    shim.write_text(f"#!/bin/sh\n{does}\n")
    shim.chmod(0o755)
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run([ROOT / ".ci" / "python", "3.99"], env=path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0 if found else 1, found)


RESOURCES = {"skybot"}
"""What tasks claim of the scheduler: `FetchMovers` asks a public service, one at a time."""


def test_luigi_cfg_holds_only_sections_and_keys_that_luigi_reads() -> None:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "luigi.cfg")
    assert set(parser.sections()) == {*CLIENT, "nightsift", "resources"}
    assert set(parser["resources"]) == RESOURCES
    for name, kind in CLIENT.items():
        known = {parameter for parameter, _ in kind.get_params()} | (OF_LUIGI_ITSELF if name == "core" else set())
        assert set(parser[name]) <= known, name


def test_luigid_cfg_holds_only_keys_that_the_scheduler_reads() -> None:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "config" / "luigid.cfg")
    assert parser.sections() == ["scheduler", "resources"]
    assert set(parser["resources"]) == RESOURCES
    assert set(parser["scheduler"]) <= {name for name, _ in luigi.scheduler.scheduler.get_params()}


def test_the_scheduler_page_documents_every_key_of_the_daemon() -> None:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "config" / "luigid.cfg")
    text = (ROOT / "docs" / "scheduler.md").read_text(encoding="utf-8")
    for key, value in parser["scheduler"].items():
        assert re.search(rf"^\| `{key}` \| {value}\b", text, re.M), key


@pytest.mark.parametrize("path", [*files(*CODE, "tests")], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_modules_stay_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not [path for path in files(*CODE) if path.stem in ("utils", "helpers", "common", "misc")]


def test_nothing_names_a_place_on_some_machine() -> None:
    places = re.compile("/(?:wo" + "rk|ro" + "ot|ho" + "me|Us" + "ers)/[a-z]")
    texts = [*files(*CODE, "tests"), *files("config", suffix=""), *files("docs", suffix=".md"), *ROOT.glob("*.*")]
    found = [
        path.relative_to(ROOT).as_posix()
        for path in texts
        if path.is_file() and path.suffix != ".h5" and places.search(path.read_text(encoding="utf-8"))
    ]
    assert not found


def test_every_connection_to_a_file_of_sqlite_is_closed_by_a_block() -> None:
    for path in files(*CODE, "tests"):
        text = path.read_text(encoding="utf-8")
        if path.stem == "connections":  # SQLAlchemy closes it
            continue
        assert text.count("sqlite3." + "connect(") == text.count("closing(sqlite3." + "connect("), path


def test_tests_are_no_packages() -> None:
    assert not list(files("tests", suffix="__init__.py"))


def test_importing_the_tasks_loads_nothing_heavy() -> None:
    program = f"import sys, tasks; print(sorted(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "module",
    ["models.scoring.runtime", "models.training.train", "models.packages.package", "models.scoring.score_files"],
)
def test_importing_the_models_loads_no_framework(module: str) -> None:
    program = f"import sys, {module}; print(sorted({{'tensorflow', 'keras', 'onnx', 'sklearn'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("module", ["pipeline.surveys.tables.survey", "pipeline.surveys.database.survey"])
def test_reading_images_that_bring_their_difference_loads_no_signal_processing(module: str) -> None:
    unwanted = {"scipy.signal", "scipy.stats", "scipy.ndimage", "scipy.spatial", "sep", "astropy.cosmology"}
    program = f"import sys, {module}; print(sorted({unwanted} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_citation_and_changelog_know_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"version: {version}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
