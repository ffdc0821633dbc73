"""Runs that meet at one scheduler: who waits, who takes over, and with which code the command ends."""

from typing import ClassVar

import luigi
import luigi.execution_summary
import luigi.interface
import pytest
from luigi.rpc import RPCError
from luigi.scheduler import FAILED, Scheduler
from luigi.task_status import DONE

from pipeline.errors import BeingBuiltError
from tasks import scheduling
from tasks.run_settings import nightsift
from tasks.scheduling import REFUSED, Factory, SchedulerAwayError, Worker

OTHER = "Worker(host=elsewhere, pid=7)"


class Shared(luigi.Task):
    """What two runs need; it is there when its name is."""

    there: ClassVar[set[str]] = set()
    built: ClassVar[list[str]] = []

    def run(self):
        self.built.append("here")
        self.there.add("shared")

    def complete(self):
        return "shared" in self.there


class Own(luigi.Task):
    """What only this run needs."""

    def requires(self):
        return Shared()

    def run(self):
        Shared.there.add("own")

    def complete(self):
        return "own" in Shared.there


class Refused(Own):
    """A task that another run builds."""

    def requires(self):
        return []

    def run(self):
        raise BeingBuiltError("it is being built by `luigi` (process 7 on elsewhere)")

    def on_failure(self, exception):
        return f"{REFUSED}{exception}"


class Busy(Scheduler):
    """A scheduler at which another run builds the shared task, and ends in a way when it was asked for work twice."""

    def __init__(self, ends):
        super().__init__()
        self.ends, self.asked = ends, 0
        self.add_task(task_id=Shared().task_id, worker=OTHER, family="Shared", params={})
        assert self.get_work(worker=OTHER)["task_id"] == Shared().task_id

    def get_work(self, worker=None, **given):
        self.asked += worker != OTHER
        if self.asked == 3:
            if self.ends == DONE:
                Shared.there.add("shared")
            self.add_task(task_id=Shared().task_id, worker=OTHER, status=self.ends)
        return super().get_work(worker=worker, **given)


@pytest.fixture(autouse=True)
def nothing_there():
    Shared.there.clear()
    Shared.built.clear()


@pytest.fixture
def run_scheduled():
    """Return a function that runs a task at a scheduler and returns what luigi counts."""

    def start(scheduler, task):
        worker = Worker(scheduler=scheduler, wait_interval=0.01, wait_jitter=0.0, timeout=0)
        with worker:
            assert worker.add(task)
            worker.run()
        counted = luigi.execution_summary._summary_dict(worker)
        return {status: {type(task) for task in found} for status, found in counted.items() if found}

    return start


def test_what_another_run_builds_is_waited_for_and_counts_as_done(run_scheduled, caplog):
    caplog.set_level("INFO", logger="tasks")
    assert run_scheduled(Busy(DONE), Own()) == {"completed": {Shared, Own}}
    assert Shared.built == []
    (said,) = [record.getMessage() for record in caplog.records if "waits for" in record.getMessage()]
    assert said == f"Shared waits for {OTHER}, which builds the same"


def test_what_is_asked_for_may_itself_be_what_another_run_builds(run_scheduled):
    assert run_scheduled(Busy(DONE), Shared()) == {"completed": {Shared}}
    assert Shared.built == []


def test_what_another_run_fails_to_build_is_built_here(run_scheduled):
    assert run_scheduled(Busy(FAILED), Own()) == {"completed": {Shared, Own}}
    assert Shared.built == ["here"]


def test_who_shall_not_wait_ends_and_tells_of_the_other(run_scheduled, monkeypatch):
    monkeypatch.setattr(nightsift, "no_wait", True)
    counted = run_scheduled(Busy(DONE), Own())
    assert counted["run_by_other_worker"] == {Shared}
    assert not counted.keys() & {"failed", "not_run", "completed"}


def test_a_task_that_another_run_builds_has_not_failed(run_scheduled):
    assert run_scheduled(Scheduler(), Refused()) == {
        "still_pending_not_ext": {Refused},
        "run_by_other_worker": {Refused},
    }


def test_a_task_that_failed_has_failed(run_scheduled, monkeypatch):
    monkeypatch.setattr(Refused, "on_failure", luigi.Task.on_failure)
    assert run_scheduled(Scheduler(), Refused()) == {"ever_failed": {Refused}, "failed": {Refused}}


class Lost(Scheduler):
    """A scheduler that is lost when a message of some kind reaches it."""

    def __init__(self, message):
        super().__init__()
        setattr(self, message, self.fail)

    def fail(self, *given, **named):
        raise RPCError("Errors (3 attempts) when connecting to remote scheduler 'http://127.0.0.1:8082'")


@pytest.mark.parametrize("message", ["add_task", "add_worker", "get_work"])
def test_a_lost_scheduler_is_one_line_and_the_code_for_what_was_not_run(run_scheduled, caplog, message):
    with pytest.raises(SchedulerAwayError) as caught:
        run_scheduled(Lost(message), Shared())
    assert caught.value.code == 25
    (said,) = [record.getMessage() for record in caplog.records if record.name == scheduling.__name__]
    assert said.startswith("the scheduler is lost (Errors (3 attempts)")
    assert "`make scheduler`" in said


def test_the_command_too_makes_its_workers_here():
    assert luigi.interface._WorkerSchedulerFactory is Factory
    assert isinstance(luigi.interface._WorkerSchedulerFactory().create_worker(Scheduler(), 1), Worker)
