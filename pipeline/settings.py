"""Settings: frozen dataclasses from YAML mappings; all faults are reported at once, unknown keys are refused."""

import dataclasses
import math
import re
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING
from difflib import get_close_matches
from typing import Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

from pipeline.errors import SettingsError
from pipeline.redaction import in_one_line
from pipeline.registry import Registry

T = TypeVar("T")
_BAD: Final = object()
"""The result for a value that is at fault, so that the search for further faults can go on."""


def parse(kind: type[T], mapping: object, where: str) -> T:
    """Return a ``kind`` filled from a mapping, or raise one error that lists every fault.

    Parameters
    ----------
    kind : type
        A dataclass. Its annotations say what is allowed: ``str int float bool``, ``tuple[X, ...]``,
        ``Mapping[str, X]``, ``Literal[...]``, ``X | None``, or another such dataclass. Its
        ``__post_init__`` may raise `SettingsError` for what a type cannot express, its ``WORDS`` say which mapping a
        single word stands for, and its ``decided_by_others`` returns, of the mapping, the values of keys that it
        leaves out and that other keys decide.
    mapping : object
        The content of the file, as from ``yaml.safe_load``.
    where : str
        The file's name, for the message.

    Raises
    ------
    SettingsError
        If anything is wrong. The message has, for each fault, the key, the value and what is allowed.

    Examples
    --------
    >>> @dataclasses.dataclass(frozen=True, kw_only=True)
    ... class Seeing:
    ...     fwhm_pixel: float
    ...     beta: float = 3.0
    >>> parse(Seeing, {"fwhm_pixel": 2}, "demo.yaml")
    Seeing(fwhm_pixel=2.0, beta=3.0)
    >>> parse(Seeing, {"fwhm_pixl": 2}, "demo.yaml")
    Traceback (most recent call last):
    ...
    pipeline.errors.SettingsError: demo.yaml: unknown key 'fwhm_pixl' (did you mean 'fwhm_pixel'?); \
'fwhm_pixel' is missing
    """
    value, faults = examine(kind, mapping, where)
    if faults:
        first, *others = faults  # each begins with where it is; an error names the file once
        raise SettingsError("; ".join([first, *(fault.removeprefix(f"{where}: ") for fault in others)]))
    return typing.cast("T", value)


def examine(
    kind: type[T], mapping: object, where: str, stand_ins: Mapping[str, object] = types.MappingProxyType({})
) -> tuple[T | None, list[str]]:
    """Return a ``kind`` filled as far as a mapping allows, and every fault of the mapping, so that checks can go on.

    A wrong value is replaced by its default, and a misspelt key counts as the one that it resembles, so that neither
    hides other faults.

    Parameters
    ----------
    kind, mapping, where
        As for `parse`.
    stand_ins : mapping
        Values of required keys, used if the mapping has no valid ones.

    Returns
    -------
    value : kind or None
        None if a required key has neither a valid value nor a stand-in.
    faults : list of str
        The faults, each beginning with ``where``.
    """
    faults: list[str] = []
    value = _dataclass(kind, mapping, "", faults, stand_ins)
    return (None if value is _BAD else typing.cast("T", value)), [f"{where}: {fault}" for fault in faults]


def examine_entries(
    entries: Sequence[Mapping[str, object]], key: str, registry: Registry[Any], where: str
) -> tuple[list[tuple[str, Any]], list[str]]:
    """Return the valid entries of a list, and every fault of the others.

    Parameters
    ----------
    entries : sequence of mapping
        Each names a definition under ``key``; the other keys are the settings of this definition.
    key : str
        The key of the name, such as ``provider``.
    registry : Registry
        The definitions; the metadata ``settings`` is the class of the settings.
    where : str
        File and key of the list, for messages.

    Returns
    -------
    valid : list of (str, object)
        Name and settings of each valid entry.
    faults : list of str
        The faults of the others.
    """
    valid, faults = [], []
    for index, entry in enumerate(entries):
        place = f"{where}[{index}]"
        if key not in entry:
            faults.append(f"{place}: {key!r} is missing; known: {', '.join(registry)}")
            continue
        name = str(entry[key])
        rest = {other: value for other, value in entry.items() if other != key}
        try:
            settings, found = examine(registry.metadata(name)["settings"], rest, place)
        except SettingsError as error:
            faults.append(f"{place}: {error}")
            continue
        faults += found
        if settings is not None:
            valid.append((name, settings))
    return valid, faults


def _dataclass(
    kind: type, mapping: object, path: str, faults: list[str], stand_ins: Mapping[str, object] | None = None
) -> object:
    """Return a dataclass filled from a mapping, or `_BAD`; its faults are appended to ``faults``."""
    if isinstance(mapping, str):
        mapping = getattr(kind, "WORDS", {}).get(mapping, mapping)
    if not isinstance(mapping, Mapping):
        faults.append(f"{path.rstrip('.') or 'the file'} holds {_shown(mapping)}; allowed: a mapping")
        return _BAD
    fields = {field.name: field for field in dataclasses.fields(kind)}
    meant = _meant(mapping, fields, path, faults)
    hints = get_type_hints(kind)
    decided = getattr(kind, "decided_by_others", _nothing)(mapping)
    values, doubtful = {**(stand_ins or {}), **decided}, set()
    for name, field in fields.items():
        before = len(faults)
        if name in meant:
            value = _value(hints[name], mapping[meant[name]], path + str(meant[name]), faults)
            if value is not _BAD:
                values[name] = value
            if len(faults) > before:
                doubtful.add(name)
        if name not in mapping and name not in decided and not _has_default(field):
            faults.append(f"{path + name!r} is missing")
            if name not in meant:
                doubtful.add(name)
    return _built(kind, values, doubtful, path, faults, stand_ins or {})


def _nothing(mapping: Mapping[object, object]) -> dict[str, object]:  # noqa: ARG001  (as all such functions)
    return {}


def _meant(
    mapping: Mapping[object, object], fields: Collection[str], path: str, faults: list[str]
) -> dict[str, object]:
    """Return the key of the mapping for each field; an unknown key counts as the field that it resembles."""
    meant: dict[str, object] = {}
    for key in mapping:
        if isinstance(key, str) and key in fields:
            meant[key] = key
            continue
        close = get_close_matches(str(key), fields, n=1)
        faults.append(f"unknown key {path + str(key)!r}" + (f" (did you mean {close[0]!r}?)" if close else ""))
        if close and close[0] not in mapping:
            meant.setdefault(close[0], key)
    return meant


def _built(
    kind: type,
    values: dict[str, object],
    doubtful: set[str],
    path: str,
    faults: list[str],
    stand_ins: Mapping[str, object],
) -> object:
    """Return the dataclass of values; those that it refuses become faults, and are left at defaults or stand-ins.

    A refusal that names a value which is at fault already is not reported again.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}
    if any(not _has_default(field) for name, field in fields.items() if name not in values):
        return _BAD
    for _ in fields:
        try:
            return kind(**values)
        except SettingsError as error:
            refusal = str(error)
        named = [name for name in re.findall(r"[A-Za-z_]\w*", refusal) if name in fields]
        if doubtful.isdisjoint(named):
            faults.append(f"{path}{refusal}")
        doubtful |= set(named)
        refused = {name for name in named if name in values and values[name] is not stand_ins.get(name, _BAD)}
        refused = {name for name in refused if name in stand_ins or _has_default(fields[name])}
        if not refused:
            return _BAD
        for name in refused:
            del values[name]
        values |= {name: stand_ins[name] for name in refused & stand_ins.keys()}
    return _BAD


def _has_default(field: "dataclasses.Field[object]") -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _value(hint: object, value: object, path: str, faults: list[str]) -> object:
    """Return a value as its type ``hint`` asks, without the parts that are at fault; `_BAD` if nothing is left."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any or hint is object:
        return value
    if origin in (typing.Union, types.UnionType):
        return _optional(arguments, value, path, faults)
    if dataclasses.is_dataclass(hint):
        return _dataclass(typing.cast("type", hint), value, path + ".", faults)
    if origin is tuple and isinstance(value, Sequence) and not isinstance(value, str):
        entries = (_value(arguments[0], entry, f"{path}[{i}]", faults) for i, entry in enumerate(value))
        return tuple(entry for entry in entries if entry is not _BAD)
    if origin is not None and _is_below(origin, Mapping) and isinstance(value, Mapping):
        parsed = {str(key): _value(arguments[1], entry, f"{path}.{key}", faults) for key, entry in value.items()}
        return {key: entry for key, entry in parsed.items() if entry is not _BAD}
    if origin is Literal and any(type(value) is type(choice) and value == choice for choice in arguments):
        return value
    if origin is None and _scalar_fits(hint, value):
        return typing.cast("Callable[[object], object]", hint)(value)
    faults.append(f"{path!r} is {_shown(value)}; allowed: {_allowed(hint)}")
    return _BAD


def _optional(arguments: tuple[object, ...], value: object, path: str, faults: list[str]) -> object:
    """Return a value as one of several types asks, the first that fits; `_BAD` if none does."""
    if value is None and type(None) in arguments:
        return None
    choices = [argument for argument in arguments if argument is not type(None)]
    if len(choices) == 1:
        return _value(choices[0], value, path, faults)
    for choice in choices:
        attempt: list[str] = []
        parsed = _value(choice, value, path, attempt)
        if not attempt:
            return parsed
    faults.append(f"{path!r} is {_shown(value)}; allowed: {' or '.join(map(_allowed, choices))}")
    return _BAD


def _is_below(origin: object, kind: type) -> bool:
    """Tell whether ``origin`` is a subclass of ``kind``; False if it is not a class."""
    return isinstance(origin, type) and issubclass(origin, kind)


def _scalar_fits(hint: object, value: object) -> bool:
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return (hint is str and isinstance(value, str)) or (hint is bool and isinstance(value, bool))


def _shown(value: object) -> str:
    text = in_one_line(repr(value))
    return text if len(text) <= 60 else text[:57] + "..."


def _allowed(hint: object) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return ", ".join(str(argument) for argument in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_allowed(argument) for argument in arguments)
    if origin is tuple:
        return f"a list of {_allowed(arguments[0])}"
    if _is_below(origin, Mapping):
        return f"a mapping from names to {_allowed(arguments[1])}"
    if dataclasses.is_dataclass(hint):
        return f"mappings with {', '.join(field.name for field in dataclasses.fields(hint))}"
    names: dict[object, str] = {
        str: "text", int: "a whole number", float: "a finite number", bool: "true or false",
    }  # fmt: skip
    return names.get(hint, str(hint))
