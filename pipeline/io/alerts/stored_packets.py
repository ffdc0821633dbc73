"""Reads packets a second time without decoding them, by notes of their fields and of where their stamps are."""

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from pipeline.io.alerts.packet_fields import ABSENT, Record, field_at, put_field

MAX_BYTES: Final = 64 << 20
"""Nothing is noted of a larger file, which would have to be held in memory to find its stamps."""

_NOT_THERE: Final[list[int]] = []
"""What a note holds for a field that the packet lacks; neither a value nor the place of a stamp is an empty list."""

_PLAIN: Final = (str, int, float, bool, type(None))
_PREFIX: Final = 64
_TRIES: Final = 16


class FileState(NamedTuple):
    """Size and time of change of a file, in bytes and nanoseconds."""

    size: int
    mtime_ns: int


class StoredPaths(NamedTuple):
    """The dotted paths of which notes are made, those of values and those of stamps."""

    values: tuple[str, ...]
    stamps: tuple[str, ...]


class PacketNotes:
    """Makes the notes of the packets of one file, in their order.

    Parameters
    ----------
    path : Path
        The file.
    paths : StoredPaths
        What is noted.
    """

    def __init__(self, path: Path, paths: StoredPaths) -> None:
        self.paths = paths
        self._data = path.read_bytes() if path.stat().st_size <= MAX_BYTES and _are_apart(paths) else b""
        self._place = 0

    def note(self, record: Record) -> str:
        """Return what `read_stored` needs; empty if values are not plain, or stamps are not found in the file.

        The latter means that the file is compressed: it is not searched from then on.
        """
        values = [field_at(record, path) for path in self.paths.values]
        if not self._data or not all(value is ABSENT or isinstance(value, _PLAIN) for value in values):
            return ""
        try:
            places = [self._where(field_at(record, path)) for path in self.paths.stamps]
        except LookupError:
            self._data = b""
            return ""
        values = [_NOT_THERE if value is ABSENT else value for value in values]
        return json.dumps([values, places], separators=(",", ":"))

    def _where(self, stamp: object) -> list[int] | None:
        """Return offset and length of a stamp; None for null, an empty list if the packet lacks the field."""
        if stamp is None or stamp is ABSENT:
            return None if stamp is None else _NOT_THERE
        if not isinstance(stamp, bytes):
            raise LookupError
        start = self._place
        for _ in range(_TRIES):
            found = self._data.find(stamp[:_PREFIX], start)
            if found >= 0 and self._data.startswith(stamp, found):
                self._place = found + len(stamp)
                return [found, len(stamp)]
            start = found + 1 if found >= 0 else len(self._data)
        raise LookupError


def read_stored(path: Path, state: FileState, paths: StoredPaths, note: str) -> Record | None:
    """Return a packet's record as decoding would give it; None if the file has changed since it was noted.

    Parameters
    ----------
    path : Path
        The file.
    state : FileState
        Size and time of the file when the note was made.
    paths : StoredPaths
        The paths with which the note was made.
    note : str
        The note of the packet, by `PacketNotes`.
    """
    values, places = json.loads(note)
    record: dict[str, object] = {}
    for name, value in zip(paths.values, values, strict=True):
        if value != _NOT_THERE:
            put_field(record, name, value)
    try:
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            if state != (status.st_size, status.st_mtime_ns):
                return None
            for name, place in zip(paths.stamps, places, strict=True):
                if place != _NOT_THERE:
                    put_field(record, name, place and os.pread(stream.fileno(), place[1], place[0]))
    except OSError:
        return None
    return record


@lru_cache(maxsize=64)
def _are_apart(paths: StoredPaths) -> bool:
    """Tell whether none of the paths lies below another."""
    both = (*paths.values, *paths.stamps)
    return not any(one.startswith(other + ".") for one in both for other in both)
