"""Digests (sha256) of files, by which changed inputs are noticed, and their cache."""

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pipeline.errors import MissingInputError
from pipeline.io.files import sqlite_cache

if TYPE_CHECKING:
    from hashlib import _Hash

_BLOCK = 1 << 20


def file_digest(path: Path, cache: Path | None = None) -> str:
    """Return the sha256 of a file's bytes.

    Parameters
    ----------
    path : Path
        The file.
    cache : Path, optional
        A SQLite file that remembers digests by path, size and modification time.

    Raises
    ------
    MissingInputError
        If there is no such file.
    """
    if not is_there(path):
        raise MissingInputError(f"no file {path}")
    if cache is None:
        return _digest_bytes(path)
    return sqlite_cache.ask(cache, lambda connection: _remembered(connection, path))


def is_there(path: Path) -> bool:
    """Tell whether a file is there; one whose name is too long, or whose folder may not be read, is not."""
    try:
        return path.is_file()
    except OSError:
        return False


def _remembered(connection: sqlite3.Connection, path: Path) -> str:
    status = path.stat()
    key = (str(path.resolve()), status.st_size, status.st_mtime_ns)
    connection.execute(
        "CREATE TABLE IF NOT EXISTS file_digests (path, size, mtime, sha256, check_value, PRIMARY KEY (path))"
    )
    question = "SELECT sha256, check_value FROM file_digests WHERE path = ? AND size = ? AND mtime = ?"
    found = connection.execute(question, key).fetchone()
    if found is not None and found[1] == sqlite_cache.check_value(*key, found[0]):
        return str(found[0])
    sha256 = _digest_bytes(path)
    row = (*key, sha256, sqlite_cache.check_value(*key, sha256))
    connection.execute("INSERT OR REPLACE INTO file_digests VALUES (?, ?, ?, ?, ?)", row)
    return sha256


def _digest_bytes(path: Path) -> str:
    with path.open("rb") as stream:
        digest = hashlib.sha256()
        while block := stream.read(_BLOCK):  # for a small file hashlib.file_digest takes a large buffer
            digest.update(block)
        return digest.hexdigest()


def digest_without(file: BinaryIO, size: int, left_out: Iterable[Sequence[int]]) -> "_Hash":
    """Return the sha256 of the first bytes of a file without those in some places; it can be updated further.

    Parameters
    ----------
    file : binary file
        Open for reading.
    size : int
        How many bytes of it count.
    left_out : iterable of (int, int)
        First byte and count of each place, in order.
    """
    digest, first = hashlib.sha256(), 0
    for place, count in (*left_out, (size, 0)):
        file.seek(first)
        for start in range(first, min(place, size), _BLOCK):
            digest.update(file.read(min(_BLOCK, min(place, size) - start)))
        first = place + count
    return digest
