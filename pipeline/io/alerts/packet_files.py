"""Finds and reads files of alert packets: in a folder, by a pattern, in a tar archive; packet by packet, in place.

Names of archive members serve as labels alone and never become paths.
"""

import glob
import io
import logging
import tarfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, cast

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import InputError, MissingInputError
from pipeline.io.alerts.avro import Damaged, read_avro
from pipeline.io.alerts.message_schemas import NO_SCHEMAS, MessageSchemas
from pipeline.io.alerts.tar_stream import WholeStream
from pipeline.io.files.any_case import any_case
from pipeline.io.files.bounded_parquet import rows_at_once
from pipeline.io.files.inflating import unpacked
from pipeline.io.files.size_limits import stored_bytes

log = logging.getLogger(__name__)

ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
PACKETS = (".avro", ".avro.gz", ".parquet")
MAX_MEMBER_BYTES = 1 << 30
"""A larger member of an archive, as stored or as unpacked, is refused."""

_GZIPPED = ".gz"
_ROWS = 64
_SMALL = 1 << 26


@dataclass(frozen=True, kw_only=True)
class Packet:
    """One alert packet, or why it cannot be read.

    Attributes
    ----------
    where : str
        File, member of the archive and, from the second on, number of the record: ``night.tar:a.avro record 2``.
    record : mapping
        The wanted fields, nested as in the packet; empty if it is damaged.
    fault : str
        What is wrong with it; empty if nothing is.
    lost : int
        How many packets a damaged one may hide.
    open_ended : bool
        An archive broke off here: how many packets are missing is not known.
    """

    where: str
    record: Mapping[str, object] = field(default_factory=dict)
    fault: str = ""
    lost: int = 0
    open_ended: bool = False


def packet_files(place: str) -> list[Path]:
    """Return the files that hold packets, sorted by path.

    Parameters
    ----------
    place : str
        A folder, all of which is searched; a pattern with ``*``, ``?`` or ``**``; or one file.

    Raises
    ------
    MissingInputError
        If the place does not exist or holds no such file.
    """
    path = Path(place)
    if path.is_dir():
        found = [file for file in path.rglob("*") if _holds_packets(file)]
    elif path.is_file():
        found = [path] if _holds_packets(path) else []
    else:
        base = folder_of(place)
        pattern = path.relative_to(base).as_posix()
        found = [file for file in base.glob(pattern) if _holds_packets(file)]
        meant = [] if found else [file for file in base.glob(any_case(pattern)) if _holds_packets(file)]
        if meant:
            raise MissingInputError(
                f"no alert packets in {place}; {len(meant)} match in another case, first {min(meant)}: case counts"
            )
    if not found:
        there = "" if glob.has_magic(place) or path.exists() else ": there is no such folder or file"
        raise MissingInputError(
            f"no alert packets in {place}{there}; allowed: files named *{', *'.join(PACKETS + ARCHIVES)}"
        )
    return sorted(found)


def folder_of(place: str) -> Path:
    """Return the folder below which all files of a place lie."""
    path = Path(place)
    if path.is_dir():
        return path
    fixed: list[str] = []
    for part in path.parent.parts:
        if glob.has_magic(part):
            break
        fixed.append(part)
    return Path(*fixed)


def _holds_packets(path: Path) -> bool:
    return path.name.lower().endswith(PACKETS + ARCHIVES) and path.is_file()


def read_packets(
    path: Path,
    name: str,
    wanted: tuple[str, ...],
    only: Collection[str] | None = None,
    *,
    schemas: MessageSchemas = NO_SCHEMAS,
) -> Iterator[Packet]:
    """Yield the packets of one file in their order; whatever is wrong with one is told in its ``fault``.

    Parameters
    ----------
    path : Path
        An Avro file, which may be gzipped, a Parquet or a tar file.
    name : str
        Name of the file in messages and in `Packet.where`.
    wanted : tuple of str
        Dotted paths of fields; the others are skipped.
    only : collection of str, optional
        The packets that are wanted, by `Packet.where`; the others are passed over, in an archive unread.
    schemas : MessageSchemas
        Schemas of Kafka messages, which come without their own.
    """
    asked = _Asked(wanted, only, schemas)
    try:
        with path.open("rb") as stream:
            if name.lower().endswith(ARCHIVES):
                yield from _of_archive(stream, name, asked)
            else:
                yield from _numbered(name, _records(stream, name, asked, partial(stored_bytes, path)), asked)
    except OSError as error:
        yield _damaged(name, f"cannot be read: {error.strerror or error}")


class _Asked(NamedTuple):
    """Which fields of which packets are wanted, and the schemas by which Kafka messages are read."""

    paths: tuple[str, ...]
    only: Collection[str] | None
    schemas: MessageSchemas


def _records(
    stream: BinaryIO, file: str, asked: _Asked, stored: Callable[[], int], most: int | None = None
) -> Iterator[Mapping[str, object] | Damaged]:
    """Yield the records of a file; a compressed one, of ``stored()`` bytes, may hold ``most`` bytes."""
    if _is_parquet(file):
        yield from _read_parquet(stream, asked.paths)
        return
    if file.lower().endswith(_GZIPPED):
        try:
            stream = unpacked(stream, "the file", stored(), most)
        except InputError as error:
            yield Damaged(reason=str(error))
            return
    yield from read_avro(stream, asked.paths, asked.schemas)


def _numbered(name: str, records: Iterator[Mapping[str, object] | Damaged], asked: _Asked) -> Iterator[Packet]:
    """Name each record of a file."""
    for number, record in enumerate(records, start=1):
        where = name if number == 1 else f"{name} record {number}"
        if asked.only is not None and where not in asked.only:
            continue
        if isinstance(record, Damaged):
            yield Packet(where=where, fault=record.reason, lost=record.count)
        else:
            yield Packet(where=where, record=record)


def _is_parquet(name: str) -> bool:
    return name.lower().endswith(".parquet")


def _damaged(name: str, reason: str, *, open_ended: bool = False) -> Packet:
    return Packet(where=name, fault=reason, lost=1, open_ended=open_ended)


def _of_archive(stream: BinaryIO, name: str, asked: _Asked) -> Iterator[Packet]:
    """Yield the packets of a tar archive, read once from its beginning to its end."""
    only = asked.only
    files = None if only is None else {where.rpartition(" record ")[0] or where for where in only} | set(only)
    seen: Counter[str] = Counter()
    try:
        watched = WholeStream(stream)
        with tarfile.open(fileobj=watched, mode="r|") as archive:  # type: ignore[call-overload]
            for member in archive:
                if not (member.isfile() and member.name.lower().endswith(PACKETS)):
                    continue
                label = f"{name}:{printable(member.name)}"
                seen[label] += 1
                if seen[label] > 1:  # an archive may hold a name twice
                    label += f" copy {seen[label]}"
                if files is None or label in files:
                    yield from _of_member(archive, member, label, asked)
        watched.require_end()
    except Exception as error:  # tarfile lets through what zlib, lzma and struct raise on damaged bytes
        reason = f"the archive is damaged, how many packets are missing is not known: {_said(error)}"
        yield _damaged(name, reason, open_ended=True)


def _of_member(archive: tarfile.TarFile, member: tarfile.TarInfo, label: str, asked: _Asked) -> Iterator[Packet]:
    if member.size > MAX_MEMBER_BYTES:
        yield _damaged(label, f"has {member.size} bytes; allowed: {MAX_MEMBER_BYTES}")
        return
    opened: IO[bytes] | None = archive.extractfile(member)
    if opened is None:
        return
    sought = (".parquet", _GZIPPED)  # the one is read from its end, the other is unpacked to see whether it ends
    if member.size <= _SMALL or member.name.lower().endswith(sought):
        data = opened.read()
        if len(data) < member.size:
            raise EOFError(f"{label} is truncated")
        opened = io.BytesIO(data)
    records = _records(cast("BinaryIO", opened), member.name, asked, lambda: member.size, MAX_MEMBER_BYTES)
    yield from _numbered(label, records, asked)


def printable(text: str) -> str:
    """Return a name as one printable line of at most 200 characters."""
    if text.isprintable():
        return text[-200:]
    return "".join(letter if letter.isprintable() else "?" for letter in text)[-200:]


def _read_parquet(stream: BinaryIO, wanted: tuple[str, ...]) -> Iterator[Mapping[str, object] | Damaged]:
    """Yield the rows of a Parquet file with nested columns, a few at a time."""
    left = 1
    try:
        with pq.ParquetFile(pa.PythonFile(stream, mode="r"), page_checksum_verification=True) as file:
            left = max(1, file.metadata.num_rows)
            columns = _columns(file.schema_arrow, wanted)
            rows = rows_at_once(file.metadata, stream.seek(0, 2), _ROWS)
            for batch in file.iter_batches(batch_size=rows, columns=columns, use_threads=False):
                for row in batch.to_pylist():
                    left -= 1
                    yield row
    except Exception as error:  # pyarrow raises OSError, ArrowInvalid, ValueError and more on damaged bytes
        yield Damaged(reason=f"not a readable Parquet file: {_said(error)}", count=max(1, left))


def _columns(schema: pa.Schema, wanted: tuple[str, ...]) -> list[str]:
    """Return the wanted paths that a Parquet schema knows."""
    known = []
    for path in wanted:
        kind: pa.Schema | pa.DataType = schema
        for part in path.split("."):
            is_nested = isinstance(kind, pa.Schema) or pa.types.is_struct(kind)
            index = kind.get_field_index(part) if is_nested else -1
            if index < 0:
                break
            kind = kind.field(index).type
        else:
            known.append(path)
    return known


def _said(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__} {error}".split())[:200]
