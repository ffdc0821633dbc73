"""Prints ``docs/coverage.md``: which tests hold which line of the replaced systems' check-lists.

Run ``python tests/coverage_page.py > docs/coverage.md`` after marking a test with ``replaces(system, item)``.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import yaml

TESTS = Path(__file__).resolve().parent
HEAD = """# What replaces what

Generated from the marks of the tests by `python tests/coverage_page.py > docs/coverage.md`. Under each line of the
check-lists stand the tests that hold it, or the part of it that they name; "not yet" stands where there is none.
"""
NAMES = {
    "psat-ml": "psat-ml",
    "gotorb": "gotorb",
    "gmadet": "gmadet and otrain",
    "4most": "MLP_4MOST_TargetSelection",
    "galaxy10": "galaxy-classification",
}


def checklists() -> dict[str, dict[str, str]]:
    """Return the lines of each system's check-list."""
    return dict(yaml.safe_load((TESTS / "checklists.yaml").read_text(encoding="utf-8")))


def marks() -> Iterator[tuple[str, str, str, str]]:
    """Yield system, item, file and name of each marked test."""
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for mark in getattr(node, "decorator_list", []):
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.replaces":
                    system, item = (ast.literal_eval(value) for value in mark.args)
                    yield system, item, path.relative_to(TESTS.parent).as_posix(), node.name


def page() -> str:
    """Return the whole page."""
    held = defaultdict(list)
    for system, item, file, name in marks():
        held[system, item].append((file, name.removeprefix("test_").replace("_", " ")))
    lines = [HEAD]
    for system, items in checklists().items():
        done = sum((system, item) in held for item in items)
        lines.append(f"## {NAMES[system]}\n\nTests for {done} of {len(items)} lines.\n")
        for item, words in items.items():
            lines.append(f"**{item}** {words}\n")
            tests = sorted(set(held[system, item]))
            lines += [f"* {name} (`{file}`)" for file, name in tests] or ["* not yet"]
            lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
