"""Fingerprints: the identity of a result, as sha256 over a canonical form of all that decides it."""

import dataclasses
import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from pathlib import PurePath
from typing import Any


def canonical(value: Any) -> str:
    """Return one text for every equal value: keys sorted, no spaces, sequences alike, NaN refused.

    Examples
    --------
    >>> canonical({"b": (1, 2), "a": 0.5}) == canonical({"a": 0.5, "b": [1, 2]})
    True
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def fingerprint(value: Any) -> str:
    """Return the sha256 of the canonical form, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def short(digest: str) -> str:
    """Return the 12 digits of a fingerprint that stand in file names."""
    return digest[:12]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Set):
        return sorted(_plain(item) for item in value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    if isinstance(value, datetime.date | PurePath):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
