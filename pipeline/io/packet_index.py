"""What each packet file holds, remembered by its path, size and time, so that a night is found without reading all."""

import json
import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.io import remembered
from pipeline.io.digests import file_digest

log = logging.getLogger(__name__)

Columns = Mapping[str, Sequence[Any]]
"""What is remembered of the packets of a file: plain values, one a packet, by name."""

_COMMIT_EVERY = 500


@dataclass(frozen=True, kw_only=True)
class IndexedFile:
    """One packet file: size, sha256, and what is remembered of its packets."""

    size: int
    sha256: str
    columns: Columns


def index_files(
    files: Sequence[Path], key: str, cache: Path, read: Callable[[Path], Columns]
) -> dict[Path, IndexedFile]:
    """Return what files hold; only those that are new or changed are read.

    Parameters
    ----------
    files : sequence of Path
        Packet files.
    key : str
        Digest of what decides the columns beside the files: which fields are read, and how.
    cache : Path
        SQLite file of the memory; made if it is not there.
    read : callable
        Makes the columns of a file.
    """
    found, unread = remembered.ask(cache, lambda connection: _index(connection, files, key, read))
    log.info("%d packet files, %d of them read for the index", len(files), unread)
    return found


def _index(
    connection: sqlite3.Connection, files: Sequence[Path], key: str, read: Callable[[Path], Columns]
) -> tuple[dict[Path, IndexedFile], int]:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS indexed_files "
        "(path, key, size, mtime, sha256, columns, check_value, PRIMARY KEY (path, key))"
    )
    found: dict[Path, IndexedFile] = {}
    unread = 0
    for path in files:
        known = _known(connection, path, key)
        if known is None:
            known = _add(connection, path, key, read)
            unread += 1
            if unread % _COMMIT_EVERY == 0:
                connection.commit()
        found[path] = known
    return found, unread


def _known(connection: sqlite3.Connection, path: Path, key: str) -> IndexedFile | None:
    status = path.stat()
    asked = (str(path.absolute()), key, status.st_size, status.st_mtime_ns)
    row = connection.execute(
        "SELECT sha256, columns, check_value FROM indexed_files WHERE path = ? AND key = ? AND size = ? AND mtime = ?",
        asked,
    ).fetchone()
    if row is None or row[2] != remembered.check_value(*asked, row[0], row[1]):
        return None
    return IndexedFile(size=status.st_size, sha256=row[0], columns=json.loads(row[1]))


def _add(connection: sqlite3.Connection, path: Path, key: str, read: Callable[[Path], Columns]) -> IndexedFile:
    """Read a file and remember it, under the size and time that it had before."""
    status = path.stat()
    made = IndexedFile(size=status.st_size, sha256=file_digest(path), columns=read(path))
    row = (str(path.absolute()), key, made.size, status.st_mtime_ns, made.sha256, json.dumps(made.columns))
    check = remembered.check_value(*row)
    connection.execute("INSERT OR REPLACE INTO indexed_files VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, check))
    return made
