"""How a run meets the scheduler and other runs: it asks once whether the scheduler is there, and waits for the others.

Luigi makes its scheduler and its worker in a factory that only a caller from Python can replace; `install` replaces it
for the command as well.
"""

import contextlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import luigi
import luigi.interface
import luigi.worker
from luigi.retcodes import retcode
from luigi.rpc import RemoteScheduler, RPCError
from luigi.task_status import DONE, FAILED

from pipeline.errors import BeingBuiltError
from pipeline.redaction import without_user
from tasks.run_settings import nightsift

log = logging.getLogger(__name__)

_PROBE_S: Final = (3.0, 10.0)
"""Seconds that the first question waits for a connection and for the answer."""
REFUSED: Final = f"{BeingBuiltError.__name__}: "
"""Begins what the scheduler is told of a task that ended because another run builds the same."""


class SchedulerAwayError(SystemExit):
    """The scheduler does not answer: said in one line, and luigi's code for tasks that were not run."""

    def __init__(self, said: str) -> None:
        log.error("%s: start it with `make scheduler`, or --local-scheduler does without", said)
        super().__init__(retcode().not_run)


class Factory(luigi.interface._WorkerSchedulerFactory):
    """Makes what luigi's own makes, but asks the scheduler once whether it is there, and workers that wait."""

    def create_remote_scheduler(self, url: str) -> RemoteScheduler:
        """Return the scheduler at an address.

        Raises
        ------
        SchedulerAwayError
            If it does not answer; luigi itself would go on asking for over a minute.
        """
        probe = RemoteScheduler(url, connect_timeout=_PROBE_S)
        probe._rpc_retry_attempts, probe._rpc_log_retries = 1, False
        try:
            probe._request("/api/is_paused", {}, attempts=1)
        except (RPCError, ValueError, KeyError, TypeError) as error:
            raise SchedulerAwayError(f"no scheduler answers at {without_user(url)}") from error
        finally:
            probe.close()
        return super().create_remote_scheduler(url)

    def create_worker(self, scheduler: object, worker_processes: int, assistant: bool = False) -> "Worker":
        """Return a worker that waits for other runs."""
        return Worker(scheduler=scheduler, worker_processes=worker_processes, assistant=assistant)


class Worker(luigi.worker.Worker):
    """A worker that waits while another run builds one of its tasks, and takes over what that one leaves undone.

    Runs that go through one scheduler meet there, all others at the lock of the target
    (`pipeline.io.results.target_lock`). With ``--no-wait`` either makes the command end with luigi's code for what
    runs already.
    """

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self._told: set[str] = set()
        self._refused: dict[str, str] = {}

    def add(self, task: luigi.Task, *arguments: object, **options: object) -> bool:
        """Plan a task."""
        with _needing_the_scheduler():
            return bool(super().add(task, *arguments, **options))

    def run(self) -> bool:
        """Run what was planned, and plan again what another run was waited for and did not finish."""
        with _needing_the_scheduler():
            succeeded = bool(super().run())
            while undone := self._left_undone():
                for task in undone:
                    super().add(task)
                succeeded = bool(super().run())
        refused = [{"task_id": name, "worker": owner} for name, owner in self._refused.items()]
        self._get_work_response_history.append({"task_id": None, "running_tasks": refused})
        return succeeded

    def _left_undone(self) -> list[luigi.Task]:
        """Return what other runs no longer build and did not finish; what they did finish counts as done here too."""
        history, self._get_work_response_history = self._get_work_response_history, []
        if history and history[-1]["task_id"] is None:
            self._get_work_response_history.append(history[-1])  # whom luigi's summary and exit code tell of
        waited_for = set().union(*(self._run_by_others(response["running_tasks"]) for response in history))
        still_running = set().union(*map(self._run_by_others, (entry["running_tasks"] for entry in history[-1:])))
        ended = [self._scheduled_tasks[name] for name in sorted(waited_for - still_running)]
        done = [task for task in ended if task.complete()]
        self._add_task_history.extend((task, DONE, False) for task in done)
        return [task for task in ended if task not in done]

    def _run_by_others(self, running: Iterable[Mapping[str, str]]) -> dict[str, str]:
        """Return which other worker runs each of this worker's tasks."""
        own = [entry for entry in running if entry["task_id"] in self._scheduled_tasks]
        return {entry["task_id"]: entry["worker"] for entry in own if entry["worker"] != self._id}

    def _keep_alive(self, get_work_response: luigi.worker.GetWorkResponse) -> bool:
        others = self._run_by_others(get_work_response.running_tasks)
        if nightsift().no_wait or not others:
            return bool(super()._keep_alive(get_work_response))
        for name, owner in others.items():
            if name not in self._told:
                log.info("%s waits for %s, which builds the same", self._scheduled_tasks[name].task_family, owner)
            self._told.add(name)
        return True

    def _add_task(self, *arguments: object, **told: object) -> None:
        super()._add_task(*arguments, **told)
        said = str(told.get("expl"))
        if told["status"] == FAILED and said.startswith(f'"{REFUSED}'):  # as JSON
            self._add_task_history.pop()  # it did not fail: luigi's summary and exit code tell of the other run
            self._refused[str(told["task_id"])] = json.loads(said).removeprefix(REFUSED)


@contextlib.contextmanager
def _needing_the_scheduler() -> Iterator[None]:
    try:
        yield
    except RPCError as error:
        raise SchedulerAwayError(f"the scheduler is lost ({error})") from error


def install() -> None:
    """Make every run of this process, including luigi's own command, treat scheduler and other runs in this way."""
    luigi.interface._WorkerSchedulerFactory = Factory  # type: ignore[misc]
