"""Settings: YAML mappings into frozen dataclasses, every fault named at once, unknown keys refused."""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING
from difflib import get_close_matches
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from pipeline.errors import SettingsError
from pipeline.redaction import redacted

T = TypeVar("T")


def parse(kind: type[T], mapping: object, where: str) -> T:
    """Return ``kind`` filled from a mapping, or one error that lists every fault.

    Parameters
    ----------
    kind : type
        A dataclass. Its annotations say what is allowed: ``str int float bool``, ``tuple[X, ...]``,
        ``Mapping[str, X]``, ``Literal[...]``, ``X | None``, or another such dataclass. Its
        ``__post_init__`` may raise `SettingsError` for what a type cannot say.
    mapping : object
        What ``yaml.safe_load`` returned.
    where : str
        The file's name, for the message.

    Raises
    ------
    SettingsError
        With one line a fault: the key, the value and what is allowed.

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
demo.yaml: 'fwhm_pixel' is missing
    """
    faults: list[str] = []
    value = _dataclass(kind, mapping, "", faults)
    if faults:
        raise SettingsError("; ".join(f"{where}: {fault}" for fault in faults))
    return typing.cast("T", value)


def _dataclass(kind: type, mapping: object, path: str, faults: list[str]) -> Any:
    if not isinstance(mapping, Mapping):
        faults.append(f"{path.rstrip('.') or 'the file'} holds {_shown(mapping)}; allowed: a mapping")
        return None
    fields = {field.name: field for field in dataclasses.fields(kind)}
    hints = get_type_hints(kind)
    before = len(faults)
    for key in mapping:
        if key not in fields:
            close = get_close_matches(str(key), fields, n=1)
            faults.append(f"unknown key {path + str(key)!r}" + (f" (did you mean {close[0]!r}?)" if close else ""))
    values = {}
    for name, field in fields.items():
        if name in mapping:
            values[name] = _value(hints[name], mapping[name], path + name, faults)
        elif field.default is MISSING and field.default_factory is MISSING:
            faults.append(f"{path + name!r} is missing")
    if len(faults) > before:
        return None
    try:
        return kind(**values)
    except SettingsError as error:
        faults.append(f"{path}{error}")
        return None


def _value(hint: Any, value: object, path: str, faults: list[str]) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any or hint is object:
        return value
    if origin in (typing.Union, types.UnionType):
        return _optional(arguments, value, path, faults)
    if dataclasses.is_dataclass(hint):
        return _dataclass(typing.cast("type", hint), value, path + ".", faults)
    if origin is tuple and isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_value(arguments[0], item, f"{path}[{i}]", faults) for i, item in enumerate(value))
    if origin is not None and _is_below(origin, Mapping) and isinstance(value, Mapping):
        return {str(key): _value(arguments[1], item, f"{path}.{key}", faults) for key, item in value.items()}
    if origin is Literal and any(type(value) is type(choice) and value == choice for choice in arguments):
        return value
    if origin is None and _scalar_fits(hint, value):
        return hint(value)
    faults.append(f"{path!r} is {_shown(value)}; allowed: {_allowed(hint)}")
    return None


def _optional(arguments: tuple[Any, ...], value: object, path: str, faults: list[str]) -> Any:
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
    return None


def _is_below(origin: Any, kind: type) -> bool:
    """Tell whether ``origin`` is a class below ``kind``; False for what is no class."""
    return isinstance(origin, type) and issubclass(origin, kind)


def _scalar_fits(hint: Any, value: object) -> bool:
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return hint in (str, bool) and isinstance(value, hint)


def _shown(value: object) -> str:
    text = redacted(repr(value))
    return text if len(text) <= 60 else text[:57] + "..."


def _allowed(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return ", ".join(str(argument) for argument in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_allowed(argument) for argument in arguments)
    if origin is tuple:
        return f"a list of {_allowed(arguments[0])}"
    if _is_below(origin, Mapping):
        return f"a mapping from names to {_allowed(arguments[1])}"
    names = {str: "text", int: "a whole number", float: "a finite number", bool: "true or false"}
    return names.get(hint, str(hint))
