"""What every task shares: an identity made of everything that decides its result, and one atomic target."""

import json
import logging
import multiprocessing
import os
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import ClassVar

import luigi
import luigi.worker

from pipeline.errors import BeingBuiltError
from pipeline.extras import demand
from pipeline.fingerprint import fingerprint, short
from pipeline.io import tracebacks
from pipeline.io.results import provenance
from pipeline.io.results.commit import commit, is_complete
from pipeline.io.results.target_lock import only_writer
from pipeline.io.settings_files import data_folder, place_in
from pipeline.path_names import require_path_name
from pipeline.redaction import all_redacted, shown
from tasks.progress import Progress
from tasks.run_settings import nightsift
from tasks.scheduling import REFUSED
from tasks.watchdog import limited

log = logging.getLogger(__name__)

ALL_RELEASES = "all"
"""The release in the path of a result that serves every release: all before `Infer`."""


class ResultTarget(luigi.Target):
    """A file or directory that is either whole or absent."""

    def __init__(self, path: Path, directory: bool) -> None:
        self.path = path
        self.directory = directory

    def exists(self) -> bool:
        """Tell whether the result is whole."""
        return is_complete(self.path, directory=self.directory)


def state_defaults(task: type[luigi.Task]) -> type[luigi.Task]:
    """Append to the description of each of the class's own parameters its default, for ``--help``."""
    for name, parameter in vars(task).items():
        if isinstance(parameter, luigi.Parameter) and "[default:" not in (parameter.description or ""):
            default = parameter._default
            shown = "none, must be given" if "no_value" in repr(default).lower() else repr(default)
            parameter.description = f"{parameter.description or name} [default: {shown}]"
    return task


class PipelineTask(luigi.Task):
    """Base of the tasks: subclasses say what decides their result, and build it.

    Attributes
    ----------
    suffix : str
        Ending of the target; empty for a directory.
    revision : int
        Raised when the code changes the result for the same input.
    libraries : frozenset of str
        Packages whose version decides the result's numbers; `nightsift plan` says where another made it.
    extra : str
        Extra of the installation without which the task cannot run; empty: none.
    """

    suffix: ClassVar[str] = ".h5"
    revision: ClassVar[int] = 1
    libraries: ClassVar[frozenset[str]] = frozenset(provenance.NUMBERS)
    extra: ClassVar[str] = ""

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        state_defaults(cls)

    def decides(self) -> Mapping[str, object]:
        """Return everything that decides the result, except what comes from upstream tasks."""
        raise TypeError(f"{type(self).__name__} does not say what decides its result")

    def folder(self) -> tuple[str, str, str]:
        """Return survey, release and night (or range) for the path."""
        raise TypeError(f"{type(self).__name__} does not say where its result belongs")

    def readable(self) -> str:
        """Return the readable part of the target's name."""
        return ""

    def build(self, path: Path) -> None:
        """Write the result to ``path``, a scratch name; a directory exists already and is empty."""
        raise TypeError(f"{type(self).__name__} does not build {path}")

    @cached_property
    def identity(self) -> dict[str, object]:
        """Everything that decides the result, with the fingerprints upstream; addresses are without their secrets."""
        upstream = {name: task.fingerprint for name, task in self.upstream().items()}
        return {
            "task": self.task_family,
            "revision": self.revision,
            "decides": all_redacted(self.decides()),
            "upstream": upstream,
        }

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 of the identity."""
        return fingerprint(self.identity)

    def upstream(self) -> dict[str, "PipelineTask"]:
        """Return the required tasks that shape the result, by name."""
        required = self._required
        return {name: task for name, task in required.items() if isinstance(task, PipelineTask)}

    @cached_property
    def _required(self) -> dict[str, luigi.Task]:
        return dict(self.requires())

    def requires(self) -> dict[str, luigi.Task]:
        """Return the tasks that must be complete first, by name."""
        return {}

    def deps(self) -> list[luigi.Task]:
        """Return the tasks that must be complete first, as the scheduler asks before it runs any of them.

        Raises
        ------
        MissingExtraError
            If this task is to run and its extra is not installed.
        """
        if self.extra and not self.complete():
            demand(self.extra, self.task_family)
        return list(super().deps())

    def output(self) -> ResultTarget:
        """Return the one atomic target; names that would lead out of the data folder are refused."""
        parts = zip(("survey", "release", "the range of nights"), self.folder(), strict=True)
        folder = data_folder().joinpath(*(require_path_name(name, what) for what, name in parts))
        name = "-".join(part for part in (self.task_family, self.readable(), short(self.fingerprint)) if part)
        name = require_path_name(name + self.suffix, f"the name of what {self.task_family} makes")
        return ResultTarget(folder / name, not self.suffix)

    def input_path(self, name: str) -> Path:
        """Return the path of a required task's target."""
        return Path(self._required[name].output().path)

    def run(self) -> None:
        """Build under a scratch name and commit, unless another run has done so by the time it is our turn.

        A process of luigi that Ctrl-C stops ends without a word.
        """
        try:
            self._run()
        except KeyboardInterrupt:
            if multiprocessing.parent_process() is None:
                raise
            os._exit(tracebacks.INTERRUPTED)  # the scratch is removed; the parent says what there is to say

    def _run(self) -> None:
        target = self.output()
        with Progress(self.task_family, self) as self._progress, self._only_writer(target.path):
            if target.exists():
                log.info("%s was built by another run: %s", self.task_family, target.path)
                return
            self._started = provenance.now()
            began = time.monotonic()
            with limited(luigi.worker.worker().timeout if self.is_light else 0, self.task_family):
                commit(target.path, self._write, directory=target.directory)
            self.committed()
        log.info("%s took %.1f s: %s", self.task_family, time.monotonic() - began, target.path)

    def _only_writer(self, path: Path) -> AbstractContextManager[None]:
        return only_writer(path, wait=not nightsift().no_wait, told=self._waits)

    def _waits(self, owner: str) -> None:
        log.info("%s waits for %s, which builds the same", self.task_family, owner)
        self.progress(-1, f"waits for {owner}")

    def _write(self, path: Path) -> None:
        self.build(path)
        if path.is_dir():
            (path / "provenance.json").write_text(json.dumps(self.provenance(), indent=1, sort_keys=True))

    def committed(self) -> None:
        """Remove what was kept so that a killed run could continue; called once the target is in its place."""

    def on_failure(self, exception: BaseException) -> str:
        """Return what the scheduler's page shows of an error: its traceback without secrets and control characters."""
        if isinstance(exception, BeingBuiltError):
            return f"{REFUSED}{exception}"
        return shown(str(super().on_failure(exception)))

    def provenance(self) -> dict[str, object]:
        """Return what the target says about how it was made."""
        paths = {name: getattr(task.output(), "path", None) for name, task in self._required.items()}
        return provenance.record(
            task=self.task_family,
            fingerprint=self.fingerprint,
            identity=json.loads(json.dumps(self.identity, default=str)),
            inputs={name: place_in(data_folder(), path) for name, path in paths.items() if path is not None},
            started=self._started,
        )

    @property
    def is_light(self) -> bool:
        """Whether the task is done in the client's process, because to fork one would take longer than the work."""
        return False

    def shared_modules(self) -> tuple[str, ...]:
        """Return the modules that `preload` imports: what most tasks of this kind need."""
        return ()

    def preload(self) -> None:
        """Import in the client what tasks of this kind share, so that each process that it forks has it already."""
        for name in filter(None, self.shared_modules()):
            import_module(name)

    @property
    def worker_timeout(self) -> int | None:  # type: ignore[override]
        """0 for light tasks, for which luigi forks no process then; else none of its own, so that luigi's holds.

        It preloads, for Luigi asks for this limit right before it forks and offers no other hook at that moment; any
        earlier one is reached by runs that have nothing to do too. :func:`~tasks.watchdog.limited` limits light tasks.
        """
        if self.is_light:
            return 0
        self.preload()
        return None

    def progress(self, percent: float, message: str) -> None:
        """Show how far the run is, on the scheduler's page and on a terminal; below 0 means that it is not known."""
        self._progress(percent, message)

    def link(self, address: str) -> None:
        """Make the scheduler's page link to an address."""
        self._progress.link(address)
