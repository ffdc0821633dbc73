"""Sealed Parquet files: a checksum of each page, and a seal, the digest of all bytes, in their metadata.

Page sums tell a reader of a part of the file which page is damaged. The seal guards whatever else the file holds:
schema, metadata, statistics, and which page belongs where. It is a text of the metadata, so that any program reads the
file: ``NIGHTSIFTSEAL001:`` and the sha256, in hex, of all bytes of the file but these 64.

Tested by tests/pipeline/io/results/test_sealed_files.py.
"""

import re
import struct
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.io.files.bounded_parquet import claimed_bytes, read_bounded
from pipeline.io.files.damaged import changed, naming
from pipeline.io.files.digests import digest_without
from pipeline.io.files.size_limits import require_credible, stored_bytes
from pipeline.io.results.schema import SEAL

KIND: Final = "Parquet file"
"""What errors call such a file."""

_ARROW_SCHEMA = "ARROW:schema"
_MARK: Final = b"NIGHTSIFTSEAL001:"
_HEX_BYTES: Final = 64
_TEXT: Final = re.compile(_MARK + b"([0-9a-f]{%d})" % _HEX_BYTES)
_END: Final = struct.Struct("<I4s")
"""The last bytes of a Parquet file: the length of its footer, in which the metadata are, and ``PAR1``."""


class SealedWriter:
    """Writes a Parquet file block by block and seals it at the end; use it as a context manager.

    Parameters
    ----------
    path : Path
        The file.
    schema : Schema
        Schema of the tables that are written.
    compression : str
        Compression of the pages.
    store_schema : bool
        Whether Arrow's own schema is kept as well. If it is, a reader of the table finds the metadata of that
        schema, and not those that are added.
    """

    def __init__(self, path: Path, schema: pa.Schema, compression: str = "zstd", *, store_schema: bool = True) -> None:
        self._path = path
        self._writer = pq.ParquetWriter(
            path, schema, compression=compression, write_page_checksum=True, store_schema=store_schema
        )

    def write(self, table: pa.Table) -> None:
        """Write a table as one row group."""
        self._writer.write_table(table)

    def add_metadata(self, texts: Mapping[str, str]) -> None:
        """Add texts to the metadata, which end the file."""
        self._writer.add_key_value_metadata(dict(texts))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._writer.add_key_value_metadata({SEAL: _MARK.decode() + "0" * _HEX_BYTES})
        self._writer.close()
        if error is None:
            _seal(self._path)


def write_sealed(path: Path, table: pa.Table, compression: str = "zstd") -> None:
    """Write a table as a file of its own."""
    with SealedWriter(path, table.schema, compression) as writer:
        writer.write(table)


def read_sealed(path: Path, kind: str = KIND) -> pa.Table:
    """Return the table of a Parquet file after its checksums and its seal, if it has them, were verified.

    Parameters
    ----------
    path : Path
        The file, perhaps another program's, or from before files were sealed.
    kind : str
        What the file should be, for the message.

    Raises
    ------
    InputError
        If it is not a Parquet file, or was changed after it was written.
    """
    with naming(path, kind):
        metadata = verify_sealed(path)
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return read_bounded(file, path).replace_schema_metadata(metadata or None)


def verify_sealed(path: Path) -> dict[str, str]:
    """Return the metadata of a Parquet file without its seal, if it has one, which was verified in little memory.

    Raises
    ------
    InputError
        If it was changed after it was written, or claims more rows than it can hold.
    """
    sealed = _is_sealed(path)
    require_credible_parquet(path)
    metadata = _said(pq.read_metadata(path))
    if metadata.pop(SEAL, None) is not None and not sealed:
        raise changed(path, f"its {SEAL!r} is not a seal")
    return metadata


def require_credible_parquet(path: Path) -> None:
    """Refuse a Parquet file whose rows would take far more memory than it holds; nothing but its footer is read.

    Raises
    ------
    InputError
        As `require_credible`.
    """
    about = pq.read_metadata(path)
    what = f"a table of {about.num_rows} rows and {about.num_columns} columns"
    require_credible(path, claimed_bytes(about), stored_bytes(path), what)


def read_metadata(path: Path, kind: str = KIND) -> dict[str, str]:
    """Return the metadata of a Parquet file; only `read_sealed` checks them."""
    with naming(path, kind):
        return _said(pq.read_metadata(path))


def _said(about: pq.FileMetaData) -> dict[str, str]:
    """Return the metadata as the file states them; Arrow keeps a copy, and a schema's may be from there."""
    said = {
        key.decode(errors="replace"): value.decode(errors="replace") for key, value in (about.metadata or {}).items()
    }
    said.pop(_ARROW_SCHEMA, None)
    return said


def _seal(path: Path) -> None:
    """Put the digest of a file that is closed into its place."""
    with path.open("rb+") as file:
        place = _place(file)
        digest = _digest(file, place)
        file.seek(place)
        file.write(digest)


def _is_sealed(path: Path) -> bool:
    """Tell whether a file has a seal, which is then right."""
    with path.open("rb") as file:
        place = _place(file)
        if place < 0:
            return False
        file.seek(place)
        if file.read(_HEX_BYTES) != _digest(file, place):
            raise changed(path, f"its bytes do not agree with its {SEAL!r}")
    return True


def _place(file: BinaryIO) -> int:
    """Return the position of the digest in a file; -1 if it has none."""
    size = file.seek(0, 2)
    if size < _END.size:
        return -1
    file.seek(size - _END.size)
    length, _ = _END.unpack(file.read(_END.size))
    start = max(0, size - _END.size - length)
    file.seek(start)
    found = _TEXT.search(file.read(length))
    return start + found.start(1) if found else -1


def _digest(file: BinaryIO, place: int) -> bytes:
    """Return the sha256, in hex, of a file without the digest that begins at ``place``."""
    return digest_without(file, file.seek(0, 2), [(place, _HEX_BYTES)]).hexdigest().encode()
