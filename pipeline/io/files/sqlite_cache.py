"""A cache in SQLite of what was found in files, so that they are not read again; a damaged cache is made anew."""

import hashlib
import json
import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

from pipeline.errors import StorageError

log = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")

WAIT_S: Final = 60
"""How long one process waits for another that writes."""
_SOUND: Final = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT,
})  # fmt: skip
"""SQLite's codes for faults other than damage: another process writes, the disk is full, the folder is forbidden."""


def ask(cache: Path, question: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
    """Return what a function finds in a cache, and commit what it adds.

    A damaged cache is deleted, and the question is asked once more of an empty one. A cache that cannot be used,
    because its folder is full or may not be written, is left alone, and the question is asked of an empty cache in
    memory that is gone after the answer.

    Parameters
    ----------
    cache : Path
        The SQLite file; made, with its folder, if it is not there.
    question : callable
        Called with a connection, and a second time if the cache was damaged or cannot be used; makes its table if it
        is not there.

    Raises
    ------
    StorageError
        If another process holds the cache locked for longer than `WAIT_S`.
    """
    unusable: Exception | None = _without_folder(cache)
    if unusable is None:
        try:
            return _ask_or_heal(cache, question)
        except sqlite3.OperationalError as error:
            if _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise StorageError(
                    f"{cache} has been locked by another process for more than {WAIT_S} s; run again when it has ended"
                ) from error
            unusable = error
    log.warning("%s cannot be used (%s); what it would remember is found out anew", cache, unusable)
    return _ask(":memory:", question)


def _without_folder(cache: Path) -> OSError | None:
    """Make the folder of a cache; return what keeps it from being made."""
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return error
    return None


def _ask_or_heal(cache: Path, question: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
    try:
        return _ask(cache, question)
    except sqlite3.Error as error:
        if not _is_damage(error, cache):
            raise
        log.warning("%s is damaged (%s); it is made anew", cache, error)
    for path in (cache.with_name(f"{cache.name}-journal"), cache):  # a journal would be played back into a new file
        path.unlink(missing_ok=True)
    return _ask(cache, question)


def check_value(*fields: object) -> str:
    """Return a check value of a row's fields, by which a change of one of them on disk is noticed."""
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()[:16]


def _ask(cache: Path | str, question: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
    with closing(sqlite3.connect(cache, timeout=WAIT_S)) as connection, connection:
        return question(connection)


def _is_damage(error: sqlite3.Error, cache: Path) -> bool:
    """Tell whether a writable file is damaged; texts that are no longer UTF-8 raise an error without a code."""
    sound = isinstance(error, sqlite3.ProgrammingError) or _code(error) in _SOUND
    return not sound and os.access(cache, os.W_OK)


def _code(error: sqlite3.Error) -> int | None:
    """Return SQLite's primary code of an error, without the extension in its upper bits."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF
