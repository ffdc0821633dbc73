"""Unpacks gzip data in memory, with libdeflate where it is certain to give the same as zlib."""

import contextlib
import zlib
from typing import Final

import deflate

from pipeline.errors import InputError

_GZIP: Final = b"\x1f\x8b"
_MEMBER: Final = _GZIP + b"\x08"
_HEADER_CRC: Final = 0x02
_MOST_TIMES: Final = 1032
"""How many bytes deflate can make of one, at most."""


def gunzip(data: bytes, limit: int, what: str) -> bytes:
    """Return the unpacked content of gzip members; bytes after the last are ignored.

    Parameters
    ----------
    data : bytes
        Gzip data, which begin with gzip's magic bytes.
    limit : int
        Bytes that they may hold unpacked; no more memory is taken.
    what : str
        What the data are, for messages: ``cutoutScience.stampData: the stamp``.

    Raises
    ------
    InputError
        If the data are damaged or truncated, or hold more than is allowed.
    """
    found = _one_member(data, limit)
    return _members(data, limit, what) if found is None else found


def _one_member(data: bytes, limit: int) -> bytes | None:
    """Return what libdeflate makes of the data, in two thirds of the time; None where zlib has to look at them.

    It has to be told the size, stops after the first member without a word, and passes over a checksum of the header.
    Data count as one member if they end with the checksum and the size of what was found, and if no other member can
    begin within.
    """
    crc, size = int.from_bytes(data[-8:-4], "little"), int.from_bytes(data[-4:], "little")
    if not 0 < size <= min(limit, _MOST_TIMES * len(data)):
        return None
    if data[3] & _HEADER_CRC or data.find(_MEMBER, 1) >= 0:
        return None
    with contextlib.suppress(deflate.DeflateError):
        found = bytes(deflate.gzip_decompress(data, size))
        if len(found) == size and deflate.crc32(found) == crc:
            return found
    return None


def _members(data: bytes, limit: int, what: str) -> bytes:
    parts: list[bytes] = []
    room = limit
    while data[:2] == _GZIP:
        member = zlib.decompressobj(wbits=31)
        try:
            parts.append(member.decompress(data, room + 1))
        except zlib.error as error:
            raise InputError(f"{what}'s gzip data are damaged: {error}") from None
        room -= len(parts[-1])
        if room < 0:
            raise InputError(f"{what} would inflate above {limit >> 20} MB")
        if not member.eof:
            raise InputError(f"{what}'s gzip data are truncated")
        data = member.unused_data
    return parts[0] if len(parts) == 1 else b"".join(parts)
