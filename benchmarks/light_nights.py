"""What fetching a night loads before it works, by the source of its survey; all adapters, which were loaded once."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.rows import Row, in_fresh_process
from pipeline.surveys.base import SURVEYS

SOURCES = {
    "alert_packets": (0.5, 175.0),
    "alert_table": (0.5, 175.0),
    "stamp_set": (0.5, 175.0),
    "table": (0.55, 190.0),
    "database": (0.6, 200.0),
}
"""Share of the CPU time of all sources that the imports of one may cost, and the MB."""
_REPEATS = 3
_LOAD = """
import sys, time
from importlib import import_module
for name in sys.argv[1:]:
    import_module(name)
print("cpu_s", time.process_time())
"""


def run(folder: Path, *, full: bool) -> Iterator[Row]:  # noqa: ARG001
    """Compare the imports of one source with those of all, in fresh processes by turns."""
    homes = {source: [SURVEYS.home(source)] for source in SOURCES} | {"all": [SURVEYS.home(name) for name in SURVEYS]}
    shared = ("tasks", "pipeline.stages.fetch_cutouts", "pipeline.stages.relabelled_night")
    found: dict[str, list[dict[str, float]]] = {name: [] for name in homes}
    for _ in range(_REPEATS):
        for name, modules in homes.items():
            found[name].append(in_fresh_process(_LOAD, *shared, *modules))
    every, every_mb = (median(one[what] for one in found["all"]) for what in ("cpu_s", "peak_mb"))
    for source, (budget, budget_mb) in SOURCES.items():
        seconds, peak = (median(one[what] for one in found[source]) for what in ("cpu_s", "peak_mb"))
        yield Row(
            what=f"imports of FetchCutouts, {source}",
            budget=f"at most {budget} x all, {budget_mb:.0f} MB",
            measured=f"{seconds:.2f} s of CPU",
            naive=f"all sources: {every:.2f} s, {every_mb:.0f} MB",
            ratio=seconds / every,
            holds=seconds <= budget * every and peak <= budget_mb,
            peak_mb=peak,
        )
