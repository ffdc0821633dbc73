"""Opens compressed files (gzip, bzip2, xz) and refuses decompression bombs before anything is made of them."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

from pipeline.errors import InputError
from pipeline.io.files.size_limits import credible_bytes, require_credible, require_dense, stored_bytes

IN_MEMORY_BYTES: Final = 64 << 20
"""A file that holds more is unpacked as it is read."""

_AT_ONCE: Final = 1 << 20
_OPENERS: Final[dict[bytes, Callable[[BinaryIO], object]]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}


def opener_of(stream: BinaryIO) -> Callable[[BinaryIO], BinaryIO] | None:
    """Return what opens a compressed stream, by its first bytes; None for a plain one. Its position is restored."""
    place = stream.tell()
    first = stream.read(6)
    stream.seek(place)
    found = next((opener for magic, opener in _OPENERS.items() if first.startswith(magic)), None)
    return cast("Callable[[BinaryIO], BinaryIO] | None", found)  # their classes are no subtypes of BinaryIO


@contextmanager
def open_packed(path: Path) -> Iterator[BinaryIO]:
    """Open a file to read, which may be compressed by gzip, bzip2 or xz, whatever it is called.

    A compressed one is unpacked twice, the first time to see whether it ends.

    Raises
    ------
    InputError
        If it is damaged, or holds far more than a file of its size may; see `require_credible`.
    """
    with path.open("rb") as stream:
        opener = opener_of(stream)
        if opener is None:
            require_dense(path)
            yield stream
            return
        with opener(stream) as opened:
            for _ in _parts(opened, path, stored_bytes(path)):
                pass
        stream.seek(0)
        with opener(stream) as opened:
            yield opened


def unpacked(stream: BinaryIO, what: str, stored: int, most: int | None = None) -> BinaryIO:
    """Return a stream unpacked if it is compressed: in memory, or, if it is large, again as it is read.

    Parameters
    ----------
    stream : binary file
        At its beginning, and seekable.
    what : str
        What the stream is, for messages.
    stored : int
        Bytes that its file takes on disk.
    most : int, optional
        Bytes that it may hold, whatever its size.

    Returns
    -------
    binary file
        At its beginning.

    Raises
    ------
    InputError
        If it is damaged, or holds more than ``most`` or `require_credible` allows.
    """
    opener = opener_of(stream)
    if opener is None:
        return stream
    parts: list[bytes] = []
    count = 0
    for part in _parts(opener(stream), what, stored, most):
        count += len(part)
        if count <= IN_MEMORY_BYTES:
            parts.append(part)
    if count <= IN_MEMORY_BYTES:
        return io.BytesIO(b"".join(parts))
    stream.seek(0)
    return opener(stream)


def _parts(opened: BinaryIO, what: object, stored: int, most: int | None = None) -> Iterator[bytes]:
    """Yield what compressed data hold, to their end, unless that is more than is allowed."""
    count, allowed = 0, credible_bytes(stored)
    try:
        while count <= allowed and (data := opened.read(_AT_ONCE)):
            count += len(data)
            if most is not None and count > most:
                raise InputError(f"{what} holds more than {most} bytes once it is unpacked; allowed: {most}")
            yield data
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise InputError(f"{what} is damaged, or its compressed data end too early: {error}") from error
    require_credible(what, count, stored, "what it holds, as far as it was unpacked,")
