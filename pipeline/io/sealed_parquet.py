"""Parquet files that are checked: a sum over each page, and a digest of all that the file holds in its metadata.

Page sums guard the pages; the digest, the seal, guards what is around them too: schema, metadata, and which page
belongs where.
"""

import hashlib
import json
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.io.damaged import changed, naming
from pipeline.io.schema import SEAL

KIND: Final = "Parquet file"
"""As errors call it."""

_ARROW_SCHEMA = "ARROW:schema"


class SealedWriter:
    """Writes a Parquet file block by block and seals it at the end; use it as a context manager."""

    def __init__(self, path: Path, schema: pa.Schema, compression: str = "zstd") -> None:
        self._writer = pq.ParquetWriter(path, schema, compression=compression, write_page_checksum=True)
        self._digest = _Digest(schema)

    def write(self, table: pa.Table) -> None:
        """Write a table as one row group."""
        self._writer.write_table(table)
        self._digest.update(table)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._writer.add_key_value_metadata({SEAL: self._digest.hexdigest()})
        self._writer.close()


def write_sealed(path: Path, table: pa.Table, compression: str = "zstd") -> None:
    """Write a table as a file of its own."""
    with SealedWriter(path, table.schema, compression) as writer:
        writer.write(table)


def read_sealed(path: Path, kind: str = KIND) -> pa.Table:
    """Return what a Parquet file holds, after its sums and its seal were found right where it has them.

    Parameters
    ----------
    path : Path
        The file, perhaps another program's, or from before files were sealed.
    kind : str
        What it should be, for the message.

    Raises
    ------
    InputError
        If it is no Parquet file, or was changed after it was written.
    """
    with naming(path, kind), pq.ParquetFile(path, page_checksum_verification=True) as file:
        metadata = _said(file.metadata)
        given = metadata.pop(SEAL, None)
        table = file.read().replace_schema_metadata(metadata or None)
        if given is not None:
            digest = _Digest(table.schema)
            digest.update(table)
            if given != digest.hexdigest():
                raise changed(path, f"its data or metadata do not agree with its {SEAL!r}")
    return table


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


class _Digest:
    """The digest of a table's schema, metadata and values, whatever blocks they come in."""

    def __init__(self, schema: pa.Schema) -> None:
        metadata = {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}
        fields = [[field.name, str(field.type)] for field in schema]
        self._about = json.dumps([fields, metadata], sort_keys=True).encode()
        self._columns = [[hashlib.sha256() for _ in range(3)] for _ in schema]

    def update(self, table: pa.Table) -> None:
        """Take in further rows."""
        for (nulls, sizes, values), column in zip(self._columns, table.columns, strict=True):
            for chunk in column.chunks:
                nulls.update(np.asarray(chunk.is_null()).tobytes())
                for digest, data in zip((sizes, values), _bytes_of(chunk.drop_null()), strict=True):
                    digest.update(data)

    def hexdigest(self) -> str:
        """Return the digest of the rows taken in."""
        parts = [digest.digest() for column in self._columns for digest in column]
        return hashlib.sha256(b"".join([hashlib.sha256(self._about).digest(), *parts])).hexdigest()


def _bytes_of(known: pa.Array) -> tuple[bytes, bytes]:
    """Return the sizes and the bytes of values without nulls; sizes are of text alone."""
    kind = known.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        text = known.cast(pa.large_string())
        if not len(text):
            return b"", b""
        _, ends, data = text.buffers()
        places = np.frombuffer(ends, np.int64, len(text) + 1, 8 * text.offset)
        body = b"" if data is None else data.slice(places[0], places[-1] - places[0]).to_pybytes()
        return np.diff(places).tobytes(), body
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return b"", np.ascontiguousarray(known.to_numpy(zero_copy_only=False)).tobytes()
    said: list[Any] = known.to_pylist()
    return b"", "\n".join([*map(repr, said), ""]).encode()
