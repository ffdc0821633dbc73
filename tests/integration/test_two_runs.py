"""Two runs at once: what both need is built once, and the second knows for whom it waits."""

import os
import shlex
import shutil
import signal
import socket
import time

import pytest

from pipeline.io.results.target_lock import PREFIX

MAKE = ("MakeSyntheticSurvey", "--survey", "tiny")
FREEZE = ("FreezeInputs", "--survey", "tiny", "--night", "2026-01-01")
ALREADY_RUNNING = 10


def luigi(project, *arguments, **environment):
    """Start a task as a user would, without the central scheduler."""
    return project.start("luigi", "--module", "tasks", *arguments, "--local-scheduler", environment=environment)


def line_of(process, words):
    """Return the next line of a process that holds the words."""
    for line in process.stdout:
        if words in line:
            return line
    raise AssertionError(f"no line with {words!r}")


@pytest.fixture
def building(new_project):
    """A run that was stopped while it makes the survey, and has said nothing wrong."""
    process = luigi(new_project, *MAKE)
    while not list(new_project.data.rglob(f".partial-*{MAKE[0]}*")):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGSTOP)
    assert new_project.results() == []
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_the_second_run_waits_says_for_whom_and_takes_what_the_first_built(new_project, building):
    second = luigi(new_project, *FREEZE)
    waits = line_of(second, "waits for")
    os.killpg(building.pid, signal.SIGCONT)
    first_output, _ = building.communicate(timeout=120)
    output, _ = second.communicate(timeout=120)
    assert (building.returncode, second.returncode) == (0, 0), output
    typed = shlex.join(["luigi", "--module", "tasks", *MAKE, "--local-scheduler"])
    assert waits.startswith(f"INFO: tasks.base: MakeSyntheticSurvey waits for `{typed}` (process ")
    assert f" on {socket.gethostname()}, since 20" in waits
    assert "MakeSyntheticSurvey took" in first_output
    assert "MakeSyntheticSurvey was built by another run" in output
    assert "MakeSyntheticSurvey took" not in output
    assert not list(new_project.data.rglob(f"{PREFIX}*"))


def test_a_run_that_is_killed_leaves_its_work_to_the_one_that_waits(new_project, building):
    second = luigi(new_project, *FREEZE)
    line_of(second, "waits for")
    os.killpg(building.pid, signal.SIGKILL)
    output, _ = second.communicate(timeout=120)
    assert second.returncode == 0, output
    assert "MakeSyntheticSurvey took" in output
    assert not list(new_project.data.rglob(".partial-*"))


@pytest.mark.parametrize(
    "arguments",
    [(*MAKE, "--no-wait"), ("MakeSyntheticSurvey", "--processes", "2", "--no-wait", "--survey", "tiny")],
    ids=["as typed", "in another order, with what changes no result"],
)
def test_a_run_that_shall_not_wait_ends_at_once_and_names_the_other(new_project, building, arguments):
    second = luigi(new_project, *arguments)
    output, _ = second.communicate(timeout=120)
    assert second.returncode == ALREADY_RUNNING, output
    assert "Traceback" not in output
    (said,) = [line for line in output.splitlines() if line.startswith("ERROR")]
    assert "MakeSyntheticSurvey: BeingBuiltError: " in said
    assert f" on {socket.gethostname()}, since 20" in said


def test_what_no_other_run_builds_is_finished_though_it_shall_not_wait(new_project, building):
    settings = new_project.settings("surveys", "tiny")
    new_project.write("surveys", "small", settings | {"input": settings["input"] | {"seed": 2}})
    finished = new_project.luigi("MakeSyntheticSurvey", "--survey", "small", "--no-wait")
    assert finished.code == 0, finished.output


def test_two_folders_of_results_do_not_meet(new_project, building):
    other = new_project.root / "other"
    second = luigi(new_project, *MAKE, NIGHTSIFT_DATA=str(other))
    output, _ = second.communicate(timeout=120)
    assert second.returncode == 0, output
    assert "waits for" not in output
    assert list(other.glob("tiny/all/*/MakeSyntheticSurvey-*"))


def test_luigis_lock_in_the_temporary_folder_keeps_no_second_user_out(project, tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    arguments = ("--module", "tasks", "PlotResults", *project.report, "--local-scheduler")
    finished = project.run("luigi", *arguments, environment={"TMPDIR": str(folder)})
    assert finished.code == 0, finished.output
    assert not (folder / "luigi").exists()
    shutil.rmtree(folder)
