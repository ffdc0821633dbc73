"""A finished graph asked for again: seconds from the command line, and what it imports."""

import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import luigi

import tasks
from benchmarks.rows import Row
from pipeline.io.results.commit import commit
from pipeline.io.settings_files import data_folder
from pipeline.io.tables import label_states
from tasks.base import PipelineTask, ResultTarget

FRAMEWORK = re.compile(r"\|\s+(tensorflow|keras|onnxruntime)$", re.M)
GRAPHS = {
    "synthetic": {},
    "ztf_alerts in 5 folds": {"survey": "ztf_alerts", "dataset": "ztf_by_object"},
}
_REPEATS = 5


def run(folder: Path, *, full: bool) -> Iterator[Row]:  # noqa: ARG001
    """Put an empty result in every place of a graph, then ask for its root."""
    for name, parameters in GRAPHS.items():
        count = finish(tasks.PlotResults(**parameters), set())
        options = [part for key, value in parameters.items() for part in (f"--{key}", value)]
        command = ["-m", "luigi", "--module", "tasks", "PlotResults", *options, "--local-scheduler"]
        watched = [sys.executable, "-X", "importtime", *command]
        imports = subprocess.run(watched, capture_output=True, text=True, check=True)
        seconds = [_seconds(command) for _ in range(_REPEATS)]
        bare = [_seconds(["-c", "import luigi.cmdline"]) for _ in range(_REPEATS)]
        ours = statistics.median(seconds)
        loaded = set(FRAMEWORK.findall(imports.stderr))
        yield Row(
            what=f"nothing to do, {name}: a graph of {count} tasks",
            budget="about 1 s, no ML framework",
            measured=f"{ours:.2f} s, imports {', '.join(sorted(loaded)) or 'no framework'}",
            naive=f"importing luigi alone: {statistics.median(bare):.2f} s",
            ratio=ours / statistics.median(bare),
            holds=ours < 1.5 and not loaded,
            peak_mb=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        )


def finish(task: luigi.Task, seen: set[str]) -> int:
    """Commit an empty result for each task of a graph; return how many tasks it has."""
    if task.task_id in seen:
        return 0
    seen.add(task.task_id)
    count = 1 + sum(finish(required, seen) for required in task.deps())
    target = task.output() if isinstance(task, PipelineTask) else None
    if isinstance(target, ResultTarget) and not target.exists():
        commit(target.path, _empty, directory=target.directory)
        if isinstance(task, tasks.FetchCutouts):  # as a night that was fetched does
            manifest = str(task.frozen.output().path)
            label_states.remember(data_folder() / label_states.NAME, manifest, {}, ())
    return count


def _empty(path: Path) -> None:
    if not path.is_dir():
        path.touch()


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *command], capture_output=True, check=True)
    return time.perf_counter() - began
