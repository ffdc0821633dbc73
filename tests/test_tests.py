"""Every module has a test: a file of its own name, or one that the last line of its docstring names.

A named test has to come near the module: it imports the module, or a module that imports it, or is the test of such
a one by its own name. What the conftest of its folder and the fixtures that it takes by name import counts as its own,
so does what the ``__init__`` of an imported package imports, and a module that is named as a text, as registries and
the command line do. Left out are what only holds settings (``settings.py``, ``*_settings.py``), which the pages on
settings are held to, studies, and the stages of the benchmarks, which a test runs by the list of stages.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from benchmarks.__main__ import STAGES

ROOT = Path(__file__).resolve().parents[1]
CODE = ("pipeline", "models", "web", "tasks", "commands", "benchmarks")
TESTED_BY = re.compile(r"^Tested by (tests/\S+\.py)\.\Z", re.M)


def modules(root: Path) -> Iterator[Path]:
    """Yield the modules that need a test."""
    for path in sorted(path for folder in CODE for path in (root / folder).rglob("*.py")):
        place = path.relative_to(root)
        is_stage = place.parent.as_posix() == "benchmarks" and place.stem in STAGES
        is_settings = place.stem == "settings" or place.stem.endswith("_settings")
        if place.stem != "__init__" and not is_stage and not is_settings and "studies" not in place.parts:
            yield path


def own_test(root: Path, module: Path) -> Path:
    """Return the file that tests a module by its name."""
    place = module.relative_to(root)
    return root / "tests" / place.parent / f"test_{place.stem.strip('_')}.py"


def fault_of(root: Path, module: Path) -> str:
    """Return in words why a module has no test; empty where it has one."""
    if own_test(root, module).is_file():
        return ""
    said = TESTED_BY.search(ast.get_docstring(_tree(module)) or "")
    wanted = f"write {own_test(root, module).relative_to(root)}, or end its docstring with 'Tested by tests/....py.'"
    if said is None:
        return f"{module.relative_to(root)} has no test; {wanted}"
    test = root / said[1]
    if not test.is_file():
        return f"{module.relative_to(root)} names {said[1]}, which is not there; {wanted}"
    held = _held(root, test)
    if module not in held and not any(module in _imports(root, other) for other in held):
        return f"{module.relative_to(root)} names {said[1]}, which imports neither it nor what imports it; {wanted}"
    return ""


def _held(root: Path, test: Path) -> set[Path]:
    """Return the modules that a test imports, or is named after."""
    beside = [folder / "conftest.py" for folder in (test.parent, *test.parent.parents) if folder != root / "tests"]
    fixtures = {path.stem: path for path in (root / "tests" / "fixtures").glob("*.py")}
    sources = [test, *(path for path in beside if path.is_file() and root / "tests" in path.parents)]
    sources += [fixtures[name] for source in list(sources) for name in _names(source) if name in fixtures]
    named_after = {root / folder / f"{test.stem.removeprefix('test_')}.py" for folder in ("commands", "tasks")}
    own = root / test.parent.relative_to(root / "tests") / f"{test.stem.removeprefix('test_')}.py"
    return {own}.union(named_after, *(_imports(root, source) for source in sources))


@cache
def _imports(root: Path, path: Path) -> set[Path]:
    """Return the modules that a file imports or names; those of a package are what its ``__init__`` imports."""
    found: set[Path] = set()
    for name in _names(path):
        place = root / name.replace(".", "/")
        if place.with_suffix(".py").is_file():
            found.add(place.with_suffix(".py"))
        elif (init := place / "__init__.py").is_file() and init != path:
            found |= {init} | _imports(root, init)
    return found


@cache
def _names(path: Path) -> set[str]:
    """Return the dotted names that a file imports, and its texts that look like one."""
    if not path.is_file():
        return set()
    found: set[str] = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and re.fullmatch(r"\w+(\.\w+)*", str(node.value), re.ASCII):
            found.add(str(node.value))
    return found


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_every_module_has_a_test() -> None:
    assert [fault for module in modules(ROOT) if (fault := fault_of(ROOT, module))] == []


def test_only_the_last_line_of_a_docstring_names_a_test() -> None:
    for module in modules(ROOT):
        named = TESTED_BY.findall(ast.get_docstring(_tree(module)) or "")
        assert module.read_text(encoding="utf-8").count("Tested by ") == len(named), module


@pytest.fixture
def small_project(tmp_path: Path) -> Path:
    """Return a project of one room with a test that imports a module and the adapter over it."""
    for name, text in {
        "pipeline/sky/__init__.py": "from pipeline.sky.field import draw\n",
        "pipeline/sky/field.py": "from pipeline.sky.stars import bright\n",
        "pipeline/sky/stars.py": "from pipeline.sky.counts import count\n",
        "tests/pipeline/sky/test_field.py": "from pipeline.sky.field import draw\n",
        "tests/pipeline/sky/test_package.py": "import pipeline.sky\n",
        "tests/pipeline/sky/test_other.py": "import math\n",
        "tests/pipeline/sky/test_named.py": "HOMES = {'stars': 'pipeline.sky.stars'}\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "docstring", "fault"),
    [
        ("field", "A field.", ""),
        ("stars", "Stars.\n\nTested by tests/pipeline/sky/test_field.py.", ""),
        ("stars", "Stars.\n\nTested by tests/pipeline/sky/test_package.py.", ""),
        ("stars", "Stars.\n\nTested by tests/pipeline/sky/test_named.py.", ""),
        ("counts", "Counts.\n\nTested by tests/pipeline/sky/test_named.py.", ""),
        ("stars", "Stars.", "has no test; write tests/pipeline/sky/test_stars.py, or end its docstring"),
        ("stars", "Stars.\n\nTested by tests/pipeline/sky/test_field.py.\nBright.", "has no test"),
        ("stars", "Stars.\n\nTested by tests/pipeline/test_gone.py.", "which is not there"),
        ("stars", "Stars.\n\nTested by tests/pipeline/sky/test_other.py.", "imports neither it nor what imports it"),
        ("counts", "Counts.\n\nTested by tests/pipeline/sky/test_field.py.", "imports neither it nor what imports it"),
    ],
)
def test_a_module_without_a_test_is_told_what_to_do(small_project: Path, name: str, docstring: str, fault: str) -> None:
    module = small_project / "pipeline" / "sky" / f"{name}.py"
    rest = module.read_text() if module.is_file() else ""
    module.write_text(f'"""{docstring}\n"""\n{rest}')
    found = fault_of(small_project, module)
    assert fault in found
    assert bool(found) is bool(fault)
