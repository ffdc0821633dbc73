import csv
import io
import shutil
import subprocess
import warnings

import numpy as np
import pandas as pd
import pytest
from astropy import units
from astropy.io.votable import parse_single_table
from astropy.io.votable.ucd import check_ucd
from astropy.table import Table
from ranked_candidates import scored

from pipeline.io.files.csv_cells import neutral
from pipeline.io.results.candidate_list_file import csv_text, votable_bytes
from pipeline.scores.candidate_list import COLUMNS, listed
from pipeline.scores.ranking import Choice, rank

HOSTILE = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    'a"b,c\n<b>&amp;',
    "é \N{SNOWMAN}",
    "0012",
    "-17",
    "",
]


@pytest.fixture
def candidate_table(make_rows):
    n = len(HOSTILE)
    columns = {
        "object_id": HOSTILE,
        "band": HOSTILE,
        "ra_deg": np.linspace(0.1, 359.9, n) + 1e-9 / 3,
        "dec_deg": np.linspace(-89.9, 89.9, n) / 3,
        "time_mjd": 61045 + np.arange(n) / 7,
        "magnitude": np.linspace(14, 22, n) / 3,
    }
    score = np.linspace(0.99, 0.01, n) / 3
    score[-1] = np.nan
    return listed(rank(scored(make_rows, [f"00{i}" for i in range(n)], score, **columns), Choice()).rows)


def read_votable(content):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return parse_single_table(io.BytesIO(content))


def same(table, found):
    for name, column in COLUMNS.items():
        if column.kind == "text":
            assert [str(value) for value in found[name]] == [text.strip() for text in table[name]], (
                name
            )  # spaces around are XML's
        else:
            np.testing.assert_array_equal(found[name].data, table[name].to_numpy(), err_msg=name)


def test_csv_keeps_every_digit_and_ids_as_text(candidate_table):
    read = pd.read_csv(io.StringIO(csv_text(candidate_table)), dtype={"candidate_id": "str"}, keep_default_na=True)
    assert read["candidate_id"].tolist() == candidate_table["candidate_id"].tolist()
    for name in ("ra_deg", "dec_deg", "time_mjd"):
        np.testing.assert_array_equal(read[name], candidate_table[name])
    for name in ("score", "magnitude"):
        np.testing.assert_array_equal(read[name].astype("float32"), candidate_table[name])


def test_no_cell_of_csv_is_run_by_a_spreadsheet(candidate_table):
    rows = list(csv.DictReader(io.StringIO(csv_text(candidate_table), newline="")))
    assert [row["object_id"] for row in rows] == [neutral(text) for text in HOSTILE]
    for row in rows:
        for name, column in COLUMNS.items():
            harmless = row[name][1:].replace(":", "").replace(".", "").isdigit()
            assert column.kind != "text" or row[name][:1] not in tuple("=+-@\t\r") or harmless, (name, row[name])


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-1e5|x"])
def test_a_formula_becomes_a_text(text):
    assert neutral(text) == "'" + text


@pytest.mark.parametrize("text", ["-17", "+12:30:05.25", "SN 2026a", "", "a=1"])
def test_what_is_no_formula_stays(text):
    assert neutral(text) == text


def test_a_votable_comes_back_as_it_was_with_units_ucds_and_meanings(candidate_table):
    found = read_votable(votable_bytes(candidate_table, description="Candidates", about={"survey": "toy <&>"}))
    same(candidate_table, found.array)
    for field in found.fields:
        column = COLUMNS[field.name]
        assert (field.ucd, field.description) == (column.ucd, column.meaning)
        assert field.unit == (units.Unit(column.unit) if column.unit else None)
    assert (found.get_field_by_id("ra_deg").ref, found.get_field_by_id("time_mjd").ref) == ("icrs", "utc")


def test_astropy_reads_it_as_a_table_and_an_empty_list_too(candidate_table):
    for rows in (candidate_table, candidate_table.iloc[:0]):
        found = Table.read(io.BytesIO(votable_bytes(rows, description="Candidates", about={})), format="votable")
        assert list(found.columns) == list(COLUMNS)
        assert len(found) == len(rows)


def test_equal_lists_are_equal_bytes(candidate_table):
    first, second = (votable_bytes(candidate_table, description="Candidates", about={"a": "b"}) for _ in range(2))
    assert first == second


def test_control_characters_do_not_break_a_votable(make_rows):
    rows = listed(rank(scored(make_rows, ["a"], [0.5], object_id=["x\x1b[31m\x00"]), Choice()).rows)
    found = read_votable(votable_bytes(rows, description="Candidates", about={"scores": "a\x07"}))
    assert found.array["object_id"][0] == "x\ufffd[31m\ufffd"


@pytest.mark.parametrize("name", list(COLUMNS))
def test_every_ucd_is_one_of_the_vocabulary(name):
    assert check_ucd(COLUMNS[name].ucd, check_controlled_vocabulary=True)


def test_stilts_finds_no_fault_and_reads_every_row(candidate_table, tmp_path):
    stilts = shutil.which("stilts")
    if not stilts:
        pytest.skip("stilts is absent; Debian has it")
    path = tmp_path / "candidates.vot"
    path.write_bytes(
        votable_bytes(candidate_table, description="Candidates", about={"night": "2026-01-05", "survey": "toy"})
    )
    lint = subprocess.run([stilts, "votlint", f"votable={path}"], capture_output=True, text=True, timeout=120)
    assert (lint.returncode, lint.stdout + lint.stderr) == (0, "")
    columns = "cmd=keepcols 'rank candidate_id ra_deg object_id'"
    read = subprocess.run(
        [stilts, "tpipe", f"in={path}", "ifmt=votable", columns, "omode=out", "ofmt=csv"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    found = pd.read_csv(io.StringIO(read.stdout), dtype={"candidate_id": "str"})
    assert found["candidate_id"].tolist() == candidate_table["candidate_id"].tolist()
    np.testing.assert_array_equal(found["ra_deg"], candidate_table["ra_deg"])
