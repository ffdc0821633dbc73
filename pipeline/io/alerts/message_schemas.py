"""Schemas of Kafka messages, which come without their own (LSST's stream): files by schema id, read offline."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from pipeline.errors import InputError, MissingInputError, SettingsError
from pipeline.fingerprint import fingerprint
from pipeline.io.settings_files import config_folder, expand

_BY_ID = re.compile(r"(\d+)\.(?:avsc|json)")
_LSST = re.compile(r"lsst\.v(\d+)_(\d+)\.alert\.avsc")
_MINORS = 100
"""LSST's schema id is the major version times this, and the minor one: 703 is 7.3."""

_SHOWN_IDS = 12


@dataclass(frozen=True, kw_only=True)
class MessageSchemas:
    """The files that hold the schema of each id.

    Attributes
    ----------
    place : str
        The folder, or "the map of ids", for messages; empty where the settings name no schemas.
    files : mapping of int to Path
        The file by id.
    """

    place: str = ""
    files: Mapping[int, Path] = field(default_factory=dict)
    _read: dict[int, bytes] = field(default_factory=dict, compare=False, repr=False)

    def schema_of(self, number: int) -> bytes:
        """Return the Avro schema of an id, with the schemas that it refers to within it.

        Raises
        ------
        InputError
            If there is no such schema, or its file or one that it refers to cannot be read; id and file are named.
        """
        if number not in self.files:
            raise InputError(self._why_not(number))
        if number not in self._read:
            path = self.files[number]
            self._read[number] = _whole(path, _state_of(path))
        return self._read[number]

    def digests(self) -> dict[str, str]:
        """Return a digest of what each schema says, by id; blanks and the order of its keys do not count."""
        return {str(number): _digest(self.schema_of(number)) for number in sorted(self.files)}

    def _why_not(self, number: int) -> str:
        what = f"a Kafka message in Confluent's wire format (byte 0, schema id {number}) without its schema"
        if not self.place:
            return f"{what}; name a folder of schemas, or a file for each id, in `schemas` of the survey's input"
        known = [str(one) for one in sorted(self.files)]
        shown = ", ".join(known[-_SHOWN_IDS:]) + (f" and {len(known) - _SHOWN_IDS} more" * (len(known) > _SHOWN_IDS))
        major, minor = divmod(number, _MINORS)
        return (
            f"{what}; `schemas` of the survey's input, {self.place}, has none of that id; known: {shown}; add "
            f"{number}.avsc, or LSST's {major}/{minor}/lsst.v{major}_{minor}.alert.avsc with those beside it"
        )


NO_SCHEMAS = MessageSchemas()
"""The schemas of a survey whose packets bring their own."""


def find_schemas(schemas: str | Mapping[str, str]) -> MessageSchemas:
    """Return the schemas that a survey's ``schemas`` names.

    Parameters
    ----------
    schemas : str or mapping
        A folder, with ``<id>.avsc``, ``<id>.json`` or LSST's ``<major>/<minor>/lsst.v<major>_<minor>.alert.avsc``;
        or a file for each id. ``${NAME}`` is taken from the environment, and a relative path starts at the folder
        above the settings. Empty: no schemas.

    Raises
    ------
    SettingsError
        If an id is not a whole number.
    MissingInputError
        If the folder, or a file that is named, is not there, or the folder holds no schema.
    InputError
        If the folder holds two schemas of one id.
    """
    if isinstance(schemas, str):
        place = expand(schemas, "a folder of Avro schemas")
        return _of_folder(_path(place)) if place else NO_SCHEMAS
    files = {_id(number): _path(expand(file, f"the Avro schema of id {number}")) for number, file in schemas.items()}
    for number, path in files.items():
        if not path.is_file():
            raise MissingInputError(f"schemas: no file {path} for schema id {number}")
    return MessageSchemas(place="a map of ids", files=files) if files else NO_SCHEMAS


def schema_digests(survey_input: Mapping[str, object]) -> dict[str, str]:
    """Return the digests of the schemas that a survey's ``input`` names, by id; empty if it names no schemas."""
    schemas = survey_input.get("schemas") or ""
    return find_schemas(schemas).digests() if isinstance(schemas, str | Mapping) else {}


def _path(text: str) -> Path:
    path = Path(text)
    return path if path.is_absolute() else config_folder().parent / path


def _id(text: str) -> int:
    if not str(text).isdecimal():
        raise SettingsError(f"schemas names the id {text!r}; allowed: a whole number, the id of a schema")
    return int(text)


def _of_folder(folder: Path) -> MessageSchemas:
    if not folder.is_dir():
        raise MissingInputError(f"no folder {folder}: schemas must be a folder of Avro schemas, or a map of ids")
    files: dict[int, Path] = {}
    for number, path in _numbered(folder):
        if number in files:
            raise InputError(f"{folder}: {files[number].name} and {path.name} are both of schema id {number}")
        files[number] = path
    if not files:
        raise MissingInputError(f"no schemas in {folder}; allowed: files <id>.avsc, <id>.json, or LSST's folders")
    return MessageSchemas(place=str(folder), files=files)


def _numbered(folder: Path) -> Iterator[tuple[int, Path]]:
    """Yield the schemas of a folder with their ids."""
    for path in sorted(folder.iterdir()):
        if found := _BY_ID.fullmatch(path.name):
            yield int(found[1]), path
    for path in sorted(folder.glob("[0-9]*/[0-9]*/lsst.v*.alert.avsc")):
        if found := _LSST.fullmatch(path.name):
            yield int(found[1]) * _MINORS + int(found[2]), path


def _state_of(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Return name, size and time of a schema's file and of the files beside it, to which it may refer."""
    files = [file for file in {path, *path.parent.glob("*.avsc")} if file.is_file()]
    return tuple(sorted((file.name, status.st_size, status.st_mtime_ns) for file in files for status in [file.stat()]))


@lru_cache(maxsize=64)
def _whole(path: Path, state: tuple[tuple[str, int, int], ...]) -> bytes:  # noqa: ARG001  (it is the key)
    from pipeline.io.alerts.avro_schema import whole_schema

    return whole_schema(path)


@lru_cache(maxsize=64)
def _digest(schema: bytes) -> str:
    return fingerprint(json.loads(schema))
