"""Reads the arrays of a safetensors file: a JSON head with types, shapes and places, then plain numbers."""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError, MissingInputError
from pipeline.io.files.size_limits import require_dense

_LENGTH: Final = 8
_LARGEST_HEAD: Final = 10_000_000
_TYPES: Final = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8"}
_NOTE: Final = "__metadata__"


def read_safetensors(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file by name; floating-point ones as float32.

    Raises
    ------
    MissingInputError, InputError
        If there is no such file, its head is damaged, or an array is of another type or lies outside the file.
    """
    if not path.is_file():
        raise MissingInputError(f"no file {path}")
    require_dense(path)
    content = path.read_bytes()
    length = int.from_bytes(content[:_LENGTH], "little")
    body = content[_LENGTH + length :]
    if len(content) < _LENGTH or length > min(_LARGEST_HEAD, len(content) - _LENGTH):
        raise InputError(f"{path} is not a safetensors file: its head would take {length} bytes")
    try:
        head = json.loads(content[_LENGTH : _LENGTH + length])
        return {str(name): _array(entry, body) for name, entry in head.items() if name != _NOTE}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} is a damaged safetensors file: {' '.join(str(error).split())[:200]}") from error


def _array(entry: dict[str, Any], body: bytes) -> NDArray[Any]:
    """Return one array of the file."""
    kind, (start, stop) = entry["dtype"], entry["data_offsets"]
    if kind not in _TYPES or not 0 <= start <= stop <= len(body):
        raise ValueError(
            f"an array of type {kind!r} at {start} to {stop}; allowed: {', '.join(_TYPES)} within the file"
        )
    numbers = np.frombuffer(body[start:stop], dtype=_TYPES[kind]).reshape([int(side) for side in entry["shape"]])
    if kind == "I64":
        return numbers
    if kind == "BF16":  # the upper half of a float32
        return (numbers.astype(np.uint32) << 16).view(np.float32)
    return numbers.astype(np.float32)
