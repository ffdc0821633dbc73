import sqlite3
import time
from contextlib import closing

import numpy as np
import pytest
import sqlalchemy
from sqlalchemy.dialects.mysql import BIGINT

from pipeline.errors import InputError, SettingsError
from pipeline.io.database.score_columns import ScoreColumn, key_binder
from pipeline.io.database.settings import DatabaseSettings, WritingUser
from pipeline.io.database.write_back import Run, write_back
from pipeline.io.database.writing import WritableDatabase
from pipeline.io.settings_files import config_folder
from pipeline.surveys.write_back_settings import WriteBackSettings

RUN = Run(fingerprint="f1", survey="own", release_name="r1", packages="p", nights="2026-01-01",
          scored_at="2026-01-02T00:00:00+00:00", version="1")  # fmt: skip
TO = ScoreColumn(table="things", key="id", score="factor")


@pytest.fixture
def file(tmp_path):
    """An SQLite file with two things and the marker table."""
    path = tmp_path / "s.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript((config_folder() / "queries" / "write_back.sql").read_text())
        connection.execute("CREATE TABLE things (id TEXT PRIMARY KEY, factor REAL)")
        connection.executemany("INSERT INTO things (id) VALUES (?)", [("a",), ("07",)])
    return path


def ask(path, sql):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def write(path, scores, **more):
    database = WritableDatabase(DatabaseSettings(file=str(path), write=WritingUser()))
    return write_back(database, TO, scores, RUN, what="candidate_id", **{"dry": False, **more})


def test_scores_reach_their_rows_and_a_marker_says_so(file):
    counted = write(file, [("a", 0.25), ("7", 0.5)])
    assert (counted.matched, counted.updated, counted.missing) == (1, 1, ("7",))
    assert dict(ask(file, "SELECT id, factor FROM things")) == {"a": 0.25, "07": None}
    assert ask(file, "SELECT fingerprint, rows_updated, rows_missing FROM nightsift_runs") == [("f1", 1, 1)]


def test_a_dry_run_changes_no_byte(file):
    before = file.read_bytes()
    assert write(file, [("a", 0.25)], dry=True).updated == 1
    assert file.read_bytes() == before


def test_no_scores_leave_a_marker_alone(file):
    assert write(file, []).matched == 0
    assert ask(file, "SELECT rows_matched FROM nightsift_runs") == [(0,)]


def test_a_database_is_written_only_where_its_settings_say_so(file):
    with pytest.raises(SettingsError, match="database has no key `write`"):
        WritableDatabase(DatabaseSettings(file=str(file)))
    with pytest.raises(SettingsError, match="write: user is empty; engine postgresql needs the user who writes"):
        WritableDatabase(DatabaseSettings(engine="postgresql", name="x", write=WritingUser()))


def test_a_computed_column_and_a_column_of_text_are_refused(file):
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("ALTER TABLE things ADD COLUMN twice REAL AS (2 * factor)")
        connection.execute("ALTER TABLE things ADD COLUMN word TEXT")
    database = WritableDatabase(DatabaseSettings(file=str(file), write=WritingUser()))
    for column, message in {"twice": "is computed by the database", "word": "is TEXT; allowed: a type of num"}.items():
        with pytest.raises(InputError, match=message):
            write_back(database, ScoreColumn(table="things", key="id", score=column), [], RUN, what="x")


def test_a_name_that_is_no_name_never_reaches_the_database():
    for values in ({"table": "a; DROP TABLE b"}, {"table": "a.b.c"}, {"score_column": "x y"}, {"time_column": '"'}):
        with pytest.raises(SettingsError, match="is not a name of a table or column"):
            WriteBackSettings(**{"table": "t", "key_column": "id", "score_column": "s", **values})
    with pytest.raises(SettingsError, match="column 'id' is named twice"):
        WriteBackSettings(table="t", key_column="id", score_column="id")


@pytest.mark.parametrize(
    ("kind", "held", "refused"),
    [
        (sqlalchemy.BigInteger(), "9223372036854775807", "9223372036854775808"),
        (BIGINT(unsigned=True), "18446744073709551615", "18446744073709551616"),
        (BIGINT(unsigned=True), "0", "-1"),
    ],
)
def test_ids_go_as_far_as_their_column(kind, held, refused):
    bound = key_binder(kind, "object_id")
    assert bound(held) == int(held)
    with pytest.raises(InputError, match=f"object_id '{refused}' is no whole number that the key column can hold"):
        bound(refused)


def test_a_table_may_be_called_as_scores_are(file):
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("ALTER TABLE things RENAME TO nightsift_scores")
    database = WritableDatabase(DatabaseSettings(file=str(file), write=WritingUser()))
    to = ScoreColumn(table="nightsift_scores", key="id", score="factor")
    assert write_back(database, to, [("a", 0.25)], RUN, what="candidate_id", dry=False).updated == 1
    assert ask(file, "SELECT factor FROM nightsift_scores WHERE id = 'a'") == [(0.25,)]


def test_a_hundred_thousand_rows_take_seconds(file):
    ids = [str(number) for number in range(100_000)]
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany("INSERT INTO things (id) VALUES (?)", [(name,) for name in ids])
    scores = list(zip(ids, np.linspace(0, 1, len(ids)).tolist(), strict=True))
    began = time.process_time()
    assert write(file, scores).updated == 100_000
    assert time.process_time() - began < 20
    assert ask(file, "SELECT factor FROM things WHERE id = '99999'") == [(1.0,)]
