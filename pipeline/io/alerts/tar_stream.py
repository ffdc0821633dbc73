"""A tar archive as a stream of bytes, plain or compressed, that knows whether it was read to its end."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from typing import Any, BinaryIO

_BLOCK = 512
_CHUNK = 1 << 20


class WholeStream:
    """The bytes of a tar archive; tarfile takes an archive that stops between two members for a whole one.

    Parameters
    ----------
    stream : binary file
        At its beginning: plain, or compressed by gzip, bzip2 or xz.
    """

    def __init__(self, stream: BinaryIO) -> None:
        first = stream.read(6)
        stream.seek(0)
        kinds: dict[bytes, Callable[[BinaryIO], Any]] = {
            b"\x1f\x8b": gzip.open,
            b"BZh": bz2.open,
            b"\xfd7zXZ\0": lzma.open,
        }
        opener = next((kind for magic, kind in kinds.items() if first.startswith(magic)), None)
        self._stream: BinaryIO = opener(stream) if opener else stream
        self._tail = b""

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        data = self._stream.read(size)
        self._tail = (self._tail + data)[-_BLOCK:]
        return data

    def require_end(self) -> None:
        """Raise EOFError if the last block is not empty, as an archive's must be, or if another archive follows."""
        if len(self._tail) < _BLOCK or any(self._tail):
            raise EOFError("it has no end")
        while data := self._stream.read(_CHUNK):
            if data.count(0) < len(data):
                raise EOFError("something follows its end")
