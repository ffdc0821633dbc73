"""Avro schemas: reads them from files, refuses unsafe ones, and reduces one to the fields that are wanted."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from fastavro.repository import AbstractSchemaRepository, SchemaRepositoryError
from fastavro.schema import load_schema
from fastavro.types import Schema

from pipeline.errors import InputError

MAX_SCHEMA_BYTES = 8 << 20
"""A larger schema file is refused."""

_LEAST_BYTES = {"null": 0, "float": 4, "double": 8}
_RECORDS = ("record", "error")
_DEFINED = (*_RECORDS, "enum", "fixed")
_MOST_VALUES = 100_000

Names = Mapping[str, object]
"""The named types of a parsed schema."""


class _Cost(NamedTuple):
    """The least that one value takes: bytes in the file, values to decode."""

    bytes: int
    values: int


class _Beside(AbstractSchemaRepository):
    """A schema under the empty name, and the schemas beside it under their full names."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self, name: str) -> object:
        """Return a schema as its file has it."""
        path = self.path.with_name(f"{name}.avsc") if name and "/" not in name else self.path
        if name and (path == self.path or not path.is_file()):
            raise SchemaRepositoryError(name)
        return _schema_in(path)


def whole_schema(path: Path) -> bytes:
    """Return the schema of a file with those that it refers to, which lie beside it as ``<full name>.avsc``.

    Raises
    ------
    InputError
        If a file is not a schema, or refers to a schema that is not there; the file is named.
    """
    try:
        parsed = load_schema("", repo=_Beside(path))
        return json.dumps(_unmarked(parsed)).encode()
    except InputError:
        raise
    except Exception as error:  # fastavro raises UnknownType, KeyError, RecursionError and its own on a bad schema
        said = " ".join(f"{type(error).__name__} {error}".split())[:200]
        raise InputError(f"{path}: the Avro schema cannot be read: {said}") from None


def _schema_in(path: Path) -> object:
    """Return the JSON of a file; what a registry answers holds the schema as a text."""
    try:
        with path.open("rb") as stream:
            text = stream.read(MAX_SCHEMA_BYTES + 1)
        if len(text) > MAX_SCHEMA_BYTES:
            raise InputError(f"{path}: the Avro schema has more than {MAX_SCHEMA_BYTES >> 20} MB")
        found = json.loads(text)
        return json.loads(found["schema"]) if isinstance(found, dict) and "type" not in found else found
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is not an Avro schema: {type(error).__name__} {error}") from None


def _unmarked(node: object) -> object:
    """Return a parsed schema without the marks that fastavro puts on it."""
    if isinstance(node, list):
        return [_unmarked(branch) for branch in node]
    if isinstance(node, Mapping):
        return {key: _unmarked(value) for key, value in node.items() if not key.startswith("__")}
    return node


def require_sound(schema: object, names: Names) -> None:
    """Refuse a parsed schema by which few bytes could mean endless work.

    Raises
    ------
    InputError
        If a record holds itself or more than 100,000 values, or if the items of a list, or the records, may take
        no byte at all.
    """
    if _cost(schema, names, {}).bytes == 0:
        raise InputError("the Avro schema describes records of no bytes")


def _cost(node: object, names: Names, known: dict[str, _Cost | None]) -> _Cost:
    """Return the cost of a value; ``known`` holds the costs of named types, None while one is being computed."""
    if isinstance(node, list):
        branches = [_cost(branch, names, known) for branch in node]
        return _Cost(
            1 + min((one.bytes for one in branches), default=0), max((one.values for one in branches), default=1)
        )
    kind = _kind(node)
    if kind in ("array", "map"):
        items = _cost(_inner(node), names, known)
        if items.bytes == 0 and kind == "array":
            raise InputError("the Avro schema has a list whose items take no bytes")
        return _Cost(1, 1)
    if kind not in _DEFINED and kind not in names:
        return _Cost(_LEAST_BYTES.get(kind, 1), 1)
    return _cost_of_defined(_definition(node, names), names, known)


def _cost_of_defined(definition: Mapping[str, object], names: Names, known: dict[str, _Cost | None]) -> _Cost:
    name, kind = str(definition["name"]), str(definition["type"])
    if name not in known:
        known[name] = None
        fields = [_cost(field["type"], names, known) for field in _fields(definition)]
        known[name] = {"enum": _Cost(1, 1), "fixed": _Cost(int(str(definition.get("size", 0))), 1)}.get(
            kind, _Cost(sum(one.bytes for one in fields), 1 + sum(one.values for one in fields))
        )
    cost = known[name]
    if cost is None:
        raise InputError(f"the Avro schema has a record that holds itself: {name!r}")
    if cost.values > _MOST_VALUES:
        raise InputError(f"the Avro schema has a record of more than {_MOST_VALUES} values: {name!r}")
    return cost


def _kind(node: object) -> str:
    """Return the name of a type; ``{"type": {...}}`` around another type does not occur in a parsed schema."""
    return str(node["type"] if isinstance(node, Mapping) else node)


def _inner(node: object) -> object:
    """Return the type of the items of an array, or of the values of a map."""
    return node["items" if node["type"] == "array" else "values"] if isinstance(node, Mapping) else node


def _definition(node: object, names: Names) -> Mapping[str, object]:
    """Return what defines a type; empty for one that needs no definition, such as ``long``."""
    found = names.get(_kind(node), node)
    return found if isinstance(found, Mapping) else {}


def _fields(definition: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    """Return the fields of a record; none for another type."""
    found = definition.get("fields", ())
    return found if isinstance(found, Sequence) else ()


def project(schema: object, names: Names, wanted: Iterable[str]) -> Schema:
    """Return the reader's schema that keeps only the wanted fields.

    Parameters
    ----------
    schema : mapping
        The writer's schema as parsed.
    names : mapping
        Its named types.
    wanted : iterable of str
        Dotted paths. A field that is kept in one place of a named type is kept in all its places.

    Returns
    -------
    mapping, list or str
        The schema as JSON has it; every named type is defined where it is used first.
    """
    kept: dict[str, set[str]] = {}
    for path in wanted:
        _keep(schema, path.split("."), names, kept)
    return _emit(schema, names, kept, set())


def _keep(node: object, path: list[str], names: Names, kept: dict[str, set[str]]) -> None:
    """Note in ``kept`` which fields of which named record a path needs; no path needs all of them."""
    if isinstance(node, list):
        for branch in node:
            _keep(branch, path, names, kept)
        return
    kind = _kind(node)
    if kind in ("array", "map"):
        _keep(_inner(node), [], names, kept)
        return
    definition = _definition(node, names)
    if definition.get("type") not in _RECORDS:
        return
    mine = kept.setdefault(str(definition["name"]), set())
    for field in _fields(definition):
        name = str(field["name"])
        if path and name != path[0]:
            continue
        if path or name not in mine:
            mine.add(name)
            _keep(field["type"], path[1:], names, kept)


def _emit(node: object, names: Names, kept: Mapping[str, set[str]], done: set[str]) -> Schema:
    """Return a schema anew: a named type is defined where it is used first, and named from there on."""
    if isinstance(node, list):
        return [_emit(branch, names, kept, done) for branch in node]
    kind = _kind(node)
    if kind == "array":
        return {"type": "array", "items": _emit(_inner(node), names, kept, done)}
    if kind == "map":
        return {"type": "map", "values": _emit(_inner(node), names, kept, done)}
    definition = _definition(node, names)
    if definition.get("type") not in _DEFINED:
        return kind
    name = str(definition["name"])
    if name in done:
        return name
    done.add(name)
    if definition["type"] not in _RECORDS:
        return {key: value for key, value in definition.items() if not key.startswith("__")}
    fields = [
        {"name": field["name"], "type": _emit(field["type"], names, kept, done)}
        for field in _fields(definition)
        if field["name"] in kept.get(name, ())
    ]
    return {"type": "record", "name": name, "fields": fields}
