"""Decodes a stamp of an alert packet: from the bytes of a FITS file, plain or gzipped, to float32 with NaN.

A packet holds three of them, and a night 200,000 packets: the usual stamp, a plain image in the first HDU and in those
behind it, is read here by hand; `astropy.io.fits` reads whatever else there is.
"""

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.io.files.gunzip import gunzip
from pipeline.io.fits.pixels import image_pixels, open_fits, physical_values

if TYPE_CHECKING:  # it takes a third of a second, and plain stamps do without
    from astropy.io import fits

MAX_STAMP_BYTES = 64 << 20
"""A stamp that would inflate to more is refused."""

MAX_SIDE_PIXEL = 4096

_GZIP = b"\x1f\x8b"
_FITS = b"SIMPLE  ="
_EXTENSION = b"XTENSION="
_BLOCK = 2880
_CARD = 80
_HEADER_BLOCKS = 100
_END = b"END" + b" " * 77
_COUNTS = re.compile(rb"(?:Z?NAXIS|TFIELDS) *= *[+-]?0*(\d+)")
_REFERENCE = ("CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2")
_MOST = 999
"""Axes or columns that a header may announce by the standard; astropy would take an hour for a billion."""

_TYPES = {b"8": ">u1", b"16": ">i2", b"32": ">i4", b"-32": ">f4", b"-64": ">f8"}


class PlacedStamp(NamedTuple):
    """The pixels of a stamp, and the point of the sky that its header calls its reference.

    Attributes
    ----------
    pixels : ndarray of float32, (y, x)
        NaN where missing.
    reference : tuple of float
        ``CRPIX1 - 1``, ``CRPIX2 - 1``, ``CRVAL1``, ``CRVAL2``; empty if the header lacks one of them.
    further : mapping of str to ndarray of float32, (y, x)
        The images of HDUs that were asked for by their name, as far as they are there.
    """

    pixels: NDArray[np.float32]
    reference: tuple[float, ...]
    further: Mapping[str, NDArray[np.float32]] = MappingProxyType({})


class _Layout(NamedTuple):
    """How the pixels of a plain image are stored, and its reference point."""

    dtype: np.dtype[np.generic]
    shape: tuple[int, int]
    scale: float
    zero: float
    blank: int | None
    reference: tuple[float, ...]
    name: str


def read_stamp(data: bytes, where: str, names: Sequence[str] = ()) -> PlacedStamp:
    """Return the pixels of a stamp, and where its header places them.

    Parameters
    ----------
    data : bytes
        A FITS file, plain or gzipped, whose first image has two axes.
    where : str
        Packet and field, for messages.
    names : sequence of str
        ``EXTNAME`` of further HDUs to read; one that is not there is left out, of two the first counts.

    Returns
    -------
    PlacedStamp
        ``BZERO``, ``BSCALE`` and ``BLANK`` applied; NaN where the file has NaN or ``BLANK``. Infinities and
        huge values are left as they are.

    Raises
    ------
    InputError
        If the bytes are damaged, would inflate above 64 MB, or hold no two-dimensional image of at most 4,096
        pixels a side; or if one of the further HDUs is no such image.
    """
    raw = gunzip(data, MAX_STAMP_BYTES, f"{where}: the stamp") if data[:2] == _GZIP else bytes(data)
    if len(raw) > MAX_STAMP_BYTES:
        raise InputError(f"{where}: the stamp has more than {MAX_STAMP_BYTES >> 20} MB")
    if not raw.startswith(_FITS):
        raise InputError(f"{where}: the stamp is not a FITS file; it begins with {raw[:8]!r}")
    start = _data_start(raw, 0, where)
    layout = _layout(raw[:start])
    if layout is None:
        return _by_astropy(raw, where, names)
    pixels = _plain_image(raw, start, layout, where)
    further = _further(raw, _next_header(start, layout), names, where) if names else {}
    if further is None:
        return _by_astropy(raw, where, names)
    return PlacedStamp(pixels, layout.reference, further)


def _plain_image(raw: bytes, start: int, layout: _Layout, where: str) -> NDArray[np.float32]:
    """Return the image whose pixels begin at byte ``start``."""
    _require_small(layout.shape, where)
    count = layout.shape[0] * layout.shape[1]
    if len(raw) < start + count * layout.dtype.itemsize:
        raise InputError(f"{where}: the stamp is truncated: {len(raw)} bytes for {layout.shape} pixels")
    stored = np.frombuffer(raw, layout.dtype, count, start).reshape(layout.shape)
    return _as_float32(physical_values(stored, layout.scale, layout.zero, layout.blank))


def _next_header(start: int, layout: _Layout) -> int:
    """Return where the header behind an image begins, whose pixels begin at byte ``start``."""
    length = layout.shape[0] * layout.shape[1] * layout.dtype.itemsize
    return start + -(-length // _BLOCK) * _BLOCK


def _further(raw: bytes, place: int, names: Sequence[str], where: str) -> dict[str, NDArray[np.float32]] | None:
    """Return the images of the named HDUs from byte ``place`` on; None if an HDU before the last of them is not plain.

    What follows the last HDU, as far as it is no header, is none of ours.
    """
    found: dict[str, NDArray[np.float32]] = {}
    while len(found) < len(names) and raw.startswith(_EXTENSION, place):
        start = _data_start(raw, place, where)
        layout = _layout(raw[place:start])
        if layout is None:
            return None
        if layout.name in names and layout.name not in found:
            found[layout.name] = _plain_image(raw, start, layout, f"{where}: HDU {layout.name}")
        place = _next_header(start, layout)
    return found


def _data_start(raw: bytes, first: int, where: str) -> int:
    """Return where the header that begins at byte ``first`` ends, in whole blocks."""
    place = raw.find(_END, first)
    while place >= 0 and place % _CARD:
        place = raw.find(_END, place + 1)
    if not 0 <= place - first < _HEADER_BLOCKS * _BLOCK:
        raise InputError(f"{where}: the stamp's FITS header does not end")
    return (place // _BLOCK + 1) * _BLOCK


@lru_cache(maxsize=64)
def _layout(header: bytes) -> _Layout | None:
    """Return how a header stores its image; None for everything but a plain image of two axes."""
    cards: dict[bytes, bytes] = {}
    for place in range(0, len(header), _CARD):
        card = header[place : place + _CARD]
        if card[8:10] == b"= " and card[:8].strip() not in cards:
            cards[card[:8].strip()] = card[10:].partition(b"/")[0].strip()
    is_image = cards.get(b"SIMPLE") == b"T" or _text(cards.get(b"XTENSION", b"")) == "IMAGE"
    if not is_image or cards.get(b"NAXIS") != b"2" or cards.get(b"GROUPS") == b"T":
        return None
    if cards.get(b"PCOUNT", b"0") != b"0" or cards.get(b"GCOUNT", b"1") != b"1":
        return None
    try:
        dtype = np.dtype(_TYPES[cards[b"BITPIX"]])
        blank = int(cards[b"BLANK"]) if b"BLANK" in cards and dtype.kind != "f" else None
        shape = int(cards[b"NAXIS2"]), int(cards[b"NAXIS1"])
        scale, zero = _number(cards.get(b"BSCALE", b"1")), _number(cards.get(b"BZERO", b"0"))
    except (KeyError, ValueError):
        return None
    reference = _reference({name: cards.get(name.encode()) for name in _REFERENCE})
    name = _text(cards.get(b"EXTNAME", b""))
    return _Layout(dtype, shape, scale, zero, blank, reference, name) if np.isfinite([scale, zero]).all() else None


def _text(value: bytes) -> str:
    """Return the text of a card, without its quotes."""
    return value.strip(b"' ").decode("ascii", "replace")


def _reference(keys: Mapping[str, object]) -> tuple[float, ...]:
    """Return the reference point of a header; empty if a part of it is missing or not a finite number."""
    values = [keys.get(name) for name in _REFERENCE]
    try:
        numbers = [_number(value) for value in values]
    except ValueError:
        return ()
    x, y, longitude, latitude = numbers
    return (x - 1.0, y - 1.0, longitude, latitude) if np.isfinite(numbers).all() else ()


def _reference_of(header: "fits.Header") -> tuple[float, ...]:
    """Return the reference point of a header that astropy has read; a card may turn out to be damaged only now."""
    from astropy.io.fits import VerifyError

    try:
        return _reference({name: header.get(name) for name in _REFERENCE})
    except VerifyError:
        return ()


def _number(value: object) -> float:
    """Return the value of a card: bytes where the header was read here, else what astropy gives."""
    if isinstance(value, bytes):
        return float(value.replace(b"D", b"E"))
    return float(value if isinstance(value, int | float) else str(value))


def _require_small(shape: tuple[int, ...], where: str) -> None:
    if len(shape) != 2 or not all(1 <= side <= MAX_SIDE_PIXEL for side in shape):
        raise InputError(f"{where}: the stamp's shape is {shape}; allowed: two axes of 1 to {MAX_SIDE_PIXEL} pixels")


def _as_float32(pixels: NDArray[np.number]) -> NDArray[np.float32]:
    """Return pixels of any type as float32 of their own memory; what is too large becomes infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(pixels).astype(np.float32)


def _by_astropy(raw: bytes, where: str, names: Sequence[str] = ()) -> PlacedStamp:
    """Return the first image of a FITS file that is not plain, and those of the named HDUs."""
    if any(len(number) > 3 for number in _COUNTS.findall(raw)):
        raise InputError(f"{where}: the stamp announces more than {_MOST} axes or columns")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with open_fits(io.BytesIO(raw)) as opened:
                found = _first_image(opened, where)._replace(further=_named_images(opened, names, where))
        except InputError:
            raise
        except Exception as error:
            # astropy raises anything from OSError to struct.error on a damaged file
            raise InputError(f"{where}: the stamp cannot be read: {' '.join(str(error).split())[:200]}") from None
    return found


def _first_image(opened: "fits.HDUList", where: str) -> PlacedStamp:
    for hdu in opened:
        shape = tuple(hdu.shape) if hdu.is_image else ()
        if shape and 0 not in shape:
            _require_small(shape, where)
            return PlacedStamp(_as_float32(image_pixels(hdu)), _reference_of(hdu.header))
    raise InputError(f"{where}: the stamp holds no image")


def _named_images(opened: "fits.HDUList", names: Sequence[str], where: str) -> dict[str, NDArray[np.float32]]:
    """Return the images of the HDUs with some names, as far as they are there."""
    found: dict[str, NDArray[np.float32]] = {}
    for hdu in opened[1:] if names else ():
        if hdu.name in names and hdu.name not in found:
            _require_small(tuple(hdu.shape) if hdu.is_image else (), f"{where}: HDU {hdu.name}")
            found[hdu.name] = _as_float32(image_pixels(hdu))
    return found
