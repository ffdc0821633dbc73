import logging
import sqlite3
import time
from contextlib import closing

import pytest
import sqlalchemy

from pipeline.errors import InputError, MissingInputError, SettingsError, UnknownNameError, UnreachableError
from pipeline.io.database import select as database
from pipeline.io.database.connections import Database, what_was_said
from pipeline.io.database.query_files import parse_query
from pipeline.io.database.select import columns_of, select
from pipeline.io.database.settings import DatabaseSettings, deciding_input

NIGHT = "2026-01-01"
INJECTION = "2026-01-01'; DROP TABLE candidates; --"


@pytest.fixture
def night_database(tmp_path):
    with closing(sqlite3.connect(tmp_path / "s?#%41.db")) as connection, connection:
        connection.execute("CREATE TABLE candidates (candidate_id TEXT, night TEXT, x REAL)")
        rows = [("b", NIGHT, 2.0), ("10", NIGHT, None), ("9", NIGHT, 1.0), ("Ä", NIGHT, 0.0), ("c", "2026-01-02", 3.0)]
        connection.executemany("INSERT INTO candidates VALUES (?, ?, ?)", rows)
    return Database(DatabaseSettings(file="s?#%41.db", wait_s=0.0), tmp_path)


def ask(source, query="SELECT * FROM candidates WHERE night = :night", night=NIGHT, order_by="candidate_id"):
    return select(source, parse_query(query, "set/name"), {"night": night}, order_by=order_by, ids=("candidate_id",))


def test_parameters_are_bound_and_cannot_break_out(night_database):
    assert len(ask(night_database, night=INJECTION)) == 0
    assert len(ask(night_database)) == 4


def test_rows_are_ordered_by_id_as_text_whatever_the_server_says(night_database):
    for order in ("candidate_id", "candidate_id DESC", "x", "candidate_id COLLATE NOCASE"):
        found = ask(night_database, f"SELECT * FROM candidates WHERE night = :night ORDER BY {order}")
        assert found["candidate_id"].tolist() == ["10", "9", "b", "Ä"]


def test_rows_of_equal_ids_are_ordered_by_the_rest(night_database):
    query = "SELECT 'm' AS mover_id, x FROM candidates WHERE x IS NOT NULL ORDER BY x DESC"
    assert ask(night_database, query, order_by="mover_id")["x"].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_rows_come_in_blocks_of_which_none_is_lost(night_database, monkeypatch):
    monkeypatch.setattr(database, "BLOCK_ROWS", 3)
    real, sizes = database.TypedColumns.append, []
    monkeypatch.setattr(database.TypedColumns, "append", lambda self, rows: sizes.append(len(rows)) or real(self, rows))
    assert len(ask(night_database, "SELECT * FROM candidates")) == 5
    assert sizes == [3, 2]


def test_a_query_without_a_parameter_and_with_a_comment_at_its_end_is_fine(night_database):
    assert len(ask(night_database, "SELECT * FROM candidates -- all")) == 5


def test_no_rows_still_have_their_columns(night_database):
    found = ask(night_database, night="1900-01-01")
    assert list(found) == ["candidate_id", "night", "x"]
    assert str(found["candidate_id"].dtype) == "str"


def test_columns_are_told_without_a_row(night_database):
    assert columns_of(night_database, parse_query("SELECT x, night FROM candidates", "set/name"), {}) == ["x", "night"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT * FROM exposures", "query set/name: no such table: exposures"),
        ("SELECT colour FROM candidates", "query set/name: no such column: colour"),
        ("SELECT night FROM candidates", "query set/name: column 'candidate_id' is missing; there: night"),
        ("SELECT * FROM candidates WHERE", "query set/name: near"),
    ],
)
def test_what_the_database_refuses_is_one_line_with_the_querys_name(night_database, query, message):
    with pytest.raises(InputError, match=message) as caught:
        ask(night_database, query)
    assert "\n" not in str(caught.value)


def test_a_parameter_that_nobody_gives_is_named_with_what_there_is(night_database):
    with pytest.raises(
        UnknownNameError, match=r"unknown parameter of query set/name 'nigth' \(did you mean 'night'\?\); known: night"
    ):
        ask(night_database, "SELECT * FROM candidates WHERE night = :nigth")


@pytest.mark.parametrize("statement", ["DELETE FROM candidates", "DROP TABLE candidates", "CREATE TABLE t (a)"])
def test_nothing_can_be_written(night_database, statement):
    with night_database.connect() as connection, pytest.raises(sqlalchemy.exc.OperationalError, match="readonly"):
        connection.exec_driver_sql(statement)


def test_a_pattern_is_searched_in_sqlite_as_elsewhere(night_database):
    query = "SELECT * FROM candidates WHERE candidate_id REGEXP '^[0-9]+$'"
    assert ask(night_database, query)["candidate_id"].tolist() == ["10", "9"]


def test_a_statement_that_takes_too_long_has_a_line_of_its_own(night_database, tmp_path):
    impatient = Database(DatabaseSettings(file="s?#%41.db", statement_timeout_s=0.05), tmp_path)
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT COUNT(*) AS c FROM n"
    started = time.monotonic()
    with pytest.raises(InputError, match=r"query set/name: took longer than statement_timeout_s, 0.05 s"):
        ask(impatient, endless, order_by="")
    assert time.monotonic() - started < 5


def test_a_locked_file_is_tried_again_and_then_named(night_database, tmp_path, caplog):
    patient = Database(DatabaseSettings(file="s?#%41.db", wait_s=0.01, attempts=2, connect_timeout_s=1), tmp_path)
    with closing(sqlite3.connect(tmp_path / "s?#%41.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with (
            caplog.at_level(logging.WARNING),
            pytest.raises(UnreachableError, match=r"does not answer, asked 2 times: database is locked"),
        ):
            ask(patient)
    assert "query set/name: attempt 1 of 2 failed: database is locked; again in 0.01 s" in caplog.text


def test_a_missing_file_is_named_and_not_made(tmp_path):
    with pytest.raises(MissingInputError, match="no database file"):
        Database(DatabaseSettings(file="gone.db"), tmp_path)
    assert not (tmp_path / "gone.db").exists()


def test_a_file_that_is_no_database_is_one_line(tmp_path):
    (tmp_path / "s.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(InputError, match="query set/name: file is not a database"):
        ask(Database(DatabaseSettings(file="s.db"), tmp_path))


def test_an_ordering_column_that_is_no_name_is_refused(night_database):
    with pytest.raises(SettingsError, match="is not a name of a table or column"):
        ask(night_database, order_by="a b")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"engine": "postgresql"}, "name is empty; engine postgresql needs the name of a database"),
        ({"engine": "mysql", "name": "s", "host": "me:secret@host"}, "host holds more than a host"),
        ({"attempts": 0}, "attempts is 0; allowed: above 0"),
        ({"statement_timeout_s": 0.0}, r"statement_timeout_s is 0.0; allowed: above 0"),
        ({"wait_s": -1.0}, r"wait_s is -1.0; allowed: 0 or above"),
    ],
)
def test_settings_that_cannot_be_are_refused(given, message):
    with pytest.raises(SettingsError, match=message) as caught:
        DatabaseSettings(**given)
    assert "secret" not in str(caught.value)


def test_patience_and_credentials_decide_nothing():
    given = {"queries": "q", "database": {"engine": "mysql", "name": "s", "user": "u", "attempts": 9, "wait_s": 1}}
    assert deciding_input(given) == {"queries": "q", "database": {"engine": "mysql", "name": "s"}}
    assert deciding_input({"folder": "f"}) == {"folder": "f"}


@pytest.mark.parametrize(
    "said",
    [
        OSError('could not connect with "host=h password=hunter2 dbname=d"'),
        OSError("no answer of postgresql://me:hunter2@h/d"),
        OSError(2003, "no answer of mysql://me:hunter2@h/d"),
    ],
)
def test_what_a_database_said_tells_no_password(said):
    assert "hunter2" not in what_was_said(said)
    assert "***" in what_was_said(said)
