"""FITS images: written RICE-compressed with several HDUs, read as float32 with NaN where a pixel is missing."""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from pipeline.errors import InputError, MissingInputError
from pipeline.quality import to_missing

log = logging.getLogger(__name__)

T = TypeVar("T")

QUANTIZE_LEVEL = 16.0
"""Steps that RICE compression puts into one standard deviation of the noise: it adds 0.02 % to the noise."""


_TILE_ROWS = 16
"""Rows that are compressed together; one row at a time, as is usual, takes three times as long."""

_BLOCK = 2880
"""FITS files consist of blocks of this many bytes."""


def write_exposure(path: Path, hdus: Mapping[str, tuple[NDArray[np.float32], fits.Header]]) -> None:
    """Write images into one FITS file, an HDU each, RICE-compressed; equal input gives equal bytes.

    Parameters
    ----------
    path : Path
        The file to write; it must not exist.
    hdus : mapping of str to (ndarray (y, x), Header)
        Images by the name of their HDU, in the order in which they are written. NaN survives. Values are
        quantised to 1/16 of the noise with subtractive dithering.
    """
    images = [
        fits.CompImageHDU(
            data=np.asarray(pixels, dtype=np.float32),
            header=header,
            name=name,
            compression_type="RICE_1",
            tile_shape=(min(_TILE_ROWS, pixels.shape[0]), pixels.shape[1]),
            quantize_level=QUANTIZE_LEVEL,
            quantize_method=fits.hdu.compressed.SUBTRACTIVE_DITHER_1,
            dither_seed=fits.hdu.compressed.DITHER_SEED_CHECKSUM,
        )
        for name, (pixels, header) in hdus.items()
    ]
    fits.HDUList([fits.PrimaryHDU(), *images]).writeto(path)


def read_image(path: Path, hdu: str | int, magic: tuple[float, ...] = ()) -> tuple[NDArray[np.float32], fits.Header]:
    """Read the image of one HDU.

    Parameters
    ----------
    path : Path
        A FITS file, compressed or not.
    hdu : str or int
        Name of the HDU, in any case, or its number from 0.
    magic : tuple of float, optional
        Values that mean "bad pixel".

    Returns
    -------
    pixels : ndarray of float32, (y, x)
        NaN where the file has NaN, infinities, values above 1e30 or ``magic``.
    header : Header

    Raises
    ------
    MissingInputError
        If there is no such file.
    InputError
        If it is truncated or no FITS file, or has no such HDU or no two-dimensional image in it.
    """
    with _open(path) as opened:
        chosen = _find_hdu(opened, hdu, path)
        pixels, header = chosen.data, chosen.header
    if pixels is None or getattr(pixels, "ndim", 0) != 2 or pixels.dtype.names:
        raise InputError(f"HDU {hdu!r} of {path} holds no two-dimensional image")
    cleaned, number = to_missing(pixels, magic)
    if number:
        log.debug("%s[%s]: %d pixels became missing", path, hdu, number)
    return cleaned, header


def header_value(header: fits.Header, key: str, kind: Callable[[object], T], *, path: Path, hdu: str | int) -> T:
    """Return the value of a header key, converted by ``kind`` (``float``, ``str``).

    Raises
    ------
    InputError
        If the key is absent, empty, or its value is not of that kind; the file, HDU and key are named.
    """
    if key not in header:
        known = ", ".join(dict.fromkeys(name for name in header if name and name not in ("COMMENT", "HISTORY")))
        raise InputError(f"HDU {hdu!r} of {path} has no header key {key!r}; it has: {known}")
    value = header[key]
    try:
        if isinstance(value, fits.card.Undefined):
            raise ValueError
        return kind(value)
    except (TypeError, ValueError):
        raise InputError(f"header key {key!r} in HDU {hdu!r} of {path} is {str(value)!r}, not usable") from None


@contextmanager
def _open(path: Path) -> Iterator[fits.HDUList]:
    """Open a FITS file; whatever is wrong with it, on opening or on reading within the block, is an InputError."""
    if not path.is_file():
        raise MissingInputError(f"no FITS file {path}")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with fits.open(path, memmap=False) as opened:
                yield opened
        except InputError:
            raise
        except Exception as error:
            # astropy raises anything from OSError to zlib.error and struct.error on a damaged file
            raise InputError(f"cannot read FITS file {path}: {_one_line(error)}") from error
    for text in dict.fromkeys(_one_line(warning.message) for warning in caught):
        if "truncated" in text:
            raise InputError(f"FITS file {path} is truncated: {text}")
        log.debug("%s: %s", path, text)


def _find_hdu(opened: fits.HDUList, hdu: str | int, path: Path) -> fits.ImageHDU:
    """Return one HDU of an open file."""
    try:
        return opened[hdu]
    except (KeyError, IndexError):
        known = ", ".join(f"{number} {entry.name or 'without name'}" for number, entry in enumerate(opened))
        cut = "" if path.stat().st_size % _BLOCK == 0 else " (its length is odd for FITS: truncated?)"
        raise InputError(f"{path} has no HDU {hdu!r}; it has: {known}{cut}") from None


def _one_line(message: object) -> str:
    """Return a message without line breaks."""
    return " ".join(str(message).split())
