"""The manifest of a night's frozen input: what is in it, and how it is read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from pipeline.errors import InputError


class Entry(TypedDict, total=False):
    """What a manifest says of a table's rows, or of a file.

    Attributes
    ----------
    rows : int
        Number of rows, of a table.
    size : int
        Bytes of a file; -1 where it is missing.
    sha256 : str
        Digest of the content; ``missing`` where there is no file.
    found : str
        Where a file was found, if that is not where its path alone says.
    """

    rows: int
    size: int
    sha256: str
    found: str


class Manifest(TypedDict, total=False):
    """A night's input as it was frozen. A source states ``queries`` and ``files``; freezing adds the rest.

    Attributes
    ----------
    queries : dict of str to Entry
        The tables of rows, those that labels read among them.
    files : dict of str to Entry
        The files.
    candidates : str
        A note where the candidates are known only after a search.
    night : str
        The night.
    snapshot : int
        Number of the snapshot.
    as_of : str
        When it was frozen.
    rows_of : int
        The snapshot whose rows and files these are, where a later one differs in its label tables alone.
    provenance : dict
        What made the manifest.
    """

    queries: dict[str, Entry]
    files: dict[str, Entry]
    candidates: str
    night: str
    snapshot: int
    as_of: str
    rows_of: int
    provenance: dict[str, object]


def read_manifest(path: Path) -> Manifest:
    """Return what `FreezeInputs` wrote.

    Raises
    ------
    InputError
        If the file is not JSON, or does not hold rows and digests of queries and files.
    """
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _no_manifest(path, str(error)) from None
    _require_manifest(content, path)
    return content


def _require_manifest(content: object, path: Path) -> None:
    """Raise `InputError` if the content of a file is not that of a manifest."""
    if not isinstance(content, dict):
        raise _no_manifest(path, f"it holds a {type(content).__name__}")
    for part in ("queries", "files"):
        if not _is_of_mappings(content.get(part)):
            raise _no_manifest(path, f"what it says of its {part!r} is {_beginning(content.get(part))}")
    counted = content["queries"]
    bad = [name for name, said in counted.items() if type(said.get("rows")) is not int or "sha256" not in said]
    if bad:
        raise _no_manifest(path, f"what it says of {bad[0]!r} is {_beginning(counted[bad[0]])}")


def _is_of_mappings(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(entry, Mapping) for entry in value.values())


def _beginning(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _no_manifest(path: Path, said: str) -> InputError:
    return InputError(f"{path} is not a manifest of a night: {said}; remove it, and run again")
