"""kill -9 of a run through the real command: the next one goes on, and ends as an undisturbed one would."""

import os
import random
import signal
import time

import pytest


def kill_group(process):
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def wait_for(condition, process, seconds=120):
    """Wait until a condition holds, or the process ends."""
    until = time.monotonic() + seconds
    while not condition() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)


def test_a_killed_run_of_the_graph_goes_on_and_ends_equal(project):
    before = project.contents()
    project.forget(
        "FetchCutouts",
        "SimulateTransients",
        "BuildDataset",
        "TrainClassifier",
        "CalibratePackage",
        "Infer",
        "PlotResults",
    )
    chance = random.Random(1)
    for _ in range(4):
        process = project.start("luigi", "--module", "tasks", "PlotResults", *project.report, "--local-scheduler")
        done = len(project.results())
        wait_for(lambda done=done: len(project.results()) > done and project.scratch(), process)
        time.sleep(chance.uniform(0, 0.6))
        kill_group(process)
    project.make("PlotResults", *project.report)
    assert project.contents() == before
    assert project.scratch() == []


def test_a_worker_that_is_killed_is_a_failed_task(project):
    project.forget("PlotResults")
    process = project.start("luigi", "--module", "tasks", "PlotResults", *project.report, "--local-scheduler")
    wait_for(project.scratch, process)
    (scratch,) = project.scratch()
    os.kill(int(scratch.name.split("-")[2]), signal.SIGKILL)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 30, output
    assert project.results("PlotResults") == []


def scores(project):
    """Return the scores of the night by the network."""
    from pipeline.io.results.scores_file import read_scores

    (path,) = project.data.glob("tiny/r1/2026-01-02/Infer-tiny-tiny_network-*.parquet")
    return read_scores(path).set_index("candidate_id")["score"].sort_index()


def test_a_killed_training_goes_on_after_its_last_epoch_and_scores_the_same(project):
    arguments = ("--survey", "tiny", "--classifier", "tiny_network", "--night", "2026-01-02")
    process = project.start("luigi", "--module", "tasks", "Infer", *arguments, "--local-scheduler")
    state = lambda: list(project.data.rglob("last-epoch.npz"))  # noqa: E731
    wait_for(state, process)
    kill_group(process)
    assert len(state()) == 1
    resumed = project.make("Infer", *arguments)
    assert "going on" in resumed.output or "resum" in resumed.output
    assert state() == []
    disturbed = scores(project)
    for path in project.data.rglob("*tiny_network*"):
        if path.name.startswith(("TrainClassifier", "CalibratePackage", "Infer")):
            path.rename(path.with_name("set-aside-" + path.name))
    project.make("Infer", *arguments)
    assert abs(scores(project) - disturbed).max() <= 1e-6


@pytest.mark.parametrize("processes", [1, 2])
def test_ctrl_c_is_one_line_that_says_that_a_rerun_goes_on(new_project, processes):
    arguments = ("MakeSyntheticSurvey", "--survey", "tiny", "--processes", processes, "--local-scheduler")
    process = new_project.start("luigi", "--module", "tasks", *arguments)
    wait_for(new_project.scratch, process)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert process.returncode in (-signal.SIGINT, 130)  # the first is what a shell calls 130
    assert "Traceback" not in output
    assert "stopped; what was finished stays, and the same command goes on from there\n" in output
