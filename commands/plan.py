"""``nightsift plan``: what a task would build, and why: missing, or stale because of what.

Tested by tests/integration/test_identity.py.
"""

import io
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr
from pathlib import Path

import luigi
from luigi.cmdline_parser import CmdlineParser
from luigi.parameter import ParameterException
from luigi.task_register import TaskClassException

import tasks  # noqa: F401  (registers them)
from pipeline.errors import IncompatiblePackageError, InputError, MissingExtraError, SettingsError
from pipeline.fingerprint import canonical
from pipeline.io.files.damaged import naming
from pipeline.io.results import hdf5
from pipeline.io.results.provenance import other_versions
from pipeline.io.results.scores_file import scores_provenance
from pipeline.redaction import shown
from tasks.base import PipelineTask
from tasks.command_line import require_known_flags


def plan(arguments: list[str]) -> int:
    """Print each task that is not complete with the reason, upstream first, and count the complete ones.

    Results that other versions of the libraries made are complete too, and are named: versions are not part of a
    fingerprint.
    """
    done: list[luigi.Task] = []
    for task in walk(asked(arguments), set()):
        if task.complete():
            done.append(task)
        else:
            sys.stdout.write(f"{task.task_family:20} {_place(task)}: {reason(task)}{_refusal(task)}\n")
    for (family, versions), count in Counter(_made_otherwise(done)).items():
        sys.stdout.write(f"{family:20} {count} {'result' if count == 1 else 'results'}: {versions}\n")
    sys.stdout.write(f"{len(done)} complete\n")
    return 0


def _refusal(task: luigi.Task) -> str:
    """Return in words why a task cannot run here; empty if it can."""
    if not isinstance(task, PipelineTask):
        return ""
    try:
        task.deps()
    except (IncompatiblePackageError, MissingExtraError, SettingsError) as error:
        return f"; {error}"
    return ""


def _made_otherwise(done: Iterable[luigi.Task]) -> Iterator[tuple[str, str]]:
    """Yield family and words for each result that another version of a library that decides it has made."""
    for task in done:
        if not isinstance(task, PipelineTask) or not task.libraries or task.run is None:
            continue
        try:
            packages = _mapping(provenance_of(task.output().path), "packages")
        except InputError as error:
            yield task.task_family, f"{type(error).__name__}: {error}"
            continue
        changed = other_versions({name: str(version) for name, version in packages.items()}, task.libraries)
        if changed:
            yield task.task_family, f"{'; '.join(changed)}: numbers may differ"


def asked(arguments: list[str]) -> luigi.Task:
    """Return the task that luigi's arguments name.

    Raises
    ------
    UnknownNameError
        If they name a parameter that the task does not have.
    SettingsError
        If there is no such task, or it cannot be planned so.
    """
    require_known_flags(arguments)
    try:
        with _parsed(arguments) as parser:
            return parser.get_task_obj()
    except (ParameterException, TaskClassException) as error:
        raise SettingsError(" ".join(str(error).split())) from error


@contextmanager
def _parsed(arguments: list[str]) -> Iterator[CmdlineParser]:
    """Give luigi's parser; a command line that it cannot parse is one line, without luigi's page of usage."""
    usage = io.StringIO()
    with ExitStack() as stack:
        try:
            with redirect_stderr(usage):
                parser = stack.enter_context(CmdlineParser.global_instance(arguments))
        except SystemExit as error:
            said = usage.getvalue().rpartition("error: ")[2]
            if not said:
                raise
            raise SettingsError(" ".join(said.split())) from error
        yield parser


def walk(task: luigi.Task, seen: set[str]) -> Iterator[luigi.Task]:
    """Yield the tasks of a graph once each, upstream first."""
    if task.task_id in seen:
        return
    seen.add(task.task_id)
    for required in luigi.task.flatten(task.requires()):  # not deps(), which refuses what cannot run here
        yield from walk(required, seen)
    yield task


def reason(task: luigi.Task) -> str:
    """Return why a task is not complete, in words."""
    if task.run is None:
        return f"missing data: {task.why_open()}"
    if not isinstance(task, PipelineTask):
        return "some of its tasks are not complete"
    earlier = earlier_results(task)
    if not earlier:
        return "missing"
    changes = min((differences(identity_of(path), task.identity) for path in earlier), key=len)
    return "stale: " + ("; ".join(changes) or "made under another name")


def earlier_results(task: PipelineTask) -> list[Path]:
    """Return results of the same task and name with another fingerprint."""
    path = task.output().path
    stem = path.name.removesuffix(task.suffix)[:-12]
    others = path.parent.glob(f"{stem}????????????{task.suffix}") if path.parent.is_dir() else []
    return [other for other in others if other != path and identity_of(other)]


def identity_of(path: Path) -> dict[str, object]:
    """Return the identity that a result states; empty if it states no identity."""
    return _mapping(provenance_of(path), "identity")


def provenance_of(path: Path) -> dict[str, object]:
    """Return what a result says about how it was made; empty if it says nothing."""
    if path.is_dir():
        return _of_json(path / "provenance.json")
    if path.suffix == ".parquet":
        return scores_provenance(path)
    if path.suffix == ".h5":
        with naming(path, hdf5.KIND), hdf5.open_to_read(path) as file:
            return dict(json.loads(file.attrs.get("provenance", "{}")))
    return _mapping(_of_json(path), "provenance") if path.suffix == ".json" else {}


def _of_json(path: Path) -> dict[str, object]:
    with naming(path, "JSON file"):
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _mapping(content: Mapping[str, object], key: str) -> dict[str, object]:
    """Return a mapping within a mapping; empty if there is no such mapping."""
    found = content.get(key)
    return dict(found) if isinstance(found, Mapping) else {}


def differences(old: Mapping[str, object], new: Mapping[str, object], path: str = "") -> list[str]:
    """Return the keys whose values differ, in words.

    Examples
    --------
    >>> differences({"decides": {"seed": 1, "x": 2}}, {"decides": {"seed": 2, "x": 2}})
    ['seed: 1 -> 2']
    """
    found: list[str] = []
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        name = f"{path}.{key}".lstrip(".").removeprefix("decides").lstrip(".")
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            found += differences(before, after, name or key)
        elif canonical(before) != canonical(after):
            shown = f"{_brief(before)} -> {_brief(after)}"
            found.append(f"{name} changed" if path.endswith("upstream") else f"{name}: {shown}")
    return found


def _brief(value: object) -> str:
    text = shown(json.dumps(value, default=str))  # of a result that is older than the hiding of secrets
    return text if len(text) <= 40 else text[:37] + "..."


def _place(task: luigi.Task) -> str:
    if task.run is None or not isinstance(task, PipelineTask):
        return " ".join(str(value) for value in task.to_str_params().values() if value)
    path = task.output().path
    return f"{path.parent.name}/{path.name}"
