"""Compressed files, which end where a file of their size may: a bomb is noticed before anything is made of it."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from pipeline.errors import InputError
from pipeline.io.claims import credible_bytes, require_credible, require_dense, stored_bytes

_AT_ONCE: Final = 1 << 20
_OPENERS: Final[dict[bytes, Callable[[BinaryIO], Any]]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}


def opener_of(stream: BinaryIO) -> Callable[[BinaryIO], Any] | None:
    """Return what opens a compressed stream, by its first bytes; None for a plain one. It stays at its place."""
    place = stream.tell()
    first = stream.read(6)
    stream.seek(place)
    return next((opener for magic, opener in _OPENERS.items() if first.startswith(magic)), None)


@contextmanager
def open_packed(path: Path) -> Iterator[BinaryIO]:
    """Open a file to read, which may be compressed by gzip, bzip2 or xz, whatever it is called.

    A compressed one is unpacked twice, the first time to see whether it ends.

    Raises
    ------
    InputError
        If it is damaged, or what it holds is far more than a file of its size may, as `require_credible` tells.
    """
    with path.open("rb") as stream:
        opener = opener_of(stream)
        if opener is None:
            require_dense(path)
            yield stream
            return
        with opener(stream) as unpacked:
            _require_end(unpacked, path)
        stream.seek(0)
        with opener(stream) as unpacked:
            yield unpacked


def _require_end(unpacked: BinaryIO, path: Path) -> None:
    stored, count = stored_bytes(path), 0
    allowed = credible_bytes(stored)
    try:
        while count <= allowed and (data := unpacked.read(_AT_ONCE)):
            count += len(data)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise InputError(f"{path} is damaged, its compressed data end too early or are none: {error}") from error
    require_credible(path, count, stored, "what it holds, as far as it was unpacked,")
