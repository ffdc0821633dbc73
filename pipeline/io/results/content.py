"""Digests of content, by which arrays, tables or results are equal whatever bytes hold them."""

import csv
import hashlib
import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.io.files.damaged import naming
from pipeline.io.files.digests import file_digest
from pipeline.io.results.hdf5 import KIND, open_to_read
from pipeline.io.results.hdf5_texts import text_blocks
from pipeline.io.results.schema import SEAL
from pipeline.io.results.sealed_parquet import read_sealed

VOLATILE = "provenance"
"""Attributes, groups and files of this name hold times and hosts; they do not count for equality."""

_NOT_CONTENT = (VOLATILE, SEAL)

_VOLATILE_KEYS = (VOLATILE, "as_of")
_DURATION = "seconds"
"""The column of a table that says how long each row took."""
_OBJECTS, _TEXTS_AT_ONCE = np.dtype(object).str, 8192
_CUTOUTS_AT_ONCE = 64


def array_digest(array: NDArray[np.generic]) -> str:
    """Return the sha256 of an array's type, shape and values; every NaN counts the same."""
    values = np.ascontiguousarray(array)
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), np.array(np.nan, values.dtype), values)
    head = f"{values.dtype.str}{values.shape}".encode()
    body = "\x00".join(map(str, values.ravel())).encode() if values.dtype.kind in "OUT" else values.tobytes()
    return hashlib.sha256(head + body).hexdigest()


def frame_digest(frame: pd.DataFrame) -> str:
    """Return the digest of a frame's columns and values in their order."""
    parts = [f"{name}:{_column_digest(frame[name])}" for name in frame]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _column_digest(column: pd.Series) -> str:
    """Return the `array_digest` of a column; few texts are Python objects at a time."""
    if column.dtype != object and not isinstance(column.dtype, pd.StringDtype):
        return array_digest(column.to_numpy())
    digest, between = hashlib.sha256(f"{_OBJECTS}{(len(column),)}".encode()), ""
    for start in range(0, len(column), _TEXTS_AT_ONCE):
        values = column.iloc[start : start + _TEXTS_AT_ONCE].to_numpy(object)
        digest.update((between + "\x00".join(map(str, values))).encode())
        between = "\x00"
    return digest.hexdigest()


def row_digests(cutouts: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Return 8 bytes of hash for the pixels of each row, ``(n,)``; equal pixels have equal hashes."""
    hashes: list[bytes] = []
    for start in range(0, len(cutouts), _CUTOUTS_AT_ONCE):
        values = np.array(cutouts[start : start + _CUTOUTS_AT_ONCE], np.float32, order="C")
        values[np.isnan(values)] = np.nan
        hashes += [hashlib.blake2b(row.data, digest_size=8).digest() for row in values]
    return np.frombuffer(b"".join(hashes), dtype="<u8").astype(np.uint64)


def content_sha256(path: Path | str) -> str:
    """Return the digest of a result's content: its data and its deterministic attributes.

    Two results are equal, in the sense of ``docs/architecture.md``, when this is equal. Times, host and the
    dirty flag live in ``provenance`` and do not count. A model package counts by its weights, a
    report by its numbers and figures.
    """
    path = Path(path)
    if path.is_dir():
        return _directory_content(path)
    if path.suffix == ".h5":
        return _hdf5_content(path)
    if path.suffix == ".parquet":
        return _parquet_content(path)
    if path.suffix == ".json":
        return _json_content(path)
    if path.suffix == ".csv":
        return _csv_content(path)
    return file_digest(path)


def _json_content(path: Path) -> str:
    said = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(said, dict):
        said = {key: value for key, value in said.items() if key not in _VOLATILE_KEYS}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _csv_content(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as file:
        head = next(csv.reader(file), [])
    if _DURATION not in head:
        return file_digest(path)
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return frame_digest(table.drop(columns=_DURATION))


def _hdf5_content(path: Path) -> str:
    parts: dict[str, object] = {}

    def visit(name: str, node: h5py.Dataset | h5py.Group) -> None:
        if VOLATILE in name.split("/"):
            return
        parts[name + "@"] = {key: str(value) for key, value in node.attrs.items() if key not in _NOT_CONTENT}
        if isinstance(node, h5py.Dataset):
            parts[name] = [
                array_digest(_texts(node, rows) if node.dtype.kind == "O" else node[rows])
                for rows in _blocks(node.shape)
            ]

    with naming(path, KIND), open_to_read(path) as file:
        parts["@"] = {key: str(value) for key, value in file.attrs.items() if key not in _NOT_CONTENT}
        file.visititems(visit)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _texts(node: h5py.Dataset, rows: slice | tuple[()]) -> NDArray[np.object_]:
    if not isinstance(rows, slice):
        return np.asarray(node.asstr()[()], object)
    return np.concatenate(list(text_blocks(node, rows)) or [np.empty(0, object)])


def _blocks(shape: tuple[int, ...], rows: int = 1024) -> list[slice | tuple[()]]:
    return [slice(start, start + rows) for start in range(0, shape[0], rows)] if shape else [()]


def _parquet_content(path: Path) -> str:
    table = read_sealed(path)
    columns = [(name, array_digest(table[name].to_numpy())) for name in table.column_names]
    metadata = {
        key.decode(): value.decode()
        for key, value in (table.schema.metadata or {}).items()
        if key.decode() not in (VOLATILE, "pandas")
    }
    return hashlib.sha256(json.dumps([columns, metadata], sort_keys=True).encode()).hexdigest()


def _directory_content(path: Path) -> str:
    weights = path / "weights.sha256"
    if weights.is_file():
        return weights.read_text().strip()
    members = sorted(member for member in path.rglob("*") if member.is_file())
    skip = {
        "manifest.json",
        f"{VOLATILE}.json",
        "index.html",
    }  # the page shows times, the others its numbers
    kept = [member for member in members if member.name not in skip]
    digests = {member.relative_to(path).as_posix(): content_sha256(member) for member in kept}
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()
