"""Reads the manifest of a night's frozen input; a file that is not a manifest is an error that names it."""

import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import InputError


def read_manifest(path: Path) -> dict[str, object]:
    """Return the manifest that `FreezeInputs` wrote.

    Raises
    ------
    InputError
        If the file is not JSON, or does not hold rows and digests of queries and files.
    """
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _no_manifest(path, str(error)) from None
    if not isinstance(content, dict):
        raise _no_manifest(path, f"it holds a {type(content).__name__}")
    for part in ("queries", "files"):
        if not _is_of_mappings(content.get(part)):
            raise _no_manifest(path, f"what it says of its {part!r} is {_beginning(content.get(part))}")
    counted = content["queries"]
    bad = [name for name, said in counted.items() if type(said.get("rows")) is not int or "sha256" not in said]
    if bad:
        raise _no_manifest(path, f"what it says of {bad[0]!r} is {_beginning(counted[bad[0]])}")
    return content


def _is_of_mappings(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(entry, Mapping) for entry in value.values())


def _beginning(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _no_manifest(path: Path, said: str) -> InputError:
    return InputError(f"{path} is not a manifest of a night: {said}; remove it, and run again")
