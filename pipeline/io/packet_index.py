"""What each packet file holds, remembered by its path, size and time, so that a night is found without reading all."""

import json
import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    cache.parent.mkdir(parents=True, exist_ok=True)
    found: dict[Path, IndexedFile] = {}
    with closing(sqlite3.connect(cache, timeout=60)) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS packet_files (path, key, size, mtime, sha256, columns, PRIMARY KEY (path, key))"
        )
        unread = 0
        for path in files:
            known = _known(connection, path, key)
            if known is None:
                known = _add(connection, path, key, read)
                unread += 1
                if unread % _COMMIT_EVERY == 0:
                    connection.commit()
            found[path] = known
        connection.commit()
    log.info("%d packet files, %d of them read for the index", len(files), unread)
    return found


def _known(connection: sqlite3.Connection, path: Path, key: str) -> IndexedFile | None:
    status = path.stat()
    row = connection.execute(
        "SELECT size, sha256, columns FROM packet_files WHERE path = ? AND key = ? AND size = ? AND mtime = ?",
        (str(path.absolute()), key, status.st_size, status.st_mtime_ns),
    ).fetchone()
    if row is None:
        return None
    return IndexedFile(size=row[0], sha256=row[1], columns=json.loads(row[2]))


def _add(connection: sqlite3.Connection, path: Path, key: str, read: Callable[[Path], Columns]) -> IndexedFile:
    """Read a file and remember it, under the size and time that it had before."""
    status = path.stat()
    made = IndexedFile(size=status.st_size, sha256=file_digest(path), columns=read(path))
    connection.execute(
        "INSERT OR REPLACE INTO packet_files VALUES (?, ?, ?, ?, ?, ?)",
        (str(path.absolute()), key, made.size, status.st_mtime_ns, made.sha256, json.dumps(made.columns)),
    )
    return made
