"""Light tasks are done in the client's process, others in one of their own; either is ended when it hangs."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tasks.watchdog import limited

CHECKOUT = Path(__file__).resolve().parents[2]
TASKS = """
import os, signal, sys, time
from pathlib import Path
import luigi
from tasks.base import PipelineTask

class Named(PipelineTask):
    suffix = ".txt"
    def decides(self):
        return {}
    def folder(self):
        return "survey", "all", "all"
    def build(self, path: Path) -> None:
        path.write_text(str(os.getpid()))

class Light(Named):
    is_light = True

class Heavy(Named):
    def shared_modules(self):
        return ("colorsys",)

class LightHangs(Light):
    def build(self, path: Path) -> None:
        while True:
            try:
                time.sleep(60)
            except OSError:
                "a retry takes the first alarm for a fault of a service"
                time.sleep(60)

class HeavyHangs(Named):
    def build(self, path: Path) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        while True:
            time.sleep(60)

task = globals()[sys.argv[1]]()
print("result", luigi.build([task], local_scheduler=True))
print("client", os.getpid())
print("shared", "colorsys" in sys.modules)
if task.complete():
    print("worker", task.output().path.read_text())
"""


@pytest.fixture
def run_limited(tmp_path):
    """Return what builds a task in a client with a limit of some seconds, and returns what it says."""

    def build(task, timeout_s):
        (tmp_path / "luigi.cfg").write_text(f"[worker]\ntimeout = {timeout_s}\n")
        environment = {
            "PATH": "/usr/bin:/bin", "PYTHONPATH": str(CHECKOUT), "NIGHTSIFT_DATA": str(tmp_path / "data"),
            "LUIGI_CONFIG_PATH": str(tmp_path / "luigi.cfg"),
        }  # fmt: skip
        command = [sys.executable, "-c", TASKS, task]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=120, env=environment, cwd=tmp_path
        )
        said = dict(line.split() for line in done.stdout.splitlines() if line)
        return said, done.stderr

    return build


def test_a_light_task_runs_in_the_process_of_the_client(run_limited):
    said, _ = run_limited("Light", 3600)
    assert said["worker"] == said["client"]


def test_a_heavy_task_runs_in_a_process_of_its_own_that_inherits_the_shared_modules(run_limited):
    said, _ = run_limited("Heavy", 3600)
    assert said["worker"] != said["client"]
    assert said["shared"] == "True"


@pytest.mark.parametrize("task", ["LightHangs", "HeavyHangs"])
def test_a_task_that_hangs_is_ended(run_limited, task):
    said, log = run_limited(task, 2)
    assert said["result"] == "False"
    assert "worker" not in said
    assert ("took longer than 2 s" if task == "LightHangs" else "timed out after 2 seconds") in log


@pytest.fixture
def no_alarm():
    """Take away the alarm that pytest set, and set it again."""
    former = signal.getsignal(signal.SIGALRM)
    delay, interval = signal.setitimer(signal.ITIMER_REAL, 0.0)
    yield
    signal.signal(signal.SIGALRM, former)
    signal.setitimer(signal.ITIMER_REAL, delay, interval)


def test_no_alarm_is_left_behind(no_alarm):
    before = signal.getsignal(signal.SIGALRM)
    with limited(3600, "this"):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_an_alarm_of_the_caller_stays(no_alarm):
    with limited(3600, "outer"):
        outer = signal.getsignal(signal.SIGALRM)
        with limited(1, "inner"):
            assert signal.getsignal(signal.SIGALRM) is outer
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 1800


def test_another_thread_is_not_limited():
    seen = []

    def work():
        with limited(1, "this"):
            seen.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [True]
