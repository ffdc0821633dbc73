"""A tar archive as a stream of bytes, plain or compressed, that notices if the archive was cut off."""

from typing import BinaryIO

from pipeline.io.files.inflating import opener_of

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
        opener = opener_of(stream)
        self._stream = opener(stream) if opener else stream
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
