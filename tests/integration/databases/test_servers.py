"""Real database servers: streaming, connections that break, credentials, hostile values, a whole night."""

import logging
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from pipeline.errors import InputError, NightsiftError, UnreachableError
from pipeline.io import settings_files
from pipeline.io.database import select as database
from pipeline.io.database.connections import Database
from pipeline.io.database.query_files import parse_query
from pipeline.io.database.select import columns_of, select
from pipeline.io.database.settings import DatabaseSettings
from pipeline.io.results.commit import commit
from pipeline.io.results.content import content_sha256
from pipeline.settings import parse
from pipeline.stages.fetch_cutouts import fetch_cutouts
from pipeline.stages.night_job import NightJob
from pipeline.surveys.load import open_survey
from pipeline.surveys.settings import SurveySettings

CHECKOUT = Path(__file__).resolve().parents[3]
NIGHT = "2026-01-01"
ROWS = 20_000
BY_ID = "SELECT candidate_id FROM candidates WHERE candidate_id = :camera"
HOSTILE = [
    "02a'; DROP TABLE candidates; --", '"; DROP TABLE candidates; --', "%(night)s", ":night", "%s", "$1", "\\", "\\'",
    "'' OR 1 = 1 --", "`candidates`", "/* */", "{0}", "Ωμέγα 💥", "a\nb", "",
]  # fmt: skip


_TABLES = {}


@pytest.fixture
def served_table(server):
    """Return the name of a database with a table of 20,000 wide rows, made once for each server."""
    if server not in _TABLES:
        _TABLES[server] = wide_table(server)
    return _TABLES[server]


def wide_table(server):
    name = server.new_database()
    server.ask(name, "CREATE TABLE candidates (candidate_id VARCHAR(20) PRIMARY KEY, x DOUBLE PRECISION, said TEXT)")
    numbers = range(ROWS)
    rows = {"candidate_id": [f"{row:07d}" for row in numbers], "x": [row / 7 for row in numbers], "said": "x" * 500}
    server.fill(name, "candidates", pd.DataFrame(rows))
    return name


def ask(source, query="SELECT candidate_id, x, said FROM candidates", **parameters):
    return select(source, parse_query(query, "set/name"), parameters, order_by="candidate_id", ids=("candidate_id",))


def open_source(server, name, **more):
    return Database(DatabaseSettings(**server.settings(name, **more)))


@pytest.fixture
def end_connections(server, monkeypatch):
    """Return a function that makes the server end the reader's connection while it streams, so many times."""
    ended = []
    if server.engine == "postgresql":
        kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'"
    else:
        kill = "KILL USER reader@'127.0.0.1'"

    def arm(times):
        monkeypatch.setattr(database, "BLOCK_ROWS", 1000)
        real = database.TypedColumns.append

        def append(self, rows):
            real(self, rows)
            self.seen = getattr(self, "seen", 0) + 1
            if self.seen == 2 and len(ended) < times:
                ended.append(True)
                server.ask("", kill)
                time.sleep(0.05)

        monkeypatch.setattr(database.TypedColumns, "append", append)
        return ended

    return arm


def test_a_connection_that_breaks_is_tried_again_from_the_start(server, served_table, end_connections, caplog):
    whole = ask(open_source(server, served_table))
    ended = end_connections(2)
    with caplog.at_level(logging.WARNING):
        again = ask(open_source(server, served_table, attempts=3))
    pd.testing.assert_frame_equal(again, whole)
    assert len(ended) == 2
    assert len(whole) == ROWS
    assert "query set/name: attempt 1 of 3 failed" in caplog.text
    assert "again in 0.05 s" in caplog.text
    assert "attempt 2 of 3 failed" in caplog.text
    assert server.password not in caplog.text


def test_a_connection_that_stays_broken_is_one_line_with_its_place(server, served_table, end_connections):
    end_connections(99)
    place = f"the database '{served_table}' at 127.0.0.1:{server.port} does not answer, asked 3 times: "
    with pytest.raises(UnreachableError, match=f"query set/name: {place}") as caught:
        ask(open_source(server, served_table))
    assert "\n" not in str(caught.value)


def test_a_server_that_is_not_there_is_one_line_with_its_place(server, served_table):
    source = Database(DatabaseSettings(**server.settings(served_table) | {"port": 1}))
    with pytest.raises(
        UnreachableError, match=rf"'{served_table}' at 127.0.0.1:1 does not answer, asked 3 times: "
    ) as caught:
        ask(source)
    assert "\n" not in str(caught.value)
    assert server.password not in str(caught.value)


@pytest.mark.parametrize("fault", ["password", "user", "name"])
def test_what_is_refused_at_the_door_is_not_tried_again(server, served_table, monkeypatch, caplog, fault):
    given = server.settings(served_table)
    if fault == "password":
        monkeypatch.setenv("NIGHTSIFT_DB_PASSWORD", "wrong-secret")
    else:
        given[fault] = "nobody"
    with pytest.raises(InputError, match=r"query set/name: ") as caught:
        ask(Database(DatabaseSettings(**given)))
    assert "nobody" in str(caught.value) or "reader" in str(caught.value)
    said = f"{caught.value}{caught.value!r}{caught.value.__cause__}{caplog.text}"
    assert "wrong-secret" not in said
    assert server.password not in said
    assert "attempt" not in caplog.text


def test_a_statement_that_takes_too_long_has_a_line_of_its_own(server, served_table):
    nap = "pg_sleep(20)" if server.engine == "postgresql" else "SLEEP(20)"
    started = time.monotonic()
    with pytest.raises(InputError, match=r"query set/name: took longer than statement_timeout_s, 0.3 s"):
        ask(
            open_source(server, served_table, statement_timeout_s=0.3),
            f"SELECT candidate_id, {nap} AS nap FROM candidates",
        )
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("statement", ["DELETE FROM candidates", "DROP TABLE candidates", "CREATE TABLE t (a INTEGER)"])
def test_nothing_can_be_written_even_by_the_owner(server, served_table, statement):
    source = open_source(server, served_table, user=server.owner)
    with source.connect() as connection, pytest.raises(Exception, match=r"read-only|READ ONLY"):
        connection.exec_driver_sql(statement)
    assert server.ask(served_table, "SELECT COUNT(*) FROM candidates")[0][0] == ROWS


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_a_value(server, value):
    name = server.new_database()
    server.ask(name, "CREATE TABLE candidates (candidate_id VARCHAR(99) PRIMARY KEY)")
    server.fill(name, "candidates", pd.DataFrame({"candidate_id": [value, "other"]}))
    found = ask(
        open_source(server, name), "SELECT candidate_id FROM candidates WHERE candidate_id = :camera", camera=value
    )
    assert found["candidate_id"].tolist() == [value]
    assert server.ask(name, "SELECT COUNT(*) FROM candidates")[0][0] == 2


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_a_value_that_no_server_takes_is_refused_before(server, served_table, value):
    with pytest.raises(InputError, match=r"parameter 'camera' is .*; allowed: text without NUL"):
        ask(
            open_source(server, served_table),
            "SELECT candidate_id FROM candidates WHERE candidate_id = :camera",
            camera=value,
        )


@pytest.mark.parametrize("name", ["candidates; DROP TABLE candidates", 'x" FROM candidates; DROP TABLE candidates; --'])
def test_a_hostile_column_never_reaches_the_server(server, served_table, name):
    with pytest.raises(NightsiftError, match="is not a name of a table or column"):
        select(open_source(server, served_table), parse_query("SELECT 1 AS a", "s/n"), {}, order_by=name)
    assert server.ask(served_table, "SELECT COUNT(*) FROM candidates")[0][0] == ROWS


def test_faults_of_a_query_are_one_line_with_its_name(server, served_table):
    source = open_source(server, served_table)
    for query, words in {
        "SELECT colour FROM candidates": "colour",
        "SELECT * FROM no_table": "no_table",
        "SELECT x FROM candidates": "column 'candidate_id' is missing; there: x",
        "SELECT x AS candidate_id, FROM": "syntax",
    }.items():
        with pytest.raises(InputError, match="query set/name: ") as caught:
            ask(source, query)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)


def test_columns_are_told_at_once_from_a_query_that_would_run_long(server, served_table):
    started = time.monotonic()
    query = parse_query("SELECT a.candidate_id, b.x FROM candidates AS a, candidates AS b, candidates AS c", "s/n")
    assert columns_of(open_source(server, served_table), query, {}) == ["candidate_id", "x"]
    assert time.monotonic() - started < 2


def test_ids_and_their_order_are_those_of_any_other_server(server, tmp_path):
    ids = [str(2**60 + 1), "007", "7", "B", "a", "Ä", "ä", "z", "_", "a b", "A", "10", "9"]
    name = server.new_database()
    server.ask(name, "CREATE TABLE c (candidate_id VARCHAR(30), big BIGINT, small DECIMAL(30, 0), flag BOOLEAN)")
    rows = pd.DataFrame({"candidate_id": ids, "big": 2**60 + 1, "small": 2**60 + 1, "flag": True})
    server.fill(name, "c", rows)
    query = parse_query("SELECT candidate_id, big AS object_id, small AS exposure_id, flag FROM c", "s/n")
    names = ("candidate_id", "object_id", "exposure_id")
    found = select(open_source(server, name), query, {}, order_by="candidate_id", ids=names)
    assert found["candidate_id"].tolist() == sorted(ids)
    assert set(found["object_id"]) == set(found["exposure_id"]) == {str(2**60 + 1)}
    assert found["flag"].tolist() == [1] * len(ids)


# --- a whole night ------------------------------------------------------------------------------------------------


@pytest.fixture
def synthetic_survey(server, synthetic):
    """Return a function that opens the synthetic survey, its tables in SQLite or on the server."""
    name = server.new_database()
    script = (CHECKOUT / "config" / "queries" / "generic_schema.sql").read_text()
    server.ask(name, "".join(line.split("--")[0] + "\n" for line in script.splitlines()))
    with closing(sqlite3.connect(synthetic / "survey.sqlite")) as connection:
        for table in ("exposures", "candidates", "movers", "variables", "hosts", "eyeballs", "truth"):
            server.fill(name, table, pd.read_sql(f"SELECT * FROM {table}", connection))

    def make(where="server", **more):
        content = dict(settings_files.raw("surveys", "generic_postgresql"))
        place = server.settings(name, **more) if where == "server" else {"engine": "sqlite"}
        content["input"] = {**content["input"], "folder": str(synthetic), "database": place}
        content |= {"longitude_deg": -17.88, "closed": {"marker": "closed/{night}"}}
        return open_survey(parse(SurveySettings, content, "toy.yaml"), "toy")

    make.database = name
    return make


def fetch(survey, path):
    job = NightJob(survey=survey, name="toy", night=NIGHT, manifest=survey.freeze(NIGHT))
    commit(path, lambda scratch: fetch_cutouts(scratch, job))
    return path


def test_a_night_from_a_server_is_the_night_from_sqlite(synthetic_survey, tmp_path):
    assert synthetic_survey().nights() == synthetic_survey("sqlite").nights() == [NIGHT]
    assert synthetic_survey().freeze(NIGHT) == synthetic_survey("sqlite").freeze(NIGHT)
    one, other = fetch(synthetic_survey(), tmp_path / "1.h5"), fetch(synthetic_survey("sqlite"), tmp_path / "2.h5")
    assert content_sha256(one) == content_sha256(other)
    assert synthetic_survey().check() == []


@pytest.mark.parametrize("asked", [0, 3, 8])
def test_a_night_whose_connection_stays_broken_leaves_nothing(synthetic_survey, server, tmp_path, monkeypatch, asked):
    survey = synthetic_survey(wait_s=0.0)
    dead = Database(DatabaseSettings(**server.settings(synthetic_survey.database) | {"port": 1}))
    real, calls = Database.connect, []

    def connect(self):
        calls.append(self)
        return real(self if len(calls) <= asked else dead)

    monkeypatch.setattr(Database, "connect", connect)
    with pytest.raises(UnreachableError, match="does not answer, asked 3 times"):
        fetch(survey, tmp_path / "c.h5")
    assert len(calls) == asked + 3
    assert list(tmp_path.iterdir()) == []


def test_check_names_an_unreachable_server_once_and_soon(synthetic_survey):
    started = time.monotonic()
    faults = synthetic_survey(port=1).check()
    assert len(faults) == 1
    assert f"'{synthetic_survey.database}' at 127.0.0.1:1 does not answer" in faults[0]
    assert time.monotonic() - started < 6


def test_check_names_every_fault_of_the_queries(synthetic_survey, server, tmp_path, monkeypatch):
    config = shutil.copytree(CHECKOUT / "config", tmp_path / "config")
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(config))
    queries = config / "queries" / "generic"
    (queries / "movers.sql").write_text("SELECT colour FROM movers")
    (queries / "candidates.sql").write_text("SELECT candidate_id FROM candidates WHERE night = :camera")
    (queries / "variables.sql").unlink()
    text = "\n".join(synthetic_survey().check())
    assert "colour" in text
    assert "unknown parameter of query generic/candidates 'camera'; known: longitude_deg, night, night_mjd" in text
    assert "unknown query of 'generic' 'variables'" in text


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
def test_no_password_is_written_anywhere(synthetic_survey, server, project_files):
    project, run = project_files(synthetic_survey, server)
    finished = run("FetchCutouts", "--survey", "pg", "--night", NIGHT)
    assert finished.code == 0, finished.output
    failed = run("FetchCutouts", "--survey", "broken", "--night", NIGHT)
    assert failed.code == 30
    assert failed.line("does not answer, asked 2 times")
    written = [path for path in project.root.rglob("*") if path.is_file()]
    assert any(path.suffix == ".h5" for path in written)
    assert not [path for path in written if server.password.encode() in path.read_bytes()]
    assert server.password not in finished.output + failed.output
    assert not [path for path in written if "broken" in path.as_posix() and path.suffix == ".h5"]


@pytest.fixture
def project_files(new_project, synthetic):
    """Return a function that gives a project a survey on the server, and one whose server is gone."""

    def make(night, server):
        content = dict(settings_files.raw("surveys", "generic_postgresql"))
        place = server.settings("${NIGHTSIFT_TEST_NAME}", attempts=2)
        content["input"] = {**content["input"], "folder": str(synthetic), "database": place}
        new_project.write("surveys", "pg", content | {"longitude_deg": -17.88, "closed": {"marker": "closed/{night}"}})
        new_project.write("surveys", "broken", {"extends": "pg", "input": {"database": {"port": 1}}})
        environment = {"NIGHTSIFT_TEST_NAME": night.database, "NIGHTSIFT_DB_PASSWORD": server.password}
        return new_project, lambda *command: new_project.luigi(*command, environment=environment)

    return make
