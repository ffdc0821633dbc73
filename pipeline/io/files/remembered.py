"""What is remembered of files in SQLite, so that they are not read again: a damaged memory is made anew."""

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
"""SQLite's codes for what is no damage: another process writes, the disk is full, the folder may not be used."""


def ask(memory: Path, question: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
    """Return what a function finds in a memory, and commit what it adds.

    A damaged memory is deleted and the question asked once more of an empty one. One that cannot be used, as its
    folder is full or may not be written, is left alone, and the question asked of an empty memory that lasts no
    longer than the answer.

    Parameters
    ----------
    memory : Path
        The SQLite file; made, with its folder, if it is not there.
    question : callable
        Called with a connection, twice where the memory was damaged or cannot be used; makes its table if it is not
        there.

    Raises
    ------
    StorageError
        If another process holds the memory locked for longer than `WAIT_S`.
    """
    unusable: Exception | None = _without_folder(memory)
    if unusable is None:
        try:
            return _ask_or_heal(memory, question)
        except sqlite3.OperationalError as error:
            if _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise StorageError(
                    f"{memory} is locked by another process for more than {WAIT_S} s; run again when that one has ended"
                ) from error
            unusable = error
    log.warning("%s cannot be used (%s); what it would remember is found out anew", memory, unusable)
    return _ask(":memory:", question)


def _without_folder(memory: Path) -> OSError | None:
    """Make the folder of a memory; return what keeps it from being made."""
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return error
    return None


def _ask_or_heal(memory: Path, question: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
    try:
        return _ask(memory, question)
    except sqlite3.Error as error:
        if not _is_damage(error, memory):
            raise
        log.warning("%s is damaged (%s); it is made anew", memory, error)
    for path in (memory.with_name(f"{memory.name}-journal"), memory):  # a journal would be played back into a new file
        path.unlink(missing_ok=True)
    return _ask(memory, question)


def check_value(*fields: object) -> str:
    """Return a check value of a row's fields, by which a change of one of them on disk is noticed."""
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()[:16]


def _ask(memory: Path | str, question: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
    with closing(sqlite3.connect(memory, timeout=WAIT_S)) as connection, connection:
        return question(connection)


def _is_damage(error: sqlite3.Error, memory: Path) -> bool:
    """Tell damage of a file that may be written; texts that are no UTF-8 any more raise an error without a code."""
    sound = isinstance(error, sqlite3.ProgrammingError) or _code(error) in _SOUND
    return not sound and os.access(memory, os.W_OK)


def _code(error: sqlite3.Error) -> int | None:
    """Return SQLite's code of an error, without what it says beside."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF
