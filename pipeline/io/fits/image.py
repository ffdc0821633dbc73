"""FITS images: written RICE-compressed with several HDUs, read as float32 with NaN where a pixel is missing."""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from pipeline.cutouts.missing import to_missing
from pipeline.errors import InputError, MissingInputError
from pipeline.io.fits.pixels import image_pixels, open_fits, physical_header

log = logging.getLogger(__name__)

T = TypeVar("T")

QUANTIZE_LEVEL = 16.0
"""Steps that RICE compression puts into one standard deviation of the noise: it adds 0.02 % to the noise."""

_TILE_ROWS = 16
"""Rows that are compressed together; one row at a time, as is usual, takes three times as long."""

_BLOCK = 2880
"""FITS files consist of blocks of this many bytes."""

_FEW_ROWS = 0.5
"""Below this share of its rows, reading some rows of an image is faster than reading it whole."""

_IMAGES = (fits.PrimaryHDU, fits.ImageHDU, fits.CompImageHDU)


def write_exposure(path: Path, hdus: Mapping[str, tuple[NDArray[np.float32], fits.Header]]) -> None:
    """Write images into one FITS file, RICE-compressed, one HDU per image; equal input gives equal bytes.

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
        NaN where the file has NaN, ``BLANK``, infinities, values above 1e30 or ``magic``.
    header : Header
        The header of the HDU.

    Raises
    ------
    MissingInputError
        If there is no such file.
    InputError
        If it is truncated or not a FITS file, or has no such HDU or no two-dimensional image in it.
    """
    with FitsFile(path) as file:
        pixels, header = file.image(hdu)
    cleaned, number = to_missing(pixels, magic)
    if number:
        log.debug("%s[%s]: %d pixels became missing", path, hdu, number)
    return cleaned, header


class FitsFile:
    """A FITS file that is opened once for several of its HDUs; whatever is wrong with it is an InputError.

    Parameters
    ----------
    path : Path
        A FITS file, compressed or not; opened by ``with``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            with self._reading():
                stream = stack.enter_context(self.path.open("rb"))  # astropy leaves its own open where it fails
                self._opened = open_fits(stream)
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        with self._closing, suppress(Exception):  # closing a damaged file may fail as reading did
            self._opened.close()

    def image(
        self, hdu: str | int, rows: Sequence[tuple[int, int]] | None = None
    ) -> tuple[NDArray[np.number], fits.Header]:
        """Return pixels ``(y, x)`` and the header.

        Pixels have the type of the file (a mask its integers), unless ``BSCALE``, ``BZERO`` or ``BLANK`` make them
        floats; NaN where the file has NaN or ``BLANK``. The header lacks these three keys.

        Parameters
        ----------
        hdu : str or int
            Name, in any case, or number from 0.
        rows : sequence of (first, stop), optional
            The only image rows that are wanted; where they are few, the others are not read but hold zeros.
        """
        with self._reading():
            chosen = self._find(hdu)
            header = physical_header(chosen.header)
            height, _ = self._shape(chosen, hdu)
            few = rows is not None and sum(stop - first for first, stop in rows) < _FEW_ROWS * height
            pixels = image_pixels(chosen, rows if few else None)
            if not few:
                del chosen.data  # the file would keep the pixels as long as it is open
        return pixels, header

    def header(self, hdu: str | int) -> fits.Header:
        """Return the header of an HDU."""
        with self._reading():
            return self._find(hdu).header

    def shape(self, hdu: str | int) -> tuple[int, int]:
        """Return rows and columns of an image, which is not read yet."""
        with self._reading():
            return self._shape(self._find(hdu), hdu)

    def _shape(self, chosen: fits.ImageHDU, hdu: str | int) -> tuple[int, int]:
        shape: tuple[int, ...] = tuple(getattr(chosen, "shape", ()))
        if not isinstance(chosen, _IMAGES) or len(shape) != 2:
            raise InputError(f"HDU {hdu!r} of {self.path} holds no two-dimensional image")
        return int(shape[0]), int(shape[1])

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Turn every error and every warning of truncation within the block into an InputError."""
        if not self.path.is_file():
            raise MissingInputError(f"no FITS file {self.path}")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                yield
            except InputError:
                raise
            except Exception as error:
                # astropy raises anything from OSError to zlib.error and struct.error on a damaged file
                raise InputError(f"cannot read FITS file {self.path}: {one_line(error)}") from error
        for text in dict.fromkeys(one_line(warning.message) for warning in caught):
            if "truncated" in text:
                raise InputError(f"FITS file {self.path} is truncated: {text}")
            log.debug("%s: %s", self.path, text)

    def _find(self, hdu: str | int) -> fits.ImageHDU:
        try:
            return self._opened[hdu]
        except (KeyError, IndexError):
            known = ", ".join(f"{number} {entry.name or 'without name'}" for number, entry in enumerate(self._opened))
            cut = "" if self.path.stat().st_size % _BLOCK == 0 else " (its length is odd for FITS: truncated?)"
            raise InputError(f"{self.path} has no HDU {hdu!r}; it has: {known}{cut}") from None


def header_value(header: fits.Header, key: str, kind: Callable[[object], T], *, path: Path, hdu: str | int) -> T:
    """Return the value of a header key, converted.

    Parameters
    ----------
    header : Header
        Header of an image.
    key : str
        The key.
    kind : callable
        Converts the value, such as ``float`` or ``str``; raises TypeError or ValueError for one that is not usable.
    path, hdu : Path, str or int
        File and HDU of the header, for the message.

    Returns
    -------
    object
        What ``kind`` returns.

    Raises
    ------
    InputError
        If the key is absent, empty, or ``kind`` refuses its value; the file, HDU and key are named.
    """
    if key not in header:
        known = ", ".join(dict.fromkeys(name for name in header if name and name not in ("COMMENT", "HISTORY")))
        raise InputError(f"HDU {hdu!r} of {path} has no header key {key!r}; it has: {known}")
    value: object = "no valid card"
    try:
        value = header[key]
        if isinstance(value, fits.card.Undefined):
            raise ValueError
        return kind(value)
    except (TypeError, ValueError, fits.VerifyError):
        raise InputError(f"header key {key!r} in HDU {hdu!r} of {path} is {str(value)!r}, not usable") from None


def one_line(message: object) -> str:
    """Return a message without line breaks."""
    return " ".join(str(message).split())
