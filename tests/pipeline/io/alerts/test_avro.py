import io
import json

import cramjam
import fastavro
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.io.alerts.avro import MAX_BLOCK_BYTES, Damaged, read_avro
from pipeline.io.alerts.message_schemas import MessageSchemas
from pipeline.io.alerts.packet_writer import ztf_packet, ztf_schema

WANTED = (
    "objectId",
    "candid",
    "candidate.jd",
    "candidate.candid",
    "cutoutScience.stampData",
    "cutoutTemplate.stampData",
)
PACKETS = [
    ztf_packet([b"one", None, b"three"], object_id=f"o{row}", candid=2**53 + 1 + row, history=row) for row in range(3)
]


def written(packets, schema, **options):
    buffer = io.BytesIO()
    fastavro.writer(buffer, fastavro.parse_schema(schema), packets, sync_marker=b"0123456789abcdef", **options)
    return buffer.getvalue()


def packed(packets=PACKETS, codec="null", **options):
    return written(packets, dict(ztf_schema()), codec=codec, **options)


def read(data, wanted=WANTED):
    return list(read_avro(io.BytesIO(data), wanted))


def a_schema(*fields, **names):
    return {"type": "record", "name": "r", "fields": [{"name": name, "type": kind} for name, kind in fields]} | names


def container(schema, block, count=1, codec=b"null"):
    """Return a container made by hand, so that it may lie."""
    meta = {b"avro.schema": json.dumps(schema).encode(), b"avro.codec": codec}
    entries = b"".join(long(len(key)) + key + long(len(value)) + value for key, value in meta.items())
    return b"Obj\x01" + long(2) + entries + long(0) + b"s" * 16 + long(count) + long(len(block)) + block + b"s" * 16


def long(value):
    value = value << 1 if value >= 0 else (-value << 1) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy"])
def test_only_the_wanted_fields_are_read_whatever_the_codec(codec):
    records = read(packed(codec=codec))
    assert [record["candid"] for record in records] == [2**53 + 1, 2**53 + 2, 2**53 + 3]
    assert records[0] == {
        "objectId": "o0",
        "candid": 2**53 + 1,
        "candidate": {"jd": 2461046.4, "candid": 2**53 + 1},
        "cutoutScience": {"stampData": b"one"},
        "cutoutTemplate": None,
    }


def test_a_path_that_the_schema_does_not_know_is_left_out():
    record = read(packed(), ("objectId", "colour", "candidate.colour.blue", "objectId.x"))[0]
    assert record == {"objectId": "o0", "candidate": {}}


def test_a_path_without_an_ending_gives_all_that_is_below():
    record = read(packed(), ("cutoutScience", "prv_candidates"))[2]
    assert record["cutoutScience"] == {"fileName": "cutoutScience.fits.gz", "stampData": b"one"}
    assert [entry["jd"] for entry in record["prv_candidates"]] == [2461046.4] * 2


def test_a_type_that_is_defined_in_a_skipped_field_is_known_where_it_is_wanted():
    point = a_schema(("x", "double"), ("y", "double"), name="survey.point")
    schema = a_schema(("skipped", {"type": "array", "items": point}), ("wanted", ["null", "survey.point"]))
    data = written([{"skipped": [{"x": 1, "y": 2}], "wanted": {"x": 3, "y": 4}}], schema)
    assert read(data, ("wanted.y",)) == [{"wanted": {"y": 4.0}}]


def test_blocks_are_read_one_after_the_other():
    assert len(read(packed(sync_interval=1))) == len(read(packed())) == 3


def test_dates_stay_the_numbers_that_they_are():
    schema = a_schema(("t", {"type": "long", "logicalType": "timestamp-millis"}))
    assert read(container(schema, long(2**62)), ("t",)) == [{"t": 2**62}]


@pytest.fixture
def message_schemas(tmp_path):
    """The schema of ZTF's packets, under the id 703."""
    (tmp_path / "ztf.avsc").write_text(json.dumps(ztf_schema()))
    return MessageSchemas(place="a map of ids", files={703: tmp_path / "ztf.avsc"})


def message(packet, number=703):
    """Return a packet as Kafka hands it out in Confluent's wire format."""
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(dict(ztf_schema())), packet)
    return b"\0" + number.to_bytes(4, "big") + buffer.getvalue()


def messages_in(data, schemas):
    return list(read_avro(io.BytesIO(data), WANTED, schemas))


def test_messages_without_their_schema_hold_what_a_container_holds(message_schemas):
    whole = b"".join(message(packet) for packet in PACKETS)
    assert messages_in(message(PACKETS[0]), message_schemas) == read(packed(PACKETS[:1]))
    assert messages_in(whole, message_schemas) == read(packed())


def test_a_message_of_an_unknown_id_is_damaged_and_those_before_it_are_not(message_schemas):
    first, unknown = messages_in(message(PACKETS[0]) + message(PACKETS[1], 704), message_schemas)
    assert first["objectId"] == "o0"
    assert "schema id 704" in unknown.reason
    assert "known: 703" in unknown.reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data[:-1], "a Kafka message of schema id 703 is truncated"),
        (lambda data: data[:-3], "a Kafka message of schema id 703 is truncated"),
        (lambda data: data[:40], "a record is damaged"),
        (lambda data: data[:5], "a record is damaged"),
        (lambda data: data + b"\0\0", "has 2 bytes more than its record by schema id 703"),
        (lambda data: data + b"something", "has 9 bytes more than its record by schema id 703"),
    ],
)
def test_a_message_that_its_schema_does_not_fit_is_one_damaged_record(message_schemas, change, reason):
    (damaged,) = messages_in(change(message(PACKETS[0])), message_schemas)
    assert reason in damaged.reason


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_random_bytes_behind_a_known_id_give_records_or_reasons(message_schemas, data):
    for record in messages_in(b"\0" + (703).to_bytes(4, "big") + data, message_schemas):
        assert isinstance(record, dict | Damaged)


def test_a_truncated_file_gives_what_is_whole_and_says_what_is_not():
    data = packed(sync_interval=1)
    *whole, last = read(data[:-30])
    assert [record["objectId"] for record in whole] == ["o0", "o1"]
    assert last == Damaged(reason="the Avro file is truncated", count=1)


def test_a_damaged_record_counts_the_rest_of_its_block():
    schema = a_schema(("word", "string"))
    block = long(2) + b"ok" + long(99) + b"no"
    assert read(container(schema, block, count=3), ("word",))[0] == {"word": "ok"}
    assert read(container(schema, block, count=3), ("word",))[1].count == 2


def test_bytes_behind_the_last_record_make_it_doubtful():
    (damaged,) = read(container(a_schema(("word", "string")), long(2) + b"ok" + b"more"), ("word",))
    assert damaged.reason == "a block holds 4 bytes more than its records"


WORDS = a_schema(("w", "string"))
NOTHING = a_schema(("n", "null"), name="nothing")
LAUGHS = [a_schema(("n", "null"), name="t0")]
for depth in range(1, 40):
    LAUGHS.append(a_schema(("a", LAUGHS[-1]), ("b", f"t{depth - 1}"), name=f"t{depth}"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not an Avro file"),
        (b"\0\0\0\3", "not an Avro file"),
        (b"\0\0\0\3\x84rest", "a Kafka message in Confluent's wire format (byte 0, schema id 900) without its"),
        (b"PAR1....", "not an Avro file: it does not begin with 'Obj'"),
        (packed()[:50], "truncated"),
        (container(WORDS, b"", codec=b"zstandard"), "codec is 'zstandard'; allowed: null, deflate, snappy"),
        (container({"type": "nothing"}, b""), "the Avro schema cannot be read"),
        (container("string", long(2) + b"ok"), "does not describe a record"),
        (container(NOTHING, b""), "records of no bytes"),
        (container(a_schema(("l", {"type": "array", "items": NOTHING})), b""), "a list whose items take no bytes"),
        (container(a_schema(("next", ["null", "r"])), b""), "a record that holds itself: 'r'"),
        (container(a_schema(("w", "string"), ("l", LAUGHS[-1])), b""), "more than 100000 values"),
        (container(a_schema(("w", "string")), b"ok", count=10**12), "has 1000000000000 records in 2 bytes"),
        (container(a_schema(("w", "string")), b"ok", count=-1), "has -1 records"),
        (container(WORDS, b"")[:-17] + long(2**40), "has 1099511627776 bytes; allowed"),
        (packed(codec="deflate").replace(b"0123456789abcdef", b"0123456789abcdeX", 1), "does not end with its marker"),
        (b"Obj\x01" + b"\xff" * 20, "a number is too long"),
        (b"Obj\x01" + long(10**6), "too many entries"),
        (b"Obj\x01" + long(1) + long(2**40), "an entry says that it has"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_damaged_record_with_its_reason(data, reason):
    (damaged,) = read(data)
    assert isinstance(damaged, Damaged)
    assert reason in damaged.reason
    assert "\n" not in damaged.reason


@pytest.mark.parametrize("codec", ["deflate", "snappy"])
def test_a_block_that_would_inflate_without_bound_is_refused(codec):
    schema = a_schema(("w", "string"))
    if codec == "deflate":
        bomb = bytes(cramjam.deflate.compress(bytes(MAX_BLOCK_BYTES + 10)))
    else:
        bomb = b"\xff\xff\xff\xff\x0f" + b"abc" + b"\0" * 4
    (damaged,) = read(container(schema, bomb, codec=codec.encode()), ("w",))
    assert damaged.reason == "an Avro block would inflate above 256 MB"


def test_a_flipped_bit_in_a_snappy_block_is_noticed():
    data = bytearray(packed(codec="snappy"))
    place = data.rindex(b"thr")
    data[place] ^= 1
    (damaged,) = read(bytes(data))
    assert "its checksum does not agree" in damaged.reason
    assert damaged.count == 1


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_the_bytes_are_records_or_reasons_come_out(data):
    raw = bytearray(packed(codec=data.draw(st.sampled_from(["null", "deflate", "snappy"]))))
    first = 0 if data.draw(st.booleans()) else raw.index(b"0123456789abcdef")
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(first, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.none(), st.integers(0, len(raw))))
    for record in read(bytes(raw[:cut])):
        assert isinstance(record, dict | Damaged)


@given(st.binary(max_size=200))
def test_random_bytes_behind_the_beginning_are_refused(data):
    assert all(isinstance(record, Damaged) for record in read(b"Obj\x01" + data))
