"""Index of packet files, cached by path, size and time, by which a night is found without reading all of them."""

import hashlib
import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pipeline.io.executor import cores, spread
from pipeline.io.files import sqlite_cache
from pipeline.io.files.digests import file_digest

log = logging.getLogger(__name__)
T = TypeVar("T")

Value = str | int | float | bool | None
Columns = Mapping[str, Sequence[Value]]
"""What is remembered of the packets of a file: plain values, one per packet, by name; ``time`` and ``candidate_id``
find the packets of a night, and those of its candidates in other nights."""

Span = tuple[float, float]
"""The first and the last time of a night, as the packets give times."""

_TOGETHER = 64
"""Files that one process reads before it answers."""

_WORTH_A_PROCESS = 2048
"""Files to read for each process: to start one takes as long as to read a thousand."""

_COMMIT_EVERY = 8
"""How many answers are committed together."""

_ASKED_AT_ONCE = 500
"""Values in one query, of which SQLite takes a thousand."""

_TABLES = """
CREATE TABLE IF NOT EXISTS packet_files (
    number INTEGER PRIMARY KEY, path, key, size, mtime, sha256, first_time, last_time, timeless, columns, columns_check,
    check_value, UNIQUE (key, path)
);
CREATE TABLE IF NOT EXISTS packet_ids (file INTEGER, id_hash INTEGER, PRIMARY KEY (file, id_hash)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS files_of_ids ON packet_ids (id_hash);
DROP TABLE IF EXISTS indexed_files;
"""
_STATE = "path, key, size, mtime, sha256, first_time, last_time, timeless, columns_check"


@dataclass(frozen=True, kw_only=True)
class IndexedFile:
    """One packet file: size, time of change in nanoseconds, sha256, and what is remembered of its packets."""

    size: int
    mtime_ns: int
    sha256: str
    columns: Columns


class Indexed(NamedTuple):
    """What files hold, and which of all files have a packet with a time."""

    files: dict[Path, IndexedFile]
    timed: frozenset[Path]


class _State(NamedTuple):
    """A row of the table of files without its columns; ``check_value`` covers the fields before it but the number."""

    number: int
    path: str
    key: str
    size: int
    mtime: int
    sha256: str
    first_time: float | None
    last_time: float | None
    timeless: int
    columns_check: str
    check_value: str

    @property
    def is_sound(self) -> bool:
        return self.check_value == sqlite_cache.check_value(*self[1:-1])

    def may_hold(self, span: Span) -> bool:
        """Tell whether packets of a night, or packets that no time places in another, may be there."""
        if self.timeless or self.first_time is None or self.last_time is None:
            return True
        return self.first_time <= span[1] and self.last_time >= span[0]


def index_files(
    files: Sequence[Path],
    key: str,
    cache: Path,
    read: Callable[[Path], Columns],
    *,
    span: Span | None = None,
    workers: int = 1,
) -> Indexed:
    """Return what files hold, in their order; only those that are new or changed are read.

    Parameters
    ----------
    files : sequence of Path
        Packet files.
    key : str
        Digest of what decides the columns apart from the files: which fields are read, and how.
    cache : Path
        SQLite file of the cache; made if it is not there.
    read : callable
        Makes the columns of a file; it goes to other processes.
    span : (float, float), optional
        First and last time of a night. A file whose packets all have times outside is left out, unless it shares a
        candidate with the others.
    workers : int
        Processes that read; 0: one per core.

    Returns
    -------
    Indexed
        The files in their order.
    """

    def question(connection: sqlite3.Connection) -> tuple[Indexed, int]:
        connection.executescript(_TABLES)
        return _Index(connection, files, key, read, workers or cores()).found(span)

    found, unread = sqlite_cache.ask(cache, question)
    log.info("%d packet files, %d of them read for the index", len(files), unread)
    return found


class _Index:
    """The cache of some files, brought up to date."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        files: Sequence[Path],
        key: str,
        read: Callable[[Path], Columns],
        workers: int,
    ) -> None:
        self.connection, self.key, self.read, self.workers = connection, key, read, workers
        self.paths = {str(path.absolute()): path for path in files}

    def found(self, span: Span | None) -> tuple[Indexed, int]:
        """Return the files that are asked for, and how many were read."""
        states = self._states()
        unread = [name for name, path in self.paths.items() if not _is_as_remembered(states.get(name), path)]
        self._renew(unread)
        states = self._states()
        asked = [state for state in states.values() if span is None or state.may_hold(span)]
        columns, damaged = self._columns(asked)
        if span is not None:
            others = self._sharing(columns, states)
            more, damaged_too = self._columns(others)
            columns, damaged = columns | more, damaged + damaged_too
        if damaged:
            self._renew(damaged)
            found, count = self.found(span)
            return found, count + len(damaged) + len(unread)
        files = {
            path: IndexedFile(
                size=states[name].size, mtime_ns=states[name].mtime, sha256=states[name].sha256, columns=columns[name]
            )
            for name, path in self.paths.items()
            if name in columns
        }
        timed = frozenset(self.paths[name] for name, state in states.items() if state.first_time is not None)
        return Indexed(files, timed), len(unread)

    def _states(self) -> dict[str, _State]:
        """Return the rows of the files, less those that were changed on disk."""
        rows = self.connection.execute(
            f"SELECT number, {_STATE}, check_value FROM packet_files WHERE key = ?",  # noqa: S608  (names of ours)
            (self.key,),
        )
        states = (_State(*row) for row in rows)
        return {state.path: state for state in states if state.path in self.paths and state.is_sound}

    def _columns(self, states: Sequence[_State]) -> tuple[dict[str, Columns], list[str]]:
        """Return the columns of files, and the files of which they were changed on disk."""
        checks = {state.number: state for state in states}
        found: dict[str, Columns] = {}
        for number, columns in self._asked("SELECT number, columns FROM packet_files WHERE number IN", checks):
            if sqlite_cache.check_value(columns) == checks[number].columns_check:
                found[checks[number].path] = json.loads(columns)
        return found, [state.path for state in states if state.path not in found]

    def _sharing(self, columns: Mapping[str, Columns], states: Mapping[str, _State]) -> list[_State]:
        """Return the other files that hold a candidate of those whose columns are given."""
        ids = chain.from_iterable(one.get("candidate_id", ()) for one in columns.values())
        hashes = {_id_hash(str(name)) for name in ids if name}
        files = {number for (number,) in self._asked("SELECT file FROM packet_ids WHERE id_hash IN", hashes)}
        return [state for name, state in states.items() if state.number in files and name not in columns]

    def _asked(self, question: str, values: Iterable[int]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a question that ends with a list of values."""
        for some in _in_groups(values, _ASKED_AT_ONCE):
            marks = ", ".join("?" * len(some))
            yield from self.connection.execute(f"{question} ({marks})", some)

    def _renew(self, names: Sequence[str]) -> None:
        """Read files and remember them."""
        groups = [[(name, self.paths[name]) for name in some] for some in _in_groups(names, _TOGETHER)]
        workers = max(1, min(self.workers, len(names) // _WORTH_A_PROCESS))
        for count, group in enumerate(spread(partial(_read, self.read), groups, workers=workers), start=1):
            for name, indexed in group:
                self._remember(name, indexed)
            if count % _COMMIT_EVERY == 0:
                self.connection.commit()

    def _remember(self, name: str, indexed: IndexedFile) -> None:
        stated = indexed.columns.get("time", ())
        times = [time for time in stated if isinstance(time, int | float)]
        timeless = len(stated) - len(times)
        first, last = (min(times), max(times)) if times else (None, None)
        columns = json.dumps(indexed.columns)
        check = sqlite_cache.check_value(columns)
        row = (name, self.key, indexed.size, indexed.mtime_ns, indexed.sha256, first, last, timeless, check)
        former = self.connection.execute(
            "SELECT number FROM packet_files WHERE key = ? AND path = ?", (self.key, name)
        ).fetchone()
        if former is not None:
            self.connection.execute("DELETE FROM packet_ids WHERE file = ?", former)
        added = self.connection.execute(
            f"INSERT OR REPLACE INTO packet_files (number, {_STATE}, columns, check_value) "  # noqa: S608  (names of ours)
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (former and former[0], *row, columns, sqlite_cache.check_value(*row)),
        )
        ids = {_id_hash(str(one)) for one in indexed.columns.get("candidate_id", ()) if one}
        self.connection.executemany(
            "INSERT OR IGNORE INTO packet_ids VALUES (?, ?)", [(added.lastrowid, one) for one in ids]
        )


def _is_as_remembered(state: _State | None, path: Path) -> bool:
    status = path.stat()
    return state is not None and (state.size, state.mtime) == (status.st_size, status.st_mtime_ns)


def _read(read: Callable[[Path], Columns], files: Sequence[tuple[str, Path]]) -> list[tuple[str, IndexedFile]]:
    """Read files; each comes with the size and the time that it had before."""
    found = []
    for name, path in files:
        status = path.stat()
        sha256, columns = file_digest(path), read(path)
        indexed = IndexedFile(size=status.st_size, mtime_ns=status.st_mtime_ns, sha256=sha256, columns=columns)
        found.append((name, indexed))
    return found


def _id_hash(candidate_id: str) -> int:
    digest = hashlib.blake2b(candidate_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _in_groups(values: Iterable[T], size: int) -> Iterator[list[T]]:
    left = iter(values)
    while group := list(islice(left, size)):
        yield group
