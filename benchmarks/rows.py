"""What a benchmark measures and how: interleaved repeats, medians, peak memory, one row per budget."""

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    what, budget : str
        What was measured; what it may cost.
    measured, naive : str
        What was found; the counterpart and what it cost.
    ratio : float
        As ``budget`` words it.
    holds : bool
        Whether the budget is kept.
    peak_mb : float
        Peak memory of the measured process in MB.
    """

    what: str
    budget: str
    measured: str
    naive: str
    ratio: float
    holds: bool
    peak_mb: float


def interleaved(
    functions: Mapping[str, Callable[[], object]], repeats: int, *, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Return the seconds of each function, called in turn, so that a busy machine slows all of them alike.

    Seconds are those that pass; by ``time.process_time``, those of all cores together.
    """
    for function in functions.values():
        function()
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            began = clock()
            function()
            seconds[name].append(clock() - began)
    return seconds


def median_ratio(first: list[float], second: list[float]) -> float:
    """Return the median over repeats of the ratio of two costs."""
    return statistics.median(a / b for a, b in zip(first, second, strict=True))


def peak_mb() -> float:
    """Return the peak memory of this process in MB; what its parent held before it began does not count."""
    status = Path("/proc/self/status")
    if status.is_file():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_fresh_process(program: str, *arguments: str) -> dict[str, float]:
    """Return what a program prints as ``name value`` lines, with its ``seconds`` from start to end and ``peak_mb``."""
    ending = "\nfrom benchmarks.rows import peak_mb as _peak; print('peak_mb', _peak())"
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program + ending, *arguments], stdout=subprocess.PIPE, text=True, check=True
    )
    found = {"seconds": time.perf_counter() - began}
    return found | {line.split()[0]: float(line.split()[1]) for line in done.stdout.splitlines()}
