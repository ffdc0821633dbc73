import sqlite3
from contextlib import closing

import pytest
import sqlalchemy

from pipeline.errors import InputError, MissingInputError, SettingsError, UnknownNameError
from pipeline.io.database import identifier, query_text, select, sqlite_engine

NIGHT = "2026-01-01"
INJECTION = "2026-01-01'; DROP TABLE candidates; --"


@pytest.fixture
def engine(tmp_path):
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection, connection:
        connection.execute("CREATE TABLE candidates (candidate_id TEXT, night TEXT, x REAL)")
        rows = [("b", NIGHT, 2.0), ("10", NIGHT, None), ("9", NIGHT, 1.0), ("Ä", NIGHT, 0.0), ("c", "2026-01-02", 3.0)]
        connection.executemany("INSERT INTO candidates VALUES (?, ?, ?)", rows)
    return sqlite_engine(tmp_path / "s.db")


def ask(engine, query="SELECT * FROM candidates WHERE night = :night", night=NIGHT, **options):
    options = {"order_by": "candidate_id", "where": "set/name", "text_columns": ("candidate_id",), **options}
    return select(engine, query, {"night": night}, **options)


def test_parameters_are_bound_and_cannot_break_out(engine):
    assert len(ask(engine, night=INJECTION)) == 0
    assert len(ask(engine)) == 4


def test_rows_are_ordered_by_id_as_text_whatever_the_server_says(engine):
    for order in ("candidate_id", "candidate_id DESC", "x", "candidate_id COLLATE NOCASE"):
        found = ask(engine, f"SELECT * FROM candidates WHERE night = :night ORDER BY {order}")
        assert found["candidate_id"].tolist() == ["10", "9", "b", "Ä"]


def test_rows_of_equal_ids_are_ordered_by_the_rest(engine):
    query = "SELECT 'm' AS mover_id, x FROM candidates WHERE x IS NOT NULL ORDER BY x DESC"
    assert ask(engine, query, order_by="mover_id")["x"].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_a_query_without_a_parameter_is_fine(engine):
    assert len(ask(engine, "SELECT * FROM candidates")) == 5


def test_no_rows_still_have_their_columns(engine):
    found = ask(engine, night="1900-01-01")
    assert list(found) == ["candidate_id", "night", "x"]
    assert str(found["candidate_id"].dtype) == "str"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT * FROM exposures", "query set/name: no such table: exposures"),
        ("SELECT colour FROM candidates", "query set/name: no such column: colour"),
        ("SELECT night FROM candidates", "query set/name: column 'candidate_id' is missing; there: night"),
        ("SELECT * FROM candidates WHERE", "query set/name: incomplete input"),
        ("SELECT * FROM candidates WHERE x = :other", "query set/name: A value is required"),
    ],
)
def test_what_the_database_refuses_is_one_line_with_the_querys_name(engine, query, message):
    with pytest.raises(InputError, match=message) as caught:
        ask(engine, query)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("statement", ["DELETE FROM candidates", "DROP TABLE candidates", "CREATE TABLE t (a)"])
def test_nothing_can_be_written(engine, statement):
    with engine.connect() as connection, pytest.raises(sqlalchemy.exc.OperationalError, match="readonly"):
        connection.execute(sqlalchemy.text(statement))


def test_a_missing_file_is_named_and_not_made(tmp_path):
    with pytest.raises(MissingInputError, match="no database file"):
        sqlite_engine(tmp_path / "gone.db")
    assert not (tmp_path / "gone.db").exists()


@pytest.mark.parametrize("name", ["candidates; DROP TABLE x", "a b", "1a", "", "a-b", 'a"', "naïve"])
def test_an_identifier_that_is_none_is_refused(name):
    with pytest.raises(SettingsError, match="is no name of a table or column"):
        identifier(name)


def test_an_identifier_is_returned():
    assert identifier("ra_deg2") == "ra_deg2"


@pytest.fixture
def queries(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path))
    (tmp_path / "queries" / "mine").mkdir(parents=True)
    return tmp_path / "queries" / "mine"


def test_a_named_query_is_read_without_comments_and_semicolon(queries):
    (queries / "candidates.sql").write_text("-- all of them\nSELECT 1\n  -- more\nAS one;\n")
    assert query_text("mine", "candidates") == "SELECT 1\nAS one"


def test_only_reading_queries_are_taken(queries):
    (queries / "bad.sql").write_text("DELETE FROM candidates")
    with pytest.raises(SettingsError, match=r"queries/mine/bad.sql does not begin with SELECT or WITH"):
        query_text("mine", "bad")


def test_an_unknown_query_is_named(queries):
    (queries / "candidates.sql").write_text("SELECT 1")
    with pytest.raises(UnknownNameError, match=r"query of 'mine' 'candidate' \(did you mean 'candidates'"):
        query_text("mine", "candidate")
