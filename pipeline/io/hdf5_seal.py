"""The seal of an HDF5 file: a digest of what it holds, by which a reader finds out that it was changed.

Fletcher32 sums guard each chunk of numbers; they know nothing of text, of attributes, or of which chunk belongs
where. The seal does. It leaves out the pixels of cutouts, whose rows have hashes of their own, so that a file is
opened without its pixels being read.
"""

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pipeline.io.damaged import changed, naming
from pipeline.io.schema import PIXELS, SEAL

_ROWS_AT_ONCE = 8192
_KIND = "HDF5 file"


def seal(file: h5py.File) -> None:
    """Store the digest of what a file holds that is whole but for it; what is written afterwards breaks the seal."""
    file.attrs[SEAL] = _digest(file)


def require_sealed(path: Path) -> None:
    """Raise `InputError` where a file does not hold what was sealed; one without a seal is taken as it is.

    A file that was found right is not read again by this process as long as its time and size stay.
    """
    with naming(path, _KIND):
        found = path.stat()
    _require(path, (found.st_ino, found.st_size, found.st_mtime_ns))


@lru_cache(maxsize=4096)
def _require(path: Path, _: tuple[int, int, int]) -> None:
    with naming(path, _KIND), h5py.File(path, "r") as file:
        if SEAL in file.attrs and file.attrs[SEAL] != _digest(file):
            raise changed(path, f"its data or attributes do not agree with its attribute {SEAL!r}")


def _digest(file: h5py.File) -> str:
    """Return the sha256 of all names, attributes, types, shapes and values, in the order of the names."""
    digest = hashlib.sha256()
    for name, node in _nodes(file):
        attributes = {key: value for key, value in node.attrs.items() if (name, key) != ("", SEAL)}
        about: list[Any] = [name, {key: np.asarray(value).tolist() for key, value in attributes.items()}]
        if isinstance(node, h5py.Dataset):
            about += [node.dtype.str, node.shape]
        digest.update(json.dumps(about, sort_keys=True, default=str).encode() + b"\n")
        if isinstance(node, h5py.Dataset) and name != PIXELS:
            for values in _values(node):
                digest.update(values)
    return digest.hexdigest()


def _nodes(file: h5py.File) -> list[tuple[str, h5py.Group | h5py.Dataset]]:
    found: dict[str, h5py.Group | h5py.Dataset] = {"": file}
    file.visititems(lambda name, node: found.update({name: node}))
    return sorted(found.items(), key=lambda item: item[0])


def _values(data: h5py.Dataset) -> Iterator[bytes]:
    starts = range(0, data.shape[0], _ROWS_AT_ONCE) if data.shape else ()
    for rows in [slice(start, start + _ROWS_AT_ONCE) for start in starts] if data.shape else [()]:
        values = np.asarray(data[rows])
        if values.dtype.kind == "O":  # text of any length ends with a zero, also within the file
            yield b"".join(text + b"\0" for text in values.ravel().tolist())
        else:
            yield values.tobytes()
