"""A task is found by its name: its file, the stage that it calls, and the function of that stage."""

import inspect
import re
from importlib import import_module
from pathlib import Path

import luigi
import pytest

import tasks
from tasks import base

STAGES = Path(__file__).resolve().parents[2] / "pipeline" / "stages"
TASKS = [getattr(tasks, name) for name in tasks.__all__]


def file_name(task):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", task.__name__).lower()


@pytest.mark.parametrize("task", TASKS)
def test_a_task_has_the_file_of_its_name_to_itself(task):
    assert task.__module__ == f"tasks.{file_name(task)}"
    module = import_module(task.__module__)
    own = [kind for kind in vars(module).values() if inspect.isclass(kind) and kind.__module__ == module.__name__]
    assert [kind for kind in own if issubclass(kind, luigi.Task)] == [task]


@pytest.mark.parametrize("task", [task for task in TASKS if (STAGES / f"{file_name(task)}.py").is_file()])
def test_a_task_calls_the_function_of_its_name_in_the_stage_of_its_name(task):
    name = file_name(task)
    assert inspect.isfunction(getattr(import_module(f"pipeline.stages.{name}"), name))
    build = inspect.getsource(task.build)
    assert re.findall(r"from pipeline\.stages\.(\w+) import (\w+)", build) == [(name, name)]
    assert f"{name}(" in build


def test_most_tasks_have_a_stage():
    assert sum((STAGES / f"{file_name(task)}.py").is_file() for task in TASKS) >= 7


def test_the_question_for_the_timeout_preloads_what_the_task_shares(monkeypatch):
    class Sharing(base.PipelineTask):
        def shared_modules(self):
            return ("colorsys", "")

    imported = []
    monkeypatch.setattr(base, "import_module", imported.append)
    assert Sharing().worker_timeout is None
    assert imported == ["colorsys"]


def test_a_light_task_preloads_nothing(monkeypatch):
    class Light(base.PipelineTask):
        is_light = True

        def shared_modules(self):
            return ("colorsys",)

    monkeypatch.setattr(base, "import_module", pytest.fail)
    assert Light().worker_timeout == 0
