"""The docstrings of `pipeline`: functions of many parameters say what each of them is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MANY = 4
"""From so many parameters on, a function lists them in its docstring."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def public_functions(body: list[ast.stmt], owner: str = "") -> Iterator[tuple[str, Function]]:
    """Yield the public functions and methods of public classes, with their names."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node.body, f"{owner}{node.name}.")
        elif isinstance(node, Function) and not node.name.startswith("_"):
            yield f"{owner}{node.name}", node


def parameters_of(function: Function) -> list[str]:
    listed = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return [argument.arg for argument in listed if argument.arg not in ("self", "cls")]


def documented_in(docstring: str) -> set[str]:
    """Return the names that the Parameters section of a docstring describes."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\S[^\n]*\n-{3,}$|\Z)", docstring, re.M | re.S)
    heads = re.findall(r"^(\w[^:\n]*)", section[1] if section else "", re.M)
    return {name.strip() for head in heads for name in head.split(",")}


def undocumented(source: str) -> dict[str, list[str]]:
    """Return the parameters that are not described, by the function of many parameters that has them."""
    found = {}
    for name, function in public_functions(ast.parse(source).body):
        parameters = parameters_of(function)
        known = documented_in(ast.get_docstring(function) or "")
        missing = [parameter for parameter in parameters if parameter not in known]
        if len(parameters) >= MANY and missing:
            found[name] = missing
    return found


def rooms() -> list[str]:
    """Return the packages and the modules that lie directly in `pipeline`."""
    return sorted({path.relative_to(ROOT / "pipeline").parts[0] for path in (ROOT / "pipeline").rglob("*.py")})


def missing_in(room: str) -> dict[str, dict[str, list[str]]]:
    path = ROOT / "pipeline" / room
    files = [path] if path.suffix == ".py" else sorted(path.rglob("*.py"))
    found = {str(file.relative_to(ROOT)): undocumented(file.read_text(encoding="utf-8")) for file in files}
    return {file: functions for file, functions in found.items() if functions}


@pytest.mark.parametrize("room", rooms())
def test_functions_of_many_parameters_describe_each(room: str) -> None:
    assert missing_in(room) == {}


def test_a_parameter_that_is_not_described_is_found() -> None:
    source = (
        "def f(a, b, *, c, d):\n"
        '    """Return.\n\n    Parameters\n    ----------\n    a, b : int\n        Two: first, second.\n'
        '    c : int\n        Third.\n\n    Returns\n    -------\n    d : int\n    """\n'
    )
    assert undocumented(source) == {"f": ["d"]}
