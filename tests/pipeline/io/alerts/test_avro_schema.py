import io
import json

import fastavro
import pytest

from pipeline.errors import InputError
from pipeline.io.alerts.avro_schema import project, require_sound, whole_schema


def a_record(name, /, **fields):
    return {"type": "record", "name": name, "fields": [{"name": key, "type": kind} for key, kind in fields.items()]}


def parsed(schema):
    names = {}
    return fastavro.parse_schema(schema, named_schemas=names), names


def arrays_of(kind):
    return {"type": "array", "items": kind}


STAMP = a_record("stamp", name="string", data="bytes")
PACKET = a_record(
    "packet",
    candid="long",
    candidate=a_record("candidate", jd="double", rb=["null", "float"]),
    science=["null", STAMP],
    template=["null", "stamp"],
    history=["null", arrays_of("candidate")],
)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (a_record("r"), "records of no bytes"),
        (a_record("r", a="null"), "records of no bytes"),
        (a_record("r", a=arrays_of("null")), "a list whose items take no bytes"),
        (a_record("r", a=arrays_of(a_record("empty"))), "a list whose items take no bytes"),
        (a_record("r", a="long", again="r"), "a record that holds itself: 'r'"),
    ],
)
def test_a_schema_by_which_few_bytes_are_endless_work_is_refused(schema, message):
    with pytest.raises(InputError, match=message):
        require_sound(*parsed(schema))


def test_a_record_that_doubles_at_each_level_is_refused():
    schema = a_record("r0", x="long")
    for level in range(1, 20):
        schema = a_record(f"r{level}", one=schema, other=f"r{level - 1}")
    with pytest.raises(InputError, match="more than 100000 values"):
        require_sound(*parsed(schema))


def test_a_list_of_packets_is_sound():
    require_sound(*parsed(PACKET))
    require_sound(*parsed(a_record("r", next=["null", arrays_of("long")])))


def test_a_packet_is_read_without_what_is_not_wanted():
    packet = {"candid": 7, "candidate": {"jd": 1.5, "rb": 0.5}, "science": {"name": "s", "data": b"1"}}
    packet |= {"template": {"name": "t", "data": b"2"}, "history": [{"jd": 1.0, "rb": None}]}
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(PACKET), packet)
    reader = project(*parsed(PACKET), ["candid", "candidate.jd", "template.data"])
    found = fastavro.schemaless_reader(io.BytesIO(buffer.getvalue()), PACKET, reader)
    assert found == {"candid": 7, "candidate": {"jd": 1.5}, "template": {"data": b"2"}}


def test_a_schema_is_read_with_those_that_lie_beside_it(tmp_path):
    (tmp_path / "packet.avsc").write_text(json.dumps(a_record("packet", candidate="space.candidate")))
    beside = a_record("candidate", jd="double") | {"namespace": "space"}
    (tmp_path / "space.candidate.avsc").write_text(json.dumps({"schema": json.dumps(beside)}))
    whole = json.loads(whole_schema(tmp_path / "packet.avsc"))
    assert whole["fields"][0]["type"]["fields"][0]["name"] == "jd"
    assert "__" not in json.dumps(whole)


@pytest.mark.parametrize("text", ["", "[1", '{"schema": 3}', '"absent.record"', "[" * 9000])
def test_what_is_no_schema_names_its_file(tmp_path, text):
    (tmp_path / "packet.avsc").write_text(text)
    with pytest.raises(InputError, match=r"packet.avsc"):
        whole_schema(tmp_path / "packet.avsc")
