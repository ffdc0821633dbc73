"""Runs chunks of work in parallel processes: results in order, few chunks in flight, killed workers replaced."""

import logging
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from pipeline.errors import SettingsError, WorkerLostError
from pipeline.redaction import redacted

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 2
"""Chunks in flight for each worker: one that runs and one that waits, so that memory is bounded."""

_TRIES = 3
"""How often a chunk whose worker dies is tried; then it is taken for the cause."""

_LIBRARY_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(function: Callable[[T], R], chunks: Iterable[T], *, workers: int = 1) -> Iterator[R]:
    """Yield ``function(chunk)`` of each chunk, in the order of the chunks.

    Parameters
    ----------
    function : callable
        Defined in a module, so that another process can import it; its result does not depend on where it runs.
    chunks : iterable
        Read as they are needed: two for each worker are in flight.
    workers : int
        Processes; 1 computes in this one, 0 takes one per core. Each gives its libraries ``cores / workers``
        threads.

    Raises
    ------
    SettingsError
        If ``workers`` is negative.
    WorkerLostError
        If a chunk kills every worker that takes it; it is named, and what came before it was yielded.

    Examples
    --------
    >>> list(spread(abs, [-1, 2, -3]))
    [1, 2, 3]
    """
    if workers < 0:
        raise SettingsError(f"workers is {workers}; allowed: 0 (one per core) or more")
    number = workers or cores()
    if number == 1:
        yield from map(function, chunks)
        return
    pool = _Pool(function, number)
    try:
        yield from pool.results(iter(chunks))
    except KeyboardInterrupt:
        pool.give_up()
        raise
    finally:
        pool.stop()


@dataclass
class _Job(Generic[T, R]):
    chunk: T
    number: int
    future: "Future[R]"


class _Pool(Generic[T, R]):
    """Spawned processes, started anew when one of them dies."""

    def __init__(self, function: Callable[[T], R], workers: int) -> None:
        self.function, self.workers = function, workers
        self._processes, self._broken = self._start(), False

    def _start(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self.workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_limit_threads,
            initargs=(max(1, cores() // self.workers),),
        )

    def give_up(self) -> None:
        """Let `stop` kill the processes, even within a chunk."""
        self._broken = True

    def stop(self) -> None:
        """End the processes; chunks that have not begun are dropped.

        A pool of which a process died ends the others by itself, but for one that was being started then, or that
        does not obey: it would be waited for without end, so all are killed.
        """
        if self._broken:
            for process in list((self._processes._processes or {}).values()):
                process.kill()
        self._processes.shutdown(wait=True, cancel_futures=True)

    def results(self, chunks: Iterator[T]) -> Iterator[R]:
        """Yield the result of each chunk in order."""
        numbered = enumerate(chunks)
        flying = deque(self._submit(*entry) for entry in islice(numbered, _AHEAD * self.workers))
        while flying:
            job = flying.popleft()
            try:
                result = job.future.result()
            except BrokenProcessPool:
                self._broken = True
                result = self._alone(job)
                for other in flying:
                    other.future = self._future(other.chunk)
            yield result
            flying.extend(self._submit(*entry) for entry in islice(numbered, 1))

    def _submit(self, number: int, chunk: T) -> _Job[T, R]:
        return _Job(chunk=chunk, number=number, future=self._future(chunk))

    def _future(self, chunk: T) -> "Future[R]":
        """Submit a chunk; if a worker has died meanwhile, its future holds that error."""
        try:
            return self._submitted(chunk)
        except BrokenProcessPool as error:
            refused: Future[R] = Future()
            refused.set_exception(error)
            return refused

    def _submitted(self, chunk: T) -> "Future[R]":
        """Submit a chunk; processes that are started for it inherit that SIGINT (Ctrl-C) is blocked."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return self._processes.submit(self.function, chunk)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _alone(self, job: _Job[T, R]) -> R:
        """Compute a chunk again with nothing beside it, so that a worker's death is its own doing."""
        for attempt in range(1, _TRIES):
            log.warning(
                "a worker died; chunk %d is computed again, alone (try %d of %d)", job.number, attempt + 1, _TRIES
            )
            self.stop()
            self._processes, self._broken = self._start(), False
            try:
                return self._submitted(job.chunk).result()
            except BrokenProcessPool:
                self._broken = True
        raise WorkerLostError(f"chunk {job.number} killed its worker {_TRIES} times: {_short(job.chunk)}")


def _limit_threads(threads: int) -> None:
    """Give the libraries of a worker its share of the cores, before they are imported."""
    for name in _LIBRARY_THREADS:
        os.environ[name] = str(threads)


def _short(chunk: object) -> str:
    text = redacted(" ".join(repr(chunk).split()))
    return text if len(text) <= 200 else f"{text[:197]}..."
