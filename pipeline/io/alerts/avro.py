"""Reads Avro files record by record, only the fields that are asked for: containers, and messages of Kafka.

A message in Confluent's wire format has the id of its schema in place of the schema. Containers (header, blocks,
codecs) are read here with limits on every length, so that damaged or hostile bytes cost neither memory nor time;
fastavro decodes the records. Parsing the schema takes longer than decoding a packet and nearly all packets of a
survey share theirs, so parsed schemas are cached by schema and fields.
"""

import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

import cramjam
from fastavro.read import schemaless_reader
from fastavro.schema import parse_schema
from fastavro.types import NamedSchemas, Schema

from pipeline.errors import InputError
from pipeline.io.alerts.avro_schema import project, require_sound
from pipeline.io.alerts.message_schemas import NO_SCHEMAS, MessageSchemas

MAX_BLOCK_BYTES = 256 << 20
"""A larger block, as stored or as inflated, is refused."""

_MAGIC = b"Obj\x01"
_CONFLUENT_BYTES = 5
"""Length of the prefix of a message in Confluent's wire format: a zero, and the id of its schema in a registry."""
_SYNC = 16
_HEADER_BYTES = 8 << 20
_HEADER_ENTRIES = 1000


@dataclass(frozen=True, kw_only=True)
class Damaged:
    """Stands in for records that cannot be read: why, and how many the file announced."""

    reason: str
    count: int = 1


def read_avro(
    stream: BinaryIO, wanted: tuple[str, ...], schemas: MessageSchemas = NO_SCHEMAS
) -> Iterator[Mapping[str, object] | Damaged]:
    """Yield the records of a file, and `Damaged` where some cannot be read.

    Parameters
    ----------
    stream : binary file
        At its beginning, a container, which is read block by block, or one message or several.
    wanted : tuple of str
        Dotted paths of fields, such as ``candidate.jd``; all others are skipped. A path that the schema does not
        know is left out of the records.
    schemas : MessageSchemas
        The schemas of Kafka messages.
    """
    try:
        first = stream.read(_CONFLUENT_BYTES)
        if len(first) == _CONFLUENT_BYTES and first[0] == 0:
            yield from _read_messages(first, stream, wanted, schemas)
            return
        if not first.startswith(_MAGIC):
            raise InputError("not an Avro file: it does not begin with 'Obj' and version 1")
        plan, codec, sync = _read_header(stream, first[len(_MAGIC) :], wanted)
    except InputError as error:
        yield Damaged(reason=str(error))
        return
    while True:
        count = 1
        try:
            block = _read_block(stream, codec, sync)
            if block is None:
                return
            count, data = block
        except InputError as error:
            yield Damaged(reason=str(error), count=count)
            return
        yield from _records(count, data, plan)


def _read_messages(
    first: bytes, stream: BinaryIO, wanted: tuple[str, ...], schemas: MessageSchemas
) -> Iterator[Mapping[str, object] | Damaged]:
    """Yield the records of messages that follow each other; nothing marks where one ends but its schema."""
    data = first + stream.read(MAX_BLOCK_BYTES + 1)
    if len(data) > MAX_BLOCK_BYTES:
        raise InputError(f"a file of Kafka messages has more than {MAX_BLOCK_BYTES >> 20} MB")
    buffer = io.BytesIO(data + b"\0")  # read only if bytes are missing: a skipped field may end anywhere
    while buffer.tell() < len(data):
        number = int.from_bytes(buffer.read(_CONFLUENT_BYTES)[1:])
        record = _record(buffer, _plan(schemas.schema_of(number), wanted))
        left = len(data) - buffer.tell()
        if left < 0:
            raise InputError(f"a Kafka message of schema id {number} is truncated")
        if left and (left <= _CONFLUENT_BYTES or data[buffer.tell()] != 0):
            raise InputError(f"a Kafka message has {left} bytes more than its record by schema id {number}")
        yield record


_Plan = tuple[Schema, Schema]
"""The schema of the writer and that of the reader, parsed."""


def _records(count: int, data: bytes, plan: _Plan) -> Iterator[Mapping[str, object] | Damaged]:
    """Yield the records of one block; after a damaged one, the rest of the block is lost."""
    buffer = io.BytesIO(data)
    for number in range(count):
        try:
            record = _record(buffer, plan)
        except InputError as error:
            yield Damaged(reason=str(error), count=count - number)
            return
        if number == count - 1 and buffer.tell() != len(data):
            yield Damaged(reason=f"a block holds {len(data) - buffer.tell()} bytes more than its records")
            return
        yield record


def _record(buffer: io.BytesIO, plan: _Plan) -> Mapping[str, object]:
    try:
        record = schemaless_reader(buffer, *plan)
    except Exception as error:  # fastavro raises EOFError, IndexError, UnicodeDecodeError and more
        raise InputError(f"a record is damaged: {_said(error)}") from None
    if not isinstance(record, dict):
        raise InputError("the schema does not describe a record")
    return record


def _read_header(stream: BinaryIO, begun: bytes, wanted: tuple[str, ...]) -> tuple[_Plan, str, bytes]:
    """Read what follows the magic bytes, of which the first byte was read already."""
    meta: dict[bytes, bytes] = {}
    room = _HEADER_BYTES
    while entries := _read_long(stream, begun):
        begun = b""
        if entries < 0:  # then the length of the entries in bytes follows
            entries = -entries
            _read_long(stream)
        if entries + len(meta) > _HEADER_ENTRIES:
            raise InputError("the Avro header is damaged: too many entries")
        for _ in range(entries):
            key, value = _read_bytes(stream, room), _read_bytes(stream, room)
            room -= len(key) + len(value)
            meta[key] = value
    codec = meta.get(b"avro.codec", b"null").decode("ascii", "replace")
    if codec not in _CODECS:
        raise InputError(f"the Avro codec is {codec[:40]!r}; allowed: {', '.join(_CODECS)}")
    return _plan(meta.get(b"avro.schema", b""), wanted), codec, _read_exactly(stream, _SYNC)


@lru_cache(maxsize=64)
def _plan(text: bytes, wanted: tuple[str, ...]) -> _Plan:
    """Return the writer's schema and the reader's, parsed."""
    try:
        # a logical type would turn a number into a date or a decimal, which no column asks for
        schema = json.loads(text, object_hook=lambda node: {k: v for k, v in node.items() if k != "logicalType"})
        names: NamedSchemas = {}
        writer = parse_schema(schema, names)
        require_sound(writer, names)
        return writer, parse_schema(project(writer, names, wanted))
    except InputError:
        raise
    except Exception as error:  # fastavro raises KeyError, TypeError, RecursionError and its own on a bad schema
        raise InputError(f"the Avro schema cannot be read: {_said(error)}") from None


def _read_block(stream: BinaryIO, codec: str, sync: bytes) -> tuple[int, bytes] | None:
    """Return count and bytes of the next block; None at the end."""
    first = stream.read(1)
    if not first:
        return None
    count, size = _read_long(stream, first), _read_long(stream)
    if not 0 <= size <= MAX_BLOCK_BYTES:
        raise InputError(f"an Avro block says that it has {size} bytes; allowed: 0 to {MAX_BLOCK_BYTES}")
    data = _CODECS[codec](_read_exactly(stream, size))
    if not 0 <= count <= len(data):
        raise InputError(f"an Avro block says that it has {count} records in {len(data)} bytes")
    if _read_exactly(stream, _SYNC) != sync:
        raise InputError("an Avro block does not end with its marker")
    return count, data


def _read_long(stream: BinaryIO, first: bytes = b"") -> int:
    """Return a whole number: zigzag, 7 bits per byte, the lowest first."""
    value = shift = 0
    while True:
        byte = (first or _read_exactly(stream, 1))[0]
        first = b""
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1)
        if shift > 63:
            raise InputError("the Avro file is damaged: a number is too long")


def _read_bytes(stream: BinaryIO, room: int) -> bytes:
    size = _read_long(stream)
    if not 0 <= size <= room:
        raise InputError(f"the Avro header is damaged: an entry says that it has {size} bytes")
    return _read_exactly(stream, size)


def _read_exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise InputError("the Avro file is truncated")
    return data


def _inflate(data: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=-15)
    try:
        found = inflater.decompress(data, MAX_BLOCK_BYTES + 1)
    except zlib.error as error:
        raise InputError(f"an Avro block is damaged: {error}") from None
    if len(found) > MAX_BLOCK_BYTES:
        raise InputError(f"an Avro block would inflate above {MAX_BLOCK_BYTES >> 20} MB")
    if not inflater.eof:
        raise InputError("an Avro block is truncated")
    return found


def _unsnap(data: bytes) -> bytes:
    """Return what a snappy block holds; four bytes behind it are its CRC."""
    body, crc = data[:-4], data[-4:]
    if _snappy_length(body) > MAX_BLOCK_BYTES:
        raise InputError(f"an Avro block would inflate above {MAX_BLOCK_BYTES >> 20} MB")
    try:
        found = bytes(cramjam.snappy.decompress_raw(body))
    except Exception as error:
        raise InputError(f"an Avro block is damaged: {_said(error)}") from None
    if zlib.crc32(found).to_bytes(4, "big") != crc:
        raise InputError("an Avro block is damaged: its checksum does not agree")
    return found


def _snappy_length(body: bytes) -> int:
    """Return the length that the first bytes announce, 7 bits per byte, the lowest first."""
    length = 0
    for place, byte in enumerate(body[:5]):
        length |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            break
    return length


_CODECS: Mapping[str, Callable[[bytes], bytes]] = {"null": bytes, "deflate": _inflate, "snappy": _unsnap}


def _said(error: Exception) -> str:
    return " ".join(f"{type(error).__name__} {error}".split())[:200]
