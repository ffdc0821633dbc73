import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import NightsiftError, SettingsError, UnknownNameError
from pipeline.io.database.query_files import parse_query, query_digests, read_query


@pytest.fixture
def queries(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path))
    (tmp_path / "queries" / "mine").mkdir(parents=True)
    return tmp_path / "queries" / "mine"


def test_a_named_query_is_read_without_comments_and_semicolon(queries):
    (queries / "candidates.sql").write_text("-- all of them\nSELECT 1\n  /* more; */ AS one;\n ; ")
    assert read_query("mine", "candidates").written_for("sqlite").split() == ["SELECT", "1", "AS", "one"]


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("SELECT :a, :b_2, :a", ("a", "b_2")),
        ("SELECT ':a', \":b\", `:c`, x::text, '12:30:00'", ()),
        ("SELECT 'it''s :a', \"say \"\"\":b", ("b",)),
        ("SELECT 1 -- of :a\n, :b /* and :c\n:d */, :e", ("b", "e")),
        ("SELECT $$ :a $$, $tag$ :b $$ :c $tag$, :d", ("d",)),
        (r"SELECT E'it\'s :a', :b, 'back\', :c", ("b", "c")),
        ("SELECT x[1:2], y = :a::integer", ("a",)),
        ("WITH t AS (SELECT :a) SELECT * FROM t", ("a",)),
    ],
)
def test_parameters_are_told_from_casts_quotes_and_comments(text, parameters):
    assert parse_query(text, "set/name").parameters == parameters


def test_each_driver_gets_the_form_that_it_binds():
    query = parse_query("SELECT :a, '100%' LIKE '%(b)s', x % 2", "set/name")
    assert query.written_for("sqlite") == "SELECT :a, '100%' LIKE '%(b)s', x % 2"
    assert query.written_for("postgresql") == "SELECT %(a)s, '100%%' LIKE '%%(b)s', x %% 2"
    assert query.written_for("mysql") == query.written_for("postgresql")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("DELETE FROM candidates", "does not begin with SELECT or WITH"),
        ("", "does not begin with SELECT or WITH"),
        ("-- SELECT", "does not begin with SELECT or WITH"),
        ("SELECT 1; DROP TABLE candidates", "holds more than one statement; allowed: one SELECT"),
        ("SELECT 1; --\nDROP TABLE candidates;", "holds more than one statement"),
        ("SELECT 1) AS q; DROP TABLE c; SELECT (1", "holds more than one statement"),
        ("SELECT 1) AS q UNION SELECT (1", "its brackets do not match"),
        ("SELECT ((1)", "its brackets do not match"),
        ("SELECT 1\n, 'open", "' in line 2 is never closed"),
        ("SELECT 1 /* open", r"/\* in line 1 is never closed"),
    ],
)
def test_what_is_not_one_select_is_refused(text, message):
    with pytest.raises(SettingsError, match=rf"queries/set/name.sql:? {message}"):
        parse_query(text, "set/name")


@given(st.text(alphabet="SELECT '\"`$:-/*;()%aE\n\\", max_size=60))
@settings(max_examples=300)
def test_any_text_is_a_query_or_refused_in_one_line(text):
    try:
        query = parse_query("SELECT " + text, "set/name")
    except NightsiftError as error:
        assert "\n" not in str(error)
    else:
        assert query.sha256 == parse_query("-- more\n\nSELECT " + text, "set/name").sha256


@given(st.text(alphabet="':;-ab ", max_size=20))
@settings(max_examples=50)
def test_a_quoted_text_comes_through_as_it_is(text):
    quoted = "'" + text.replace("'", "''") + "'"
    query = parse_query(f"SELECT {quoted}", "set/name")
    assert query.parameters == ()
    with closing(sqlite3.connect(":memory:")) as connection:
        assert connection.execute(query.written_for("sqlite")).fetchone() == (text,)


def test_an_unknown_query_or_set_is_named(queries):
    (queries / "candidates.sql").write_text("SELECT 1")
    with pytest.raises(UnknownNameError, match=r"query of 'mine' 'candidate' \(did you mean 'candidates'"):
        read_query("mine", "candidate")
    with pytest.raises(UnknownNameError, match=r"unknown set of queries 'min' \(did you mean 'mine'"):
        read_query("min", "candidates")


@pytest.mark.parametrize(
    "name", ["../mine/candidates", "candidates; DROP TABLE c", "candidates.sql", "", "a\0b", "/etc"]
)
def test_a_name_cannot_lead_elsewhere(queries, name):
    (queries / "candidates.sql").write_text("SELECT 1")
    with pytest.raises(UnknownNameError):
        read_query("mine", name)
    with pytest.raises(UnknownNameError):
        read_query(name, "candidates")


def test_a_dialect_has_its_own_variant(queries):
    (queries / "c.sql").write_text("SELECT 1")
    (queries / "c.mysql.sql").write_text("SELECT 2")
    (queries / "d.postgresql.sql").write_text("SELECT 3")
    assert read_query("mine", "c", "sqlite").written_for("sqlite") == "SELECT 1"
    assert read_query("mine", "c", "mysql").name == "mine/c.mysql"
    with pytest.raises(SettingsError, match=r"query mine/d has no variant for mysql, and no d.sql for all"):
        read_query("mine", "d", "mysql")


def test_a_file_that_is_no_text_is_named(queries):
    (queries / "c.sql").write_bytes(b"SELECT '\xff'")
    with pytest.raises(SettingsError, match=r"queries/mine/c.sql is not UTF-8 text: byte 8"):
        read_query("mine", "c")


def test_a_digest_changes_with_what_is_asked_alone():
    digest = parse_query("SELECT 'a  b' FROM t WHERE night = :night", "s/n").sha256
    assert parse_query("-- said\nSELECT  'a  b'\nFROM t WHERE night = :night;", "s/m").sha256 == digest
    for other in ("SELECT 'a b' FROM t WHERE night = :night", "SELECT 'a  b' FROM t WHERE night = ':night'"):
        assert parse_query(other, "s/n").sha256 != digest


def test_the_queries_that_decide_have_digests(queries):
    for name in ("exposures", "candidates", "junk", "movers", "hosts"):
        (queries / f"{name}.sql").write_text(f"SELECT '{name}'")
    (queries / "junk.mysql.sql").write_text("SELECT 'other'")
    given_input = {"queries": "mine", "candidates": ["junk"], "tables": ["movers", "gone"]}
    found = query_digests(given_input, ["candidates"])
    assert sorted(found) == ["candidates", "exposures", "gone", "junk", "movers"]
    assert found["gone"] == "absent"
    other = query_digests(given_input | {"database": {"engine": "mysql"}})
    assert {name for name in other if other[name] != found[name]} == {"junk"}
    assert query_digests({"folder": "alerts"}) == {}
