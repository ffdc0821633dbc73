import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def coverage():
    """The functions of the script that prints the page."""
    return runpy.run_path(str(ROOT / "tests" / "coverage_page.py"))


def test_every_mark_names_a_line_of_a_checklist(coverage):
    known = {(system, item) for system, items in coverage["checklists"]().items() for item in items}
    unknown = [mark for mark in coverage["marks"]() if mark[:2] not in known]
    assert unknown == []


def test_the_page_is_what_the_marks_say(coverage):
    page = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    assert page == coverage["page"](), "run python tests/coverage_page.py > docs/coverage.md"
