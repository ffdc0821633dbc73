"""Every stage of the table: it is listed, can be asked for, and gives rows."""

import inspect
from importlib import import_module
from pathlib import Path

import pytest

import benchmarks
from benchmarks.__main__ import HEAD, STAGES, _shown
from benchmarks.rows import Row

NO_STAGES = {"__init__", "__main__", "inputs", "rows"}


def test_every_module_of_the_table_is_a_stage_and_every_stage_a_module():
    modules = {path.stem for path in Path(benchmarks.__file__).parent.glob("*.py")}
    assert modules - NO_STAGES == set(STAGES)


@pytest.mark.parametrize(
    "path", sorted((Path(benchmarks.__file__).parent / "studies").rglob("*.py")), ids=lambda p: p.stem
)
def test_a_study_finds_all_that_it_imports(path):
    import_module(".".join(path.relative_to(Path(benchmarks.__file__).parents[1]).with_suffix("").parts))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_run_in_a_folder_and_gives_rows(stage):
    run = import_module(f"benchmarks.{stage}").run
    assert list(inspect.signature(run).parameters) == ["folder", "full"]
    assert inspect.signature(run, eval_str=True).return_annotation.__args__ == (Row,)


def test_a_row_has_a_cell_for_each_head():
    row = Row(what="a", budget="b", measured="c", naive="d", ratio=0.12345, holds=False, peak_mb=1234.5)
    assert _shown(row) == "| a | b | 0.123 | no | c | d | 1,234 MB |"
    assert _shown(row).count("|") == HEAD.splitlines()[0].count("|")


def test_a_stage_measures_what_it_says(monkeypatch):
    crowding = import_module("benchmarks.crowding")
    monkeypatch.setattr(crowding, "COUNT", 400)
    rows = list(crowding.run(Path(), full=False))
    assert [row.what.split()[0] for row in rows] == ["link", "match", "link", "match"]
    assert all(row.ratio > 0 and row.measured.endswith(" s") for row in rows)
