"""Reads and sets fields of a packet's nested record by dotted paths, such as ``candidate.jd``."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

Record = Mapping[str, object]

ABSENT: Final = object()
"""In place of the value of a field that a record does not have."""


def field_at(record: Record, path: str) -> object:
    """Return the value at a dotted path; None below null, `ABSENT` if there is no such field.

    Examples
    --------
    >>> field_at({"candidate": {"jd": 2461046.4}}, "candidate.jd")
    2461046.4
    """
    value: object = record
    for part in split_path(path):
        if value is None:
            return None
        if type(value) is not dict and not isinstance(value, Mapping):  # the first is told in a tenth of the time
            return ABSENT
        value = value.get(part, ABSENT)
        if value is ABSENT:
            return ABSENT
    return value


def put_field(record: dict[str, object], path: str, value: object) -> None:
    """Set the value at a dotted path; records on the way that are missing are made."""
    *parents, name = split_path(path)
    for parent in parents:
        inner = record.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise TypeError(f"{path}: {parent} is a {type(inner).__name__}, not a record")
        record = inner
    record[name] = value


@lru_cache(maxsize=1024)
def split_path(path: str) -> tuple[str, ...]:
    """Return the names of a dotted path."""
    return tuple(path.split("."))
