"""Refuses FITS files whose headers claim more than the file can hold, before astropy takes memory for it.

Astropy reads a header to its end, however long it is, and makes an array of whatever size it states.

Tested by tests/pipeline/io/fits/test_pixels.py.
"""

import io
import math
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final

from pipeline.errors import InputError
from pipeline.io.files.size_limits import credible_bytes, require_credible, stored_bytes

BLOCK: Final = 2880
MOST_BLOCKS: Final = 5000
"""Blocks of one header: 180,000 cards, 14 MB; headers of real images have a few thousand cards."""
MOST_AXES: Final = 999
"""Axes or columns that a header may announce by the standard; astropy would take an hour for a billion."""

_CARD: Final = 80
_END: Final = b"END".ljust(_CARD)
_COUNT: Final = re.compile(rb"(BITPIX|NAXIS|PCOUNT|GCOUNT|TFIELDS|ZBITPIX|ZNAXIS|ZTILE)(\d*) *= *([+-]?\d+) *(?:/|$)")


def require_sound_headers(stream: BinaryIO) -> None:
    """Refuse a plain FITS file that claims far more than it holds; only its headers are read.

    Parameters
    ----------
    stream : binary file
        Open for reading and seekable; its position is restored.

    Raises
    ------
    InputError
        If a header does not end, announces more axes or columns than there may be, or claims an image or a table that
        could not be in the file.
    """
    start, where, stored = stream.tell(), name_of(stream), stored_of(stream)
    place, size = start, stream.seek(0, io.SEEK_END)
    while place < size:
        stream.seek(place)
        header = _read_header(stream, where)
        if not header.startswith((b"SIMPLE", b"XTENSION")) or not ends(header[-BLOCK:]):
            break  # not a FITS file, or cut off: astropy says so
        place += len(header) + claimed_by(header, where, stored)
    stream.seek(start)


def _read_header(stream: BinaryIO, where: str) -> bytes:
    blocks: list[bytes] = []
    while block := stream.read(BLOCK):
        blocks.append(block)
        if ends(block):
            break
        require_few_blocks(len(blocks), where)
    return b"".join(blocks)


def ends(block: bytes) -> bool:
    """Tell whether a header ends in a block."""
    return any(block[place : place + _CARD] == _END for place in range(0, len(block), _CARD))


def require_few_blocks(count: int, where: str) -> None:
    """Raise `InputError` if a header is longer than any real one."""
    if count > MOST_BLOCKS:
        raise InputError(f"{where}: a FITS header does not end within {MOST_BLOCKS * BLOCK:,} bytes")


def claimed_by(header: bytes, where: str, stored: int) -> int:
    """Return how many bytes follow a header, in whole blocks, once its claims were found credible.

    Parameters
    ----------
    header : bytes
        All of its cards.
    where : str
        The file, for messages.
    stored : int
        Bytes of the file.

    Raises
    ------
    InputError
        If the header announces too many axes or columns, or more data than the file may claim.
    """
    counts: dict[tuple[str, int], int] = {}
    for place in range(0, len(header), _CARD):
        found = _COUNT.match(header[place : place + _CARD])
        if found:
            counts.setdefault((found[1].decode(), int(found[2] or 0)), int(found[3]))
    most = max((counts.get((name, 0), 0) for name in ("NAXIS", "ZNAXIS", "TFIELDS")), default=0)
    if most > MOST_AXES:
        raise InputError(f"{where}: a FITS header announces {most} axes or columns; allowed: at most {MOST_AXES}")
    sides = _sides(counts, "NAXIS")
    groups = sides[:1] == [0] and len(sides) > 1  # random groups
    values = math.prod(sides[1:] if groups else sides) if sides else 0
    value_bytes = abs(counts.get(("BITPIX", 0), 8)) // 8
    size = value_bytes * max(1, counts.get(("GCOUNT", 0), 1)) * (values + max(0, counts.get(("PCOUNT", 0), 0)))
    require_credible(where, size, stored, f"data of {_times(sides)} values")
    for name in ("ZNAXIS", "ZTILE"):
        packed = _sides(counts, name)
        unpacked = abs(counts.get(("ZBITPIX", 0), 8)) // 8 * math.prod(packed) if packed else 0
        require_credible(where, unpacked, stored, f"a compressed image of {_times(packed)} pixels")
    return -(-size // BLOCK) * BLOCK


def _sides(counts: Mapping[tuple[str, int], int], name: str) -> list[int]:
    axes = counts.get(("NAXIS" if name == "NAXIS" else "ZNAXIS", 0), 0)
    return [max(0, counts.get((name, axis), 1 if name == "ZTILE" else 0)) for axis in range(1, axes + 1)]


def _times(sides: list[int]) -> str:
    return " x ".join(map(str, sides)) or "0"


def name_of(stream: object) -> str:
    """Return what a stream is called in messages."""
    name = getattr(stream, "name", "")
    return name if isinstance(name, str) and name else "FITS data"


def stored_of(stream: BinaryIO) -> int:
    """Return how many bytes the file of a stream takes, or how many there are in memory."""
    name = getattr(stream, "name", "")
    if isinstance(name, str) and name and Path(name).is_file():
        return stored_bytes(Path(name))
    place = stream.tell()
    size = stream.seek(0, io.SEEK_END)
    stream.seek(place)
    return size


def require_sound_archive(stream: BinaryIO) -> None:
    """Refuse a zip archive, from which astropy takes one FITS file, that would unpack to more than is allowed."""
    with zipfile.ZipFile(stream) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    require_credible(name_of(stream), size, stored_of(stream), "what is packed in it")
    stream.seek(0)


class WatchedStream:
    """A compressed FITS file whose headers are checked while astropy reads and unpacks it.

    Faults are raised as OSError, for astropy would take an `InputError`, a ValueError, for the end of the file.
    """

    def __init__(self, inner: BinaryIO, stream: BinaryIO) -> None:
        self._inner = inner
        self._where, self._stored = name_of(stream), stored_of(stream)
        self._allowed = credible_bytes(self._stored)
        self._header: list[bytes] = []

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; a header comes in blocks of `BLOCK`."""
        place = self._inner.tell()
        wanted = size if size >= 0 else self._allowed + 1 - place
        self._require(place + min(wanted, max(size, 0)))
        data = self._inner.read(wanted)
        self._require(place + len(data))
        self._watch(data if size == BLOCK else b"")
        return data

    def _watch(self, block: bytes) -> None:
        self._header.append(block) if block else self._header.clear()
        try:
            if block and ends(block):
                claimed_by(b"".join(self._header), self._where, self._stored)
                self._header.clear()
            require_few_blocks(len(self._header), self._where)
        except InputError as error:
            raise OSError(str(error)) from None

    def _require(self, place: int) -> None:
        if place > self._allowed:
            try:
                require_credible(self._where, place, self._stored, "what is packed in it")
            except InputError as error:
                raise OSError(str(error)) from None

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; nothing beyond what the file may hold is unpacked."""
        self._header.clear()
        if whence == io.SEEK_SET:
            self._require(offset)
        return self._inner.seek(offset, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._inner.tell()

    def close(self) -> None:
        """Close what unpacks; the file itself stays open."""
        self._inner.close()
