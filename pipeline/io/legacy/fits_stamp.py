"""Reads and writes a stamp in a FITS file of its own: chooses the HDU, reads its pixels and header keys.

Tested by tests/pipeline/io/fits/test_pixels.py.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from pipeline.cutouts.missing import to_missing
from pipeline.errors import InputError, MissingInputError
from pipeline.io.fits.pixels import image_pixels, open_fits

AUTO = "auto"
"""The HDU named DIFF where there is one, else the first that holds an image."""
LARGEST = 1024
"""Larger images, in pixels a side, are not taken for stamps."""


def read_stamp(path: Path, hdu: str | int = AUTO, magic: tuple[float, ...] = ()) -> NDArray[np.float32]:
    """Return the one image of `read_stamps`, ``(y, x)``."""
    return read_stamps(path, (hdu,), magic)[0]


def read_stamps(path: Path, hdus: Sequence[str | int], magic: tuple[float, ...] = ()) -> list[NDArray[np.float32]]:
    """Read the stamps in some HDUs of a FITS file, plain, gzipped or fpacked.

    Parameters
    ----------
    path : Path
        The file.
    hdus : sequence of str or int
        Name or number of each HDU, or ``auto``.
    magic : tuple of float
        Values that mean "bad pixel".

    Returns
    -------
    list of ndarray of float32, (y, x)
        NaN = missing, ``BLANK`` too.

    Raises
    ------
    MissingInputError, InputError
        If there is no such file or HDU, it is damaged, or holds no image of two axes and at most 1024 pixels
        a side.
    """
    with _open(path) as opened:
        return [_image(_choose(opened, hdu, path), path, magic) for hdu in hdus]


def _image(chosen: fits.ImageHDU, path: Path, magic: tuple[float, ...]) -> NDArray[np.float32]:
    shape = _shape(chosen)
    if len(shape) != 2 or not 1 <= min(shape) <= max(shape) <= LARGEST:
        raise InputError(f"{path}: an image of shape {shape} is not a stamp; allowed: two axes of 1 to {LARGEST}")
    return to_missing(image_pixels(chosen), magic)[0]


def read_keys(path: Path, hdu: str | int = AUTO) -> tuple[tuple[int, int], dict[str, object]]:
    """Return the shape ``(y, x)`` of a stamp and its header keys, without its pixels.

    Keys are in upper case: those of the primary HDU, and over them those of the stamp's.
    """
    with _open(path) as opened:
        chosen = _choose(opened, hdu, path)
        shape = _shape(chosen)
        if len(shape) != 2:
            raise InputError(f"{path}: an image of shape {shape} is not a stamp; allowed: two axes")
        return (shape[0], shape[1]), _keys(opened[0].header) | _keys(chosen.header)


def write_stamp(path: Path, pixels: NDArray[np.float32], keys: Mapping[str, object]) -> None:
    """Write a stamp ``(y, x)`` with header keys into the primary HDU; keys with an unknown value are left out."""
    header = fits.Header()
    for name, value in keys.items():
        if value is not None and value != "" and not (isinstance(value, float) and np.isnan(value)):
            header[name] = value
    fits.PrimaryHDU(np.asarray(pixels, dtype=np.float32), header).writeto(path)


@contextmanager
def _open(path: Path) -> Iterator[fits.HDUList]:
    """Open a FITS file; whatever is wrong with it, on opening or on reading within the block, is an InputError."""
    if not path.is_file():
        raise MissingInputError(f"no FITS file {path}")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with path.open("rb") as stream, open_fits(stream) as opened:
                yield opened
        except InputError:
            raise
        except Exception as error:
            # astropy raises anything from OSError to zlib.error and struct.error on a damaged file
            raise InputError(f"cannot read FITS file {path}: {' '.join(str(error).split())}") from error
    for warning in caught:
        if "truncated" in str(warning.message):
            raise InputError(f"FITS file {path} is truncated")


def _choose(opened: fits.HDUList, hdu: str | int, path: Path) -> fits.ImageHDU:
    if hdu == AUTO:
        named = [entry for entry in opened if entry.name.upper() == "DIFF"]
        images = [entry for entry in opened if len(_shape(entry)) >= 2]
        if named or images:
            return (named or images)[0]
        raise InputError(f"{path} holds no image")
    try:
        return opened[int(hdu) if str(hdu).isdigit() else hdu]
    except (KeyError, IndexError):
        known = ", ".join(f"{number} {entry.name or 'without name'}" for number, entry in enumerate(opened))
        raise InputError(f"{path} has no HDU {hdu!r}; it has: {known}") from None


def _shape(entry: fits.ImageHDU) -> tuple[int, ...]:
    """Return the shape of an HDU's image from its header alone; of a table, nothing."""
    return tuple(entry.shape) if getattr(entry, "is_image", False) else ()


def _keys(header: fits.Header) -> dict[str, object]:
    return {
        name.upper(): None if isinstance(value, fits.card.Undefined) else value
        for name, value in header.items()
        if name and name not in ("COMMENT", "HISTORY")
    }
