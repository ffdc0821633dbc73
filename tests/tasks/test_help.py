"""``--help`` explains every parameter of every task, with its default."""

import subprocess
import sys
from pathlib import Path

import luigi
import pytest

import tasks
from tasks.base import PipelineTask

LUIGI = Path(sys.executable).parent / "luigi"
TASKS = [name for name in tasks.__all__ if isinstance(getattr(tasks, name), type)]
PARAMETERS = [(name, parameter) for name in TASKS for parameter in getattr(tasks, name).get_params()]


@pytest.mark.parametrize(("task", "parameter"), PARAMETERS, ids=[f"{task}.{name}" for task, (name, _) in PARAMETERS])
def test_every_parameter_has_a_description_that_ends_with_its_default(task, parameter):
    name, definition = parameter
    text = definition.description or ""
    assert len(text.partition("[default:")[0]) > 20, f"{task}.{name}: {text!r}"
    assert text.endswith("]")
    assert f"[default: {definition._default!r}]" in text or "[default: none, must be given]" in text


def test_help_shows_the_descriptions():
    finished = subprocess.run(
        [LUIGI, "--module", "tasks", "PlotResults", "--help"], capture_output=True, text=True, timeout=60, check=True
    )
    text = " ".join(finished.stdout.split())
    for name, parameter in tasks.PlotResults.get_params():
        assert f"--{name.replace('_', '-')}" in text
        assert parameter.description.split()[0] in text
    assert "[default: 1000]" in text


@pytest.mark.parametrize("name", TASKS)
def test_every_task_says_what_it_does_in_one_sentence(name):
    first = (getattr(tasks, name).__doc__ or "").strip().split("\n")[0]
    assert first.endswith(".")


@pytest.mark.parametrize("name", [name for name in TASKS if issubclass(getattr(tasks, name), PipelineTask)])
def test_no_parameter_may_hold_a_secret(name):
    """The scheduler's page shows every parameter, so none may be one for a password or a connection."""
    words = ("password", "secret", "token", "credential", "dsn", "url", "user")
    assert not [key for key, _ in getattr(tasks, name).get_params() if any(word in key for word in words)]


def test_a_duplicate_name_of_a_task_is_impossible():
    families = [getattr(tasks, name).task_family for name in TASKS]
    assert len(set(families)) == len(families)
    assert all(issubclass(getattr(tasks, name), luigi.Task) for name in TASKS)
