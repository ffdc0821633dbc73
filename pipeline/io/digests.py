"""Digests of files: what an input is."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

from pipeline.errors import MissingInputError


def file_digest(path: Path, cache: Path | None = None) -> str:
    """Return the sha256 of a file's bytes.

    Parameters
    ----------
    path : Path
        The file.
    cache : Path, optional
        A SQLite file that remembers digests by path, size and modification time.
    """
    if not path.is_file():
        raise MissingInputError(f"no file {path}")
    if cache is None:
        return _digest_bytes(path)
    status = path.stat()
    key = (str(path.resolve()), status.st_size, status.st_mtime_ns)
    cache.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(cache, timeout=60)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS digests (path, size, mtime, sha256, PRIMARY KEY (path))")
        row = connection.execute("SELECT sha256 FROM digests WHERE path = ? AND size = ? AND mtime = ?", key).fetchone()
        if row is None:
            row = (_digest_bytes(path),)
            connection.execute("INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?)", (*key, row[0]))
        return str(row[0])


def _digest_bytes(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
