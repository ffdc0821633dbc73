"""What each packet file holds, remembered by its path, size and time, so that a night is found without reading all."""

import json
import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.io import remembered
from pipeline.io.digests import file_digest
from pipeline.io.executor import cores, spread

log = logging.getLogger(__name__)

Columns = Mapping[str, Sequence[Any]]
"""What is remembered of the packets of a file: plain values, one a packet, by name."""

_TOGETHER = 64
"""Files that one process reads before it answers."""

_COMMIT_EVERY = 8
"""So many answers are committed at once."""


@dataclass(frozen=True, kw_only=True)
class IndexedFile:
    """One packet file: size, sha256, and what is remembered of its packets."""

    size: int
    sha256: str
    columns: Columns


def index_files(
    files: Sequence[Path], key: str, cache: Path, read: Callable[[Path], Columns], *, workers: int = 1
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
        Makes the columns of a file; it goes to other processes.
    workers : int
        Processes that read; 0: one a core.
    """
    found, unread = remembered.ask(cache, lambda connection: _index(connection, files, key, read, workers))
    log.info("%d packet files, %d of them read for the index", len(files), unread)
    return found


def _index(
    connection: sqlite3.Connection, files: Sequence[Path], key: str, read: Callable[[Path], Columns], workers: int
) -> tuple[dict[Path, IndexedFile], int]:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS indexed_files "
        "(path, key, size, mtime, sha256, columns, check_value, PRIMARY KEY (path, key))"
    )
    known = {path: _known(connection, path, key) for path in files}
    unread = [path for path, entry in known.items() if entry is None]
    groups = [unread[start : start + _TOGETHER] for start in range(0, len(unread), _TOGETHER)]
    for count, group in enumerate(
        spread(partial(_read, read), groups, workers=min(workers or cores(), len(groups)) or 1), start=1
    ):
        for path, mtime_ns, made in group:
            _remember(connection, path, key, mtime_ns, made)
            known[path] = made
        if count % _COMMIT_EVERY == 0:
            connection.commit()
    return {path: entry for path, entry in known.items() if entry is not None}, len(unread)


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


def _read(read: Callable[[Path], Columns], paths: Sequence[Path]) -> list[tuple[Path, int, IndexedFile]]:
    """Read files; each comes with the size and the time that it had before."""
    found = []
    for path in paths:
        status = path.stat()
        made = IndexedFile(size=status.st_size, sha256=file_digest(path), columns=read(path))
        found.append((path, status.st_mtime_ns, made))
    return found


def _remember(connection: sqlite3.Connection, path: Path, key: str, mtime_ns: int, made: IndexedFile) -> None:
    row = (str(path.absolute()), key, made.size, mtime_ns, made.sha256, json.dumps(made.columns))
    check = remembered.check_value(*row)
    connection.execute("INSERT OR REPLACE INTO indexed_files VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, check))
