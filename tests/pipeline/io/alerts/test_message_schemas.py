import json

import pytest

from pipeline.errors import InputError, MissingInputError, SettingsError
from pipeline.io.alerts.message_schemas import MessageSchemas, find_schemas, schema_digests

SOURCE = {"type": "record", "name": "diaSource", "namespace": "lsst.v9_0", "fields": [{"name": "ra", "type": "double"}]}
ALERT = {"type": "record", "name": "alert", "namespace": "lsst.v9_0", "fields": [
    {"name": "diaSource", "type": "lsst.v9_0.diaSource"},
    {"name": "prvDiaSources", "type": ["null", {"type": "array", "items": "lsst.v9_0.diaSource"}], "default": None},
]}  # fmt: skip


def written(path, schema):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(schema if isinstance(schema, str) else json.dumps(schema, indent=1))
    return path


@pytest.fixture
def lsst_folder(tmp_path):
    """A folder as LSST's alert_packet has it, of version 9.0."""
    written(tmp_path / "lsst" / "9" / "0" / "lsst.v9_0.alert.avsc", ALERT)
    written(tmp_path / "lsst" / "9" / "0" / "lsst.v9_0.diaSource.avsc", SOURCE)
    return tmp_path / "lsst"


def test_files_are_found_by_the_id_that_they_are_named_by(tmp_path):
    written(tmp_path / "17.avsc", SOURCE)
    written(tmp_path / "20.json", {"schema": json.dumps(SOURCE)})
    written(tmp_path / "notes.avsc", "nothing")
    found = find_schemas(str(tmp_path))
    assert set(found.files) == {17, 20}
    assert json.loads(found.schema_of(17)) == json.loads(found.schema_of(20))


def test_lsst_s_folders_are_read_by_version_with_the_schemas_that_one_refers_to(lsst_folder):
    found = find_schemas(str(lsst_folder))
    assert set(found.files) == {900}
    source, earlier = json.loads(found.schema_of(900))["fields"]
    assert source["type"]["fields"] == SOURCE["fields"]
    assert earlier["type"][1]["items"] == "lsst.v9_0.diaSource"


def test_a_map_of_ids_names_the_files_itself_and_may_start_beside_the_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_CONFIG", str(tmp_path / "config"))
    written(tmp_path / "schemas" / "mine.avsc", SOURCE)
    assert json.loads(find_schemas({"703": "schemas/mine.avsc"}).schema_of(703))["fields"] == SOURCE["fields"]


def test_an_unset_variable_with_an_empty_default_names_no_schemas(monkeypatch):
    monkeypatch.delenv("NIGHTSIFT_TEST_SCHEMAS", raising=False)
    assert find_schemas("${NIGHTSIFT_TEST_SCHEMAS:}") == MessageSchemas()
    assert schema_digests({"schemas": "${NIGHTSIFT_TEST_SCHEMAS:}"}) == schema_digests({}) == {}


def test_an_unknown_id_is_told_with_those_known_and_what_to_add(lsst_folder):
    with pytest.raises(InputError) as raised:
        find_schemas(str(lsst_folder)).schema_of(1003)
    assert "schema id 1003) without its schema; `schemas` of the survey's input, " in str(raised.value)
    assert (
        f"{lsst_folder}, has none of that id; known: 900; add 1003.avsc, or LSST's 10/3/lsst.v10_3.alert.avsc"
        in str(raised.value)
    )


def test_the_digest_follows_what_a_schema_says_not_how_it_is_written(lsst_folder):
    before = schema_digests({"schemas": str(lsst_folder)})
    path = lsst_folder / "9" / "0" / "lsst.v9_0.diaSource.avsc"
    written(path, json.dumps(SOURCE, indent=4) + "\n\n")
    assert schema_digests({"schemas": str(lsst_folder)}) == before
    written(path, SOURCE | {"fields": [{"name": "ra", "type": "float"}]})
    assert schema_digests({"schemas": str(lsst_folder)}).keys() == before.keys()
    assert schema_digests({"schemas": str(lsst_folder)}) != before


def test_what_cannot_be_is_said_with_its_file(tmp_path, lsst_folder):
    for given, kind, message in (
        (str(tmp_path / "none"), MissingInputError, "no folder .*none: schemas must be a folder"),
        (str(lsst_folder / "9"), MissingInputError, "no schemas in .*; allowed: files <id>.avsc"),
        ({"703": str(tmp_path / "x.avsc")}, MissingInputError, "no file .*x.avsc for schema id 703"),
        ({"v7": "x.avsc"}, SettingsError, "schemas names the id 'v7'; allowed: a whole number"),
    ):
        with pytest.raises(kind, match=message):
            find_schemas(given)
    written(lsst_folder / "900.avsc", SOURCE)
    with pytest.raises(InputError, match=r"900.avsc and lsst.v9_0.alert.avsc are both of schema id 900"):
        find_schemas(str(lsst_folder))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "7.avsc is not an Avro schema"),
        ('{"no": 1}', "7.avsc is not an Avro schema: KeyError 'schema'"),
        ("[" * 100_000, "7.avsc is not an Avro schema: RecursionError"),
        (json.dumps(ALERT), "7.avsc: the Avro schema cannot be read: UnknownType lsst.v9_0.diaSource"),
        (
            '{"type": "record", "name": "a", "fields": [{"name": "b", "type": "../7"}]}',
            "the Avro schema cannot be read",
        ),
    ],
)
def test_a_file_that_is_no_schema_is_named(tmp_path, text, message):
    written(tmp_path / "7.avsc", text)
    with pytest.raises(InputError) as raised:
        find_schemas(str(tmp_path)).schema_of(7)
    assert message in str(raised.value)


def test_a_schema_is_read_once(lsst_folder, monkeypatch):
    found = find_schemas(str(lsst_folder))
    first = found.schema_of(900)
    monkeypatch.setattr("pipeline.io.alerts.avro_schema.whole_schema", None)
    assert found.schema_of(900) is find_schemas(str(lsst_folder)).schema_of(900) is first
