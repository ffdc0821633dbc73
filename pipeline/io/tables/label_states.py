"""Remembers whether a night's label tables changed since they were frozen, by size and time of their files.

Reading a table takes a second and pandas; a run that finds everything done should need neither. A file in the folder
of results is remembered by its path below that folder, so that a copy of the folder needs no new look.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline.errors import StorageError
from pipeline.io.files.sqlite_cache import ask
from pipeline.io.settings_files import place_in

NAME = ".labels.sqlite"
"""The store of a folder of results."""

State = Mapping[str, tuple[int, int] | None]
"""Size and modification time in ns of each file, None where it is not there, by its path."""

_TABLE = "CREATE TABLE IF NOT EXISTS states (manifest PRIMARY KEY, files, changed)"


def state_of(paths: Iterable[Path | str]) -> dict[str, tuple[int, int] | None]:
    """Return the state of files as they are now."""
    found: dict[str, tuple[int, int] | None] = {}
    for path in paths:
        try:
            status = Path(path).stat()
        except OSError:
            found[str(path)] = None
        else:
            found[str(path)] = (status.st_size, status.st_mtime_ns)
    return found


def remembered(store: Path, manifest: str) -> tuple[str, ...] | None:
    """Return the label tables that are no longer what a manifest froze; None if files changed since that was found out.

    Parameters
    ----------
    store : Path
        A SQLite file; one that is damaged or cannot be read remembers nothing.
    manifest : str
        Path of the manifest.
    """
    if not store.is_file():
        return None
    try:
        row = ask(store, lambda connection: _row(connection, _place(manifest, store)))
    except (sqlite3.Error, StorageError):
        return None
    if row is None:
        return None
    try:
        places, changed = json.loads(row[0]).items(), tuple(map(str, json.loads(row[1])))
        then = {str(store.parent / place): None if state is None else tuple(state) for place, state in places}
    except (ValueError, TypeError, AttributeError):  # something else wrote it
        return None
    return changed if then == state_of(then) else None


def remember(store: Path, manifest: str, files: State, changed: Iterable[str]) -> None:
    """Remember which label tables are no longer what a manifest froze.

    Parameters
    ----------
    store : Path
        The SQLite file of `remembered`; nothing is kept where it cannot be written.
    manifest : str
        Path of the manifest.
    files : mapping of str to (int, int) or None
        The state of the files that decide it, by `state_of`; what is remembered counts as long as they stay so.
    changed : iterable of str
        Names of the label tables.
    """
    states = {_place(path, store): state for path, state in files.items()}
    row = (_place(manifest, store), json.dumps(states), json.dumps(list(changed)))
    with contextlib.suppress(sqlite3.Error, StorageError):  # locked, or a disk without room: it is asked anew
        ask(store, lambda connection: _insert(connection, row))


def _place(path: str, store: Path) -> str:
    return place_in(store.parent, Path(path))


def _row(connection: sqlite3.Connection, place: str) -> tuple[str, str] | None:
    connection.execute(_TABLE)
    found: tuple[str, str] | None = connection.execute(
        "SELECT files, changed FROM states WHERE manifest = ?", (place,)
    ).fetchone()
    return found


def _insert(connection: sqlite3.Connection, row: tuple[str, str, str]) -> None:
    connection.execute(_TABLE)
    connection.execute("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", row)
