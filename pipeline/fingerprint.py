"""Fingerprints: the identity of a result, as sha256 over a canonical form of everything that decides it.

A setting that decides no result, or only some results, says so at its field: see `DECIDES_NOTHING` and `decides_only`.
"""

import dataclasses
import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, Final, TypeVar

V = TypeVar("V")
_ONLY: Final = "decides_only"


def decides_only(*results: str) -> Mapping[str, tuple[str, ...]]:
    """Return the metadata of a field of settings that decides only what is named, such as ``"labelling"``.

    What is made from that changes with it: other labels make other cutout files, data sets, packages and scores.
    Without this metadata, a field decides every result made under its settings. `DECISIONS` of
    ``tests/configuration_page.py`` says of each name what it means to a reader of docs/configuration.md.

    Examples
    --------
    >>> @dataclasses.dataclass(frozen=True, kw_only=True)
    ... class Seeing:
    ...     fwhm_pixel: float
    ...     timeout_s: float = dataclasses.field(default=60.0, metadata=DECIDES_NOTHING)
    ...     caption: str = dataclasses.field(default="", metadata=decides_only("report"))
    >>> settings = {"fwhm_pixel": 2.0, "timeout_s": 5.0, "caption": "good"}
    >>> what_decides(Seeing, settings)
    {'fwhm_pixel': 2.0}
    >>> what_decides(Seeing, settings, "report")
    {'fwhm_pixel': 2.0, 'caption': 'good'}
    """
    return MappingProxyType({_ONLY: results})


DECIDES_NOTHING: Final = decides_only()
"""Metadata of a field whose value changes no result, such as how long to wait for a server."""


def results_of(field: "dataclasses.Field[object]") -> tuple[str, ...] | None:
    """Return the results that a field of settings decides, which may be none; None means every result."""
    return field.metadata.get(_ONLY)


def what_decides(kind: type, content: Mapping[str, V], *results: str) -> dict[str, V]:
    """Return the part of a settings mapping that decides a result.

    Parameters
    ----------
    kind : type
        The dataclass of the settings.
    content : mapping
        The settings: values by key. Keys that are not fields of the dataclass are kept.
    *results : str
        Names of the result, as fields state them with `decides_only`. Without any, only fields that decide every
        result are kept.
    """
    only = {field.name: results_of(field) for field in dataclasses.fields(kind)}
    decides = {name for name, named in only.items() if named is None or not set(results).isdisjoint(named)}
    return {key: value for key, value in content.items() if key in decides or key not in only}


def canonical(value: object) -> str:
    """Return the same text for equal values: keys are sorted, all sequences are alike, NaN is refused.

    Examples
    --------
    >>> canonical({"b": (1, 2), "a": 0.5}) == canonical({"a": 0.5, "b": [1, 2]})
    True
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def fingerprint(value: object) -> str:
    """Return the sha256 of the canonical form, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def short(digest: str) -> str:
    """Return the 12 digits of a fingerprint that are part of file names."""
    return digest[:12]


def _plain(value: object) -> object:
    """Return nested values as plain Python types; whole numbers become integers."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, Set):
        entries: list[Any] = [_plain(entry) for entry in value]
        return sorted(entries)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(entry) for entry in value]
    if isinstance(value, datetime.date | PurePath):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
