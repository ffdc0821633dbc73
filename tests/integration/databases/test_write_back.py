"""Scores written back on real servers: all or nothing, and never more than was asked."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import ChangedInputError, InputError, SettingsError, UnreachableError
from pipeline.io.database.score_columns import ScoreColumn
from pipeline.io.database.settings import DatabaseSettings, WritingUser
from pipeline.io.database.write_back import Run, write_back
from pipeline.io.database.writing import WritableDatabase
from pipeline.io.settings_files import config_folder

SCHEMAS = Path(__file__).with_name("schemas")
SCRIPT = (config_folder() / "queries" / "write_back.sql").read_text()
RUN = Run(fingerprint="f1", survey="own", release_name="r1", packages="p", nights="2026-01-01",
          scored_at="2026-01-02T00:00:00+00:00", version="1")  # fmt: skip
TO = ScoreColumn(table="things", key="id", score="factor", texts={"model": "p"}, time="scored")
THINGS = (
    "CREATE TABLE things (id BIGINT PRIMARY KEY, factor DOUBLE PRECISION, model VARCHAR(64), scored TIMESTAMP NULL)"
)
WRITER = {"user": "writer", "password_variable": "NIGHTSIFT_DB_WRITE_PASSWORD"}


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request, monkeypatch):
    """A real server whose user ``writer`` may do what write-back needs, with a password of its own."""
    found = request.getfixturevalue(request.param)
    monkeypatch.delenv("NIGHTSIFT_DB_PASSWORD")
    monkeypatch.setenv("NIGHTSIFT_DB_WRITE_PASSWORD", "of the writer")
    if found.engine == "postgresql":
        if not found.ask("", "SELECT 1 FROM pg_roles WHERE rolname = 'writer'"):
            found.ask("", "CREATE ROLE writer LOGIN PASSWORD 'of the writer'")
    else:
        found.ask("", "CREATE USER IF NOT EXISTS writer@'127.0.0.1' IDENTIFIED BY 'of the writer'")
    return found


def grant(server, name, rights, table):
    """Let the writer do things to a table; an empty table stands for the whole database."""
    if server.engine == "postgresql":
        server.ask(name, f"GRANT {rights} ON {table} TO writer")
    else:
        server.ask(name, f"GRANT {rights} ON {name}.{table} TO writer@'127.0.0.1'")


def made(server, *, rights="SELECT, UPDATE", rows=5, things=THINGS):
    """Return the name of a database with ``things`` 1 to ``rows`` and the marker table."""
    name = server.new_database()
    server.ask(name, things)
    server.fill(name, "things", pd.DataFrame({"id": np.arange(1, rows + 1), "factor": np.nan}))
    server.ask(name, "\n".join(line.partition("--")[0] for line in SCRIPT.splitlines()))
    grant(server, name, rights, "things")
    grant(server, name, "SELECT, INSERT, UPDATE", "nightsift_runs")
    if server.engine == "mysql":
        grant(server, name, "CREATE TEMPORARY TABLES", "*")
    return name


def writable(server, name, **more):
    return WritableDatabase(DatabaseSettings(**server.settings(name), write=WritingUser(**WRITER), **more))


def written(server, name):
    rows = server.ask(name, "SELECT id, factor, model FROM things ORDER BY id")
    return {number: (factor, model) for number, factor, model in rows if factor is not None}


def runs(server, name):
    return server.ask(
        name, "SELECT fingerprint, release_name, rows_matched, rows_updated, rows_unchanged, rows_missing "
        "FROM nightsift_runs ORDER BY fingerprint"
    )  # fmt: skip


def write(server, name, scores, run=RUN, **options):
    return write_back(writable(server, name), TO, scores, run, what="object_id", **{"dry": False, **options})


@pytest.mark.replaces("psat-ml", "P10")
def test_rows_and_their_marker_are_written_and_counted(server):
    name = made(server)
    counted = write(server, name, [("1", 0.25), ("2", 0.5), ("9", 0.75)])
    assert (counted.matched, counted.updated, counted.unchanged, counted.missing) == (2, 2, 0, ("9",))
    assert written(server, name) == {1: (0.25, "p"), 2: (0.5, "p")}
    assert runs(server, name) in ([("f1", "r1", 2, 2, 0, 1)], (("f1", "r1", 2, 2, 0, 1),))
    assert server.ask(name, "SELECT COUNT(*) FROM things WHERE scored IS NOT NULL")[0][0] == 2


@pytest.mark.replaces("psat-ml", "P10")
def test_a_dry_run_counts_the_same_and_leaves_no_trace(server):
    name = made(server)
    counted = write(server, name, [("1", 0.25), ("9", 0.75)], dry=True)
    assert (counted.matched, counted.updated, counted.missing) == (1, 1, ("9",))
    assert written(server, name) == {}
    assert not runs(server, name)


def test_a_second_run_changes_nothing_and_a_row_that_was_changed_is_put_right(server):
    name = made(server)
    scores = [("1", 0.1), ("2", 1 / 3)]
    write(server, name, scores)
    again = write(server, name, scores)
    assert (again.updated, again.unchanged) == (0, 2)
    assert [tuple(row)[2:] for row in runs(server, name)] == [(2, 2, 0, 0)]
    server.ask(name, "UPDATE things SET factor = 0.9 WHERE id = 2")
    assert write(server, name, scores).updated == 1
    assert written(server, name)[2] == (1 / 3, "p")


@pytest.mark.parametrize("kind", ["REAL", "NUMERIC(4,3)"])
def test_a_narrow_column_rounds_and_a_second_run_finds_its_own_scores(server, kind):
    kind = "FLOAT" if (kind, server.engine) == ("REAL", "mysql") else kind
    name = made(server, things=THINGS.replace("DOUBLE PRECISION", kind))
    assert write(server, name, [("1", 0.123456789)]).updated == 1
    assert write(server, name, [("1", 0.123456789)]).unchanged == 1
    assert float(written(server, name)[1][0]) == pytest.approx(0.1235, abs=6e-4)


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
@pytest.mark.parametrize("kind", ["TIMESTAMP", "TIMESTAMPTZ"])
def test_the_time_of_writing_is_utc_wherever_the_server_stands(server, kind):
    name = made(server, things=THINGS.replace("TIMESTAMP", kind))
    server.ask("", f"ALTER ROLE writer IN DATABASE {name} SET timezone = 'Pacific/Honolulu'")
    write(server, name, [("1", 0.25)])
    late = server.ask(name, "SELECT EXTRACT(EPOCH FROM scored) - EXTRACT(EPOCH FROM now()) FROM things WHERE id = 1")
    assert abs(late[0][0]) < 60


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
def test_a_uuid_is_found_however_it_is_written(server):
    name = made(server, rows=0, things=THINGS.replace("BIGINT", "UUID"))
    there, absent = "0F8FAD5B-D9CB-469F-A165-70867728950E", "0F8FAD5B-D9CB-469F-A165-70867728950F"
    server.fill(name, "things", pd.DataFrame({"id": [there], "factor": np.nan}))
    counted = write(server, name, [(there, 0.25), (absent, 0.5)])
    assert (counted.matched, counted.updated, counted.missing) == (1, 1, (absent,))


def test_texts_as_keys_meet_byte_by_byte(server):
    name = made(server, rows=0, things=THINGS.replace("BIGINT", "VARCHAR(40)"))
    server.fill(name, "things", pd.DataFrame({"id": ["007", "a", "9007199254740993"], "factor": np.nan}))
    counted = write(server, name, [("007", 0.1), ("7", 0.2), ("A", 0.3), ("9007199254740993", 0.4)])
    assert counted.missing == ("7", "A")
    assert set(written(server, name)) == {"007", "9007199254740993"}


def test_scores_of_a_newer_release_stay_unless_it_is_said(server):
    name = made(server)
    second = Run(
        **{**RUN.__dict__, "fingerprint": "f2", "release_name": "r2", "scored_at": "2026-02-01T00:00:00+00:00"}
    )
    write(server, name, [("1", 0.1)])
    write(server, name, [("1", 0.2)], second)
    late = Run(**{**RUN.__dict__, "fingerprint": "f3", "scored_at": "2026-03-01T00:00:00+00:00"})
    with pytest.raises(SettingsError, match=r"release 'r2'.* unless you say --replace-newer"):
        write(server, name, [("1", 0.3)], late)
    assert written(server, name)[1][0] == 0.2
    assert write(server, name, [("1", 0.3)], late, replace_newer=True).updated == 1


@pytest.mark.parametrize(
    ("things", "message"),
    [
        (THINGS.replace("factor DOUBLE PRECISION", "factor INTEGER"), "column factor of table things in the database "
         ".* is INTEGER; allowed: a type of numbers with a fraction"),
        (THINGS.replace("factor DOUBLE", "other DOUBLE"), "has no column 'factor'; there: id, other, model, scored"),
        (THINGS.replace("VARCHAR(64)", "INTEGER"), "column model .* is INTEGER; allowed: text of 1 characters"),
        (THINGS.replace("BIGINT", "DOUBLE PRECISION"), "column id .* allowed: whole numbers, such as BIGINT, or text"),
        (THINGS.replace("things (", "nothings ("), r"has no table things that this user may see|denied to user"),
    ],
)  # fmt: skip
def test_a_table_that_does_not_fit_is_one_line_beforehand(server, things, message):
    name = server.new_database()
    server.ask(name, things)
    table = "nothings" if "nothings" in things else "things"
    grant(server, name, "SELECT, UPDATE", table)
    with pytest.raises(InputError, match=message):
        write(server, name, [("1", 0.5)])


def test_a_user_who_may_not_write_is_told_what_is_needed(server):
    name = made(server, rights="SELECT")
    for dry in (True, False):
        with pytest.raises(InputError) as told:
            write(server, name, [("1", 0.5)], dry=dry)
        said = str(told.value)
        assert f"column factor of table things in the database {name!r} at 127.0.0.1:{server.port}" in said
        assert "needed for user 'writer': SELECT and UPDATE on things" in said
        assert "of the writer" not in said
    assert "\n" not in said


def test_no_marker_table_is_one_line_that_names_the_script(server):
    name = made(server)
    server.ask(name, "DROP TABLE nightsift_runs")
    with pytest.raises(InputError, match=r"no table nightsift_runs .*make it with config/queries/write_back\.sql"):
        write(server, name, [("1", 0.5)])


def test_ids_that_the_column_cannot_hold_or_no_row_has_are_refused(server):
    name = made(server)
    with pytest.raises(InputError, match=r"object_id 'a7' is no whole number that .* hold, of type BIGINT"):
        write(server, name, [("1", 0.5), ("a7", 0.5)])
    with pytest.raises(InputError, match="none of the 2 scored object_id, the first '70', is in column id"):
        write(server, name, [("70", 0.5), ("71", 0.5)])
    assert written(server, name) == {}


def test_an_id_in_two_rows_of_the_table_is_refused(server):
    name = made(server, things=THINGS.replace(" PRIMARY KEY", ""))
    server.fill(name, "things", pd.DataFrame({"id": [3], "factor": [0.5]}))
    with pytest.raises(InputError, match="object_id '3' is in several rows of table things"):
        write(server, name, [("1", 0.5), ("3", 0.5)])
    assert written(server, name) == {3: (0.5, None)}


def test_a_table_that_another_transaction_locks_is_one_line(server):
    name = made(server)
    with contextlib.closing(server.open(name)) as other, other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE things SET factor = 0.1 WHERE id = 2")
        database = writable(server, name, statement_timeout_s=1.0)
        with pytest.raises(
            InputError, match=r"column factor of table things .*(locked by another transaction|took longer)"
        ):
            write_back(database, TO, [("1", 0.5), ("2", 0.5)], RUN, what="object_id", dry=False)
        cursor.execute("ROLLBACK")
    assert written(server, name) == {}


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
def test_a_trigger_that_changes_what_is_written_undoes_all(server):
    name = made(server)
    server.ask(name, "CREATE FUNCTION halve() RETURNS trigger LANGUAGE plpgsql AS "
               "$$ BEGIN NEW.factor = NEW.factor / 2; RETURN NEW; END $$")  # fmt: skip
    server.ask(name, "CREATE TRIGGER t BEFORE UPDATE ON things FOR EACH ROW EXECUTE FUNCTION halve()")
    with pytest.raises(ChangedInputError, match=r"changed while it was written: .* 2 of which do not hold their score"):
        write(server, name, [("1", 0.5), ("2", 0.5)])
    assert written(server, name) == {}
    assert not runs(server, name)


@pytest.mark.parametrize("server", ["mariadb"], indirect=True)
def test_a_table_without_transactions_is_refused(server):
    name = made(server, things=f"{THINGS} ENGINE=MyISAM")
    with pytest.raises(InputError, match="is of engine MyISAM, which has no transactions; allowed: InnoDB"):
        write(server, name, [("1", 0.5)])
    assert written(server, name) == {}


CHILD = textwrap.dedent("""
    import json, sys, time
    import sqlalchemy
    from pipeline.io.database.score_columns import ScoreColumn
    from pipeline.io.database.settings import DatabaseSettings, WritingUser
    from pipeline.io.database.write_back import Run, write_back
    from pipeline.io.database.writing import WritableDatabase

    def wait(connection):
        print("before the commit", flush=True)
        time.sleep(60)

    sqlalchemy.Connection.commit = wait
    settings, to, run, scores = json.loads(sys.argv[1])
    database = WritableDatabase(DatabaseSettings(**{**settings, "write": WritingUser(**settings["write"])}))
    write_back(database, ScoreColumn(**to), [tuple(row) for row in scores], Run(**run), what="object_id", dry=False)
""")


@pytest.mark.replaces("psat-ml", "P10")
def test_killed_between_update_and_commit_nothing_is_written_and_a_rerun_writes_all(server):
    name = made(server, rows=2000)
    server.ask(name, "UPDATE things SET factor = 0.5")
    scores = [(str(number), number / 4096) for number in range(1, 2001)]
    settings = {**server.settings(name), "write": WRITER}
    given = json.dumps([settings, TO.__dict__, RUN.__dict__, scores])
    child = subprocess.Popen([sys.executable, "-c", CHILD, given], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline() == "before the commit\n"
        assert set(written(server, name).values()) == {(0.5, None)}
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
    assert set(written(server, name).values()) == {(0.5, None)}
    assert not runs(server, name)
    counted = write(server, name, scores)
    assert (counted.updated, counted.unchanged) == (2000, 0)
    assert written(server, name)[2000] == (2000 / 4096, "p")


def test_a_server_that_is_gone_is_one_line(server):
    name = made(server)
    database = WritableDatabase(DatabaseSettings(**{**server.settings(name), "port": 1}, write=WritingUser(**WRITER)))
    with pytest.raises(UnreachableError, match=r"nothing is known to be written, run it again"):
        write_back(database, TO, [("1", 0.5)], RUN, what="object_id")


@pytest.mark.replaces("psat-ml", "P10")
@pytest.mark.parametrize("server", ["mariadb"], indirect=True)
@pytest.mark.parametrize(
    ("survey", "table", "column"),
    [
        ("atlas_unscored", "atlas_diff_objects", "zooniverse_score"),
        ("panstarrs_unscored", "tcs_transient_objects", "confidence_factor"),
    ],
)
def test_the_ready_surveys_write_the_scores_of_objects(server, survey, table, column, tmp_path, monkeypatch):
    import tasks

    name, family = server.new_database(), survey.partition("_")[0]
    server.ask(name, (SCHEMAS / f"{family}.sql").read_text())
    server.fill(name, table, pd.DataFrame({"id": [1033920010103430900, 2]}))
    server.ask(name, "\n".join(line.partition("--")[0] for line in SCRIPT.splitlines()))
    grant(server, name, "SELECT, UPDATE", table)
    grant(server, name, "SELECT, INSERT, UPDATE", "nightsift_runs")
    grant(server, name, "CREATE TEMPORARY TABLES", "*")
    given = {"PORT": server.port, "DATABASE": name, "WRITE_USER": "writer", "WRITE_PASSWORD": "of the writer"}
    for key, value in given.items():
        monkeypatch.setenv(f"NIGHTSIFT_{family.upper()}_{key}", str(value))
    monkeypatch.setenv("NIGHTSIFT_DATA", str(tmp_path / "data"))
    (tmp_path / "objects.csv").write_text("object_id,score\n1033920010103430900,0.75\n3,0.5\n")
    task = tasks.WriteBackScores(survey=survey, scores=str(tmp_path / "objects.csv"), commit_rows=True)
    task.run()
    assert task.complete()
    assert server.ask(name, f"SELECT id, {column} FROM {table} WHERE {column} IS NOT NULL") == (
        (1033920010103430900, 0.75),
    )
    said = task.output().path.read_text()
    assert "of the writer" not in said
    assert json.loads(said)["missing"] == ["3"]
