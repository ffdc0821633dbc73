"""Pixels of a FITS image as physical values: the only place that applies ``BSCALE``, ``BZERO`` and ``BLANK``.

astropy leaves ``BLANK`` unapplied where ``BZERO`` makes an unsigned image of a signed one, and where ``BLANK`` is 0:
files are opened here so that it scales nothing, and are scaled here.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Final, cast

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError
from pipeline.io.files.inflating import opener_of
from pipeline.io.fits.size_limits import WatchedStream, require_sound_archive, require_sound_headers

if TYPE_CHECKING:  # plain stamps are scaled without
    from astropy.io import fits

_SCALE_KEYS: Final = ("BSCALE", "BZERO", "BLANK")
_ZIP: Final = b"PK\x03\x04"
_ROWS: Final = 256
"""Rows that are scaled at a time, so that double precision needs no second image in memory."""
_FLOAT32_BYTES: Final = {"i": 2, "u": 2, "f": 4}
"""Stored types of at most this many bytes are scaled to float32, others to float64."""


def open_fits(stream: BinaryIO, *, mapped: bool = False) -> "fits.HDUList":
    """Open a FITS file for :func:`image_pixels`: the images in it are left as they are stored.

    It may be compressed by gzip, bzip2, xz or zip. Every FITS file is opened here, and its headers are found to claim
    no more than it may hold before memory is taken.

    Parameters
    ----------
    stream : file
        Opened to read.
    mapped : bool
        Whether what is not compressed stays on the disk until it is asked for, as for large tables.
    """
    from astropy.io import fits

    opener = opener_of(stream)
    if opener is not None:
        stream = cast("BinaryIO", WatchedStream(opener(stream), stream))
    elif stream.read(len(_ZIP)) == _ZIP:
        require_sound_archive(stream)
    else:
        stream.seek(0)
        require_sound_headers(stream)
    return fits.open(stream, memmap=mapped and opener is None, do_not_scale_image_data=True)


def image_pixels(hdu: "fits.ImageHDU", rows: Sequence[tuple[int, int]] | None = None) -> NDArray[np.number]:
    """Return the physical values of an image, plain or compressed.

    Parameters
    ----------
    hdu : ImageHDU, PrimaryHDU or CompImageHDU
        Of a file that :func:`open_fits` opened.
    rows : sequence of (first, stop), optional
        The only rows of an image of two axes that are read; the others hold zeros, and their memory is never touched.

    Returns
    -------
    ndarray
        As :func:`physical_values` gives them.
    """
    header = hdu.header
    scale, zero, blank = header.get("BSCALE", 1), header.get("BZERO", 0), blank_value(header.get("BLANK"))
    if rows is None:
        return physical_values(hdu.data, scale, zero, blank)
    parts = [physical_values(hdu.section[first:stop, :], scale, zero, blank) for first, stop in rows]
    pixels = np.zeros(hdu.shape, dtype=parts[0].dtype if parts else np.float32)
    for (first, stop), part in zip(rows, parts, strict=True):
        pixels[first:stop] = part
    return pixels


def blank_value(stated: object) -> int | None:
    """Return the stored value that marks missing pixels; None if a header's ``BLANK`` is not a whole number.

    The standard and astropy ask for an integer; some programs write -32768.0 or '-32768'.

    Examples
    --------
    >>> blank_value(-32768), blank_value(-32768.0), blank_value("-32768 "), blank_value("none"), blank_value(None)
    (-32768, -32768, -32768, None, None)
    """
    if isinstance(stated, bool) or not isinstance(stated, int | float | str):
        return None
    with suppress(ValueError, OverflowError):
        number = stated if isinstance(stated, int) else float(stated)
        return int(number) if number == int(number) else None
    return None


def physical_header(header: "fits.Header") -> "fits.Header":
    """Return a copy of an image's header without the keys that say how its pixels are stored."""
    copied = header.copy()
    for key in _SCALE_KEYS:
        copied.remove(key, ignore_missing=True, remove_all=True)
    return copied


def physical_values(
    stored: NDArray[np.number], scale: float = 1, zero: float = 0, blank: int | None = None
) -> NDArray[np.number]:
    """Return ``zero + scale * stored``, NaN where an integer image holds ``blank``.

    Parameters
    ----------
    stored : ndarray, (y, x) or any other shape
        As the file has it.
    scale, zero : float
        ``BSCALE`` and ``BZERO``.
    blank : int, optional
        ``BLANK``, a stored value; without meaning for stored floats.

    Returns
    -------
    ndarray, same shape
        Without ``blank``: integers where ``zero`` only turns signed into unsigned or the other way round, and what
        is stored where there is nothing to scale. Else float32 for at most 16 bits and for stored float32, float64
        for more; computed in double precision.

    Raises
    ------
    InputError
        If ``scale`` is 0.

    Examples
    --------
    >>> physical_values(np.array([[-32768, -32767]], dtype=np.int16), zero=32768, blank=-32768).tolist()
    [[nan, 1.0]]
    """
    if scale == 0:
        raise InputError("BSCALE is 0, with which all pixels are equal; allowed: any other number")
    kind, size = stored.dtype.kind, stored.dtype.itemsize
    blank = blank if kind in "iu" else None
    plain = scale == 1 and zero == 0
    if blank is None and plain:
        return stored
    if blank is None and scale == 1 and kind in "iu" and zero == _sign_zero(stored.dtype):
        other = np.dtype(f"{'u' if kind == 'i' else 'i'}{size}")
        return stored.astype(other) ^ np.array(1 << (8 * size - 1), dtype=f"u{size}").view(other)
    pixels = np.empty(stored.shape, dtype=np.float32 if size <= _FLOAT32_BYTES[kind] else np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        for first in range(0, len(stored), _ROWS):
            some = stored[first : first + _ROWS]
            values = some if plain else some.astype(np.float64) * float(scale) + float(zero)
            pixels[first : first + _ROWS] = values
            if blank is not None:
                pixels[first : first + _ROWS][some == blank] = np.nan
    return pixels


def _sign_zero(dtype: np.dtype[np.number]) -> int:
    """Return the BZERO that only changes whether the integers of a type have a sign."""
    half = 1 << (8 * dtype.itemsize - 1)
    return half if dtype.kind == "i" else -half
