"""What PostgreSQL alone has: cursors on the server, the password file, arrays, its own SQL."""

import re

import pytest

from pipeline.errors import InputError, SettingsError
from pipeline.io.database import select as database
from pipeline.io.database.connections import Database
from pipeline.io.database.query_files import parse_query
from pipeline.io.database.select import select
from pipeline.io.database.settings import DatabaseSettings

NUMBERS = "SELECT lpad(n::text, 7, '0') AS candidate_id FROM generate_series(1, 5000) AS t(n)"


@pytest.fixture
def empty_database(postgresql):
    """Return a function that opens an empty database."""
    name = postgresql.new_database()
    return lambda **more: Database(DatabaseSettings(**postgresql.settings(name, **more)))


def ask(source, query, **parameters):
    return select(source, parse_query(query, "set/name"), parameters, order_by="candidate_id", ids=("candidate_id",))


def test_rows_are_fetched_from_a_cursor_on_the_server(empty_database, postgresql, monkeypatch):
    monkeypatch.setattr(database, "BLOCK_ROWS", 1000)
    real, said = database.TypedColumns.append, []

    def append(self, rows):
        real(self, rows)
        said.append(postgresql.ask("", "SELECT query FROM pg_stat_activity WHERE usename = 'reader'")[0][0])

    monkeypatch.setattr(database.TypedColumns, "append", append)
    assert len(ask(empty_database(), NUMBERS)) == 5000
    assert len(said) == 5
    asked = [re.fullmatch(r"FETCH FORWARD (\d+) FROM .*", query) for query in said]
    assert all(found and int(found[1]) <= 1000 for found in asked)


def test_rows_are_sorted_by_the_server_in_an_order_that_no_collation_decides(empty_database, monkeypatch):
    monkeypatch.setattr(database, "in_order", lambda table, _: table)
    found = ask(empty_database(), "SELECT unnest(ARRAY['a', 'B', 'ä', 'Z', '_', '10', '9']) AS candidate_id")
    assert found["candidate_id"].tolist() == sorted(found["candidate_id"])


@pytest.mark.replaces("gotorb", "G1")
def test_the_password_may_stand_in_the_password_file(empty_database, postgresql, tmp_path, monkeypatch):
    monkeypatch.delenv("NIGHTSIFT_DB_PASSWORD")
    with pytest.raises(InputError, match="no password supplied"):
        ask(empty_database(), NUMBERS)
    file = tmp_path / ".pgpass"
    file.write_text(f"127.0.0.1:{postgresql.port}:*:reader:{postgresql.password}\n")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    assert len(ask(empty_database(), NUMBERS)) == 5000


@pytest.mark.replaces("gotorb", "G1")
def test_place_and_user_come_from_the_environment(postgresql, monkeypatch):
    name = postgresql.new_database()
    for key, value in {"HOST": "127.0.0.1", "PORT": postgresql.port, "NAME": name, "USER": "reader"}.items():
        monkeypatch.setenv(f"GOTOPHOTO_DB_{key}", str(value))
    monkeypatch.setenv("OTHER_PASSWORD", postgresql.password)
    monkeypatch.delenv("NIGHTSIFT_DB_PASSWORD")
    places = {key: f"${{GOTOPHOTO_DB_{key.upper()}}}" for key in ("host", "port", "name", "user")}
    source = Database(DatabaseSettings(engine="postgresql", password_variable="OTHER_PASSWORD", **places))
    assert len(ask(source, NUMBERS)) == 5000
    assert repr(source) == f"Database('{name}' at 127.0.0.1:{postgresql.port})"
    monkeypatch.setenv("GOTOPHOTO_DB_PORT", "many")
    with pytest.raises(SettingsError, match="port is 'many'; allowed: 1 to 65535"):
        ask(Database(source.settings), NUMBERS)


def test_casts_arrays_and_texts_with_colons_are_no_parameters(empty_database):
    query = (
        "SELECT 'a:b'::text AS candidate_id, ARRAY['1.fits', '2.fits'] AS paths, (ARRAY[1, 2, 3])[1:2] AS part, "
        "$$ :c $$ AS said, '12:30:00'::time AS at, :night AS night, 7 % 4 AS rest -- of :nobody"
    )
    (row,) = ask(empty_database(), query, night="2026-01-05").to_dict("records")
    assert row == {
        "candidate_id": "a:b", "paths": "1.fits;2.fits", "part": "1;2", "said": " :c ", "at": "12:30:00",
        "night": "2026-01-05", "rest": 3,
    }  # fmt: skip


def test_a_query_that_would_write_is_refused_by_the_server(empty_database, postgresql):
    name = postgresql.new_database()
    postgresql.ask(name, "CREATE TABLE c (candidate_id TEXT)")
    postgresql.ask(
        name, "CREATE FUNCTION add() RETURNS text LANGUAGE sql AS $$ INSERT INTO c VALUES ('x') RETURNING 'x' $$"
    )
    owned = Database(DatabaseSettings(**postgresql.settings(name, user="postgres")))
    with pytest.raises(InputError, match="read-only transaction"):
        ask(owned, "SELECT add() AS candidate_id")
    assert postgresql.ask(name, "SELECT COUNT(*) FROM c")[0][0] == 0


@pytest.mark.replaces("gotorb", "G16")
def test_training_needs_no_database_and_none_of_its_variables(project):
    (dataset,) = project.results("BuildDataset")
    command = ("--survey", "goto", "--dataset-file", dataset, "--classifier", "tiny")
    project.make("TrainClassifier", *command)
