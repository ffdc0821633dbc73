"""WCS of a FITS header: pixel positions of sky positions, and whether the projection can be used."""

import re
import warnings
from pathlib import Path

import numpy as np
from astropy.io.fits import Header
from astropy.io.fits.card import Undefined
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from numpy.typing import NDArray

from pipeline.astrometry.projection import celestial_frame, pixel_to_sky, sky_to_pixel
from pipeline.errors import InputError
from pipeline.io.fits.image import header_value, one_line

_CLOSE_PIXEL = 0.5
"""A position that does not return to within this many pixels lies where the distortion has no inverse."""
_NUMBERS = re.compile(r"(CRPIX|CRVAL|CDELT|CROTA)[12]|(CD|PC)[12]_[12]|PV[12]_\d+|LONPOLE|LATPOLE")
"""Keys of numbers; wcslib passes over a text among them, as if the key were not there."""
_SCALES = re.compile(r"CDELT[12]|(CD|PC)[12]_[12]|(CD|PC)00[12]00[12]")
_EQUINOX = re.compile(r"\s*[BJ]?\s*(\d{4}(\.\d*)?)\s*", re.IGNORECASE)


def pixel_positions(
    header: Header, ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64], *, path: Path, hdu: str | int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the pixels in which sky positions lie, distortions (SIP, TPV) included.

    Parameters
    ----------
    header : Header
        Header of the image.
    ra_deg, dec_deg : ndarray, (n,)
        Degrees, ICRS, whatever the frame of the header; NaN where not known.
    path, hdu : Path, str or int
        File and HDU of the header, for messages.

    Returns
    -------
    x_pixel, y_pixel : ndarray of float64, (n,)
        0-based, the centre of the first pixel at 0, on the image or off it; NaN where the position is not known or
        the projection does not reach it.

    Raises
    ------
    InputError
        If the header holds no celestial WCS, or one that cannot be used or whose frame is not known.
    """
    where = f"HDU {hdu!r} of {path}"
    known = np.isfinite(ra_deg) & np.isfinite(dec_deg) & (np.abs(dec_deg) <= 90)
    x, y = np.full(len(known), np.nan), np.full(len(known), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # astropy warns of what it mends in a header
        try:
            wcs = WCS(_understood(header)).celestial
            if not wcs.has_celestial:
                raise InputError(f"{where} holds no WCS to find sky positions with")
            if wcs.wcs.lngtyp != "RA":
                raise InputError(f"the WCS of {where} is in {wcs.wcs.lngtyp} and {wcs.wcs.lattyp}; allowed: RA and DEC")
            for axis in sorted((wcs.wcs.lng + 1, wcs.wcs.lat + 1)):
                for key in ("CRVAL", "CRPIX"):
                    header_value(header, f"{key}{axis}", _number, path=path, hdu=hdu)
            _require_numbers(header)
            if not abs(np.linalg.det(wcs.pixel_scale_matrix)) > 0:
                raise InputError(f"the WCS of {where} cannot be used: its matrix is singular")
            _require_frame(wcs, where)
            if known.any():
                x[known], y[known] = _project(wcs, ra_deg[known], dec_deg[known])
        except InputError:
            raise
        except Exception as error:  # wcslib has a class for each fault, and a broken key may raise any other
            raise InputError(f"the WCS of {where} cannot be used: {one_line(error)[:200]}") from error
    return x, y


def celestial_wcs(header: Header, what: str) -> WCS | None:
    """Return the projection in a header onto right ascension and declination; None if the header has no projection.

    Parameters
    ----------
    header : Header
        Header of an image.
    what : str
        Which image it is, for messages.

    Raises
    ------
    InputError
        If the header has a projection that cannot be used.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # astropy warns of what it mends in a header
        try:
            wcs = WCS(_understood(header)).celestial
            if not wcs.has_celestial:
                return None
            _require_numbers(header)
            usable = wcs.wcs.lngtyp == "RA" and abs(np.linalg.det(wcs.pixel_scale_matrix)) > 0
        except Exception as error:  # wcslib has a class for each fault, and a broken key may raise any other
            raise InputError(f"the WCS of the {what} cannot be used: {one_line(error)[:200]}") from error
    if not usable:
        raise InputError(f"the WCS of the {what} cannot be used: it is not in RA and DEC, or its matrix is singular")
    _require_frame(wcs, f"the {what}")
    return wcs


def _require_frame(wcs: WCS, where: str) -> None:
    """Refuse a projection whose frame nobody knows."""
    try:
        celestial_frame(wcs)
    except InputError as error:
        raise InputError(f"the WCS of {where} cannot be used: {error}") from error


def _understood(header: Header) -> Header:
    """Return a header whose equinox is a number, or the header itself: wcslib passes over a text, and takes 0."""
    stated = {key: header[key] for key in ("EQUINOX", "EPOCH") if key in header}
    if all(isinstance(value, int | float) and value for value in stated.values()):
        return header
    copied = header.copy()
    for key, value in stated.items():
        found = _EQUINOX.fullmatch(value) if isinstance(value, str) else None
        if found:
            copied[key] = float(found[1])
        elif isinstance(value, str) and value.strip():
            raise ValueError(f"{key} is {value!r}; allowed: a year, such as 2000.0, J2000.0 or B1950.0")
        elif not value or not isinstance(value, int | float):
            del copied[key]
    return copied


def _require_numbers(header: Header) -> None:
    """Raise ValueError where a key is a text that wcslib would pass over, or nothing says how large a pixel is."""
    stated = {key: header[key] for key in header if _NUMBERS.fullmatch(key) or _SCALES.fullmatch(key)}
    stated = {key: value for key, value in stated.items() if not isinstance(value, Undefined | None)}
    for key, value in stated.items():
        try:
            _number(value)
        except TypeError:
            raise ValueError(f"{key} is {str(value)!r}; allowed: a number") from None
    if not any(map(_SCALES.fullmatch, stated)):
        raise ValueError("none of the keys CDELT, CD and PC says how large a pixel is")


def _number(value: object) -> float:
    """Return a number, or raise TypeError: of a text wcslib would make 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _project(
    wcs: WCS, ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return pixels that lead back to their sky positions; NaN for the others."""
    x, y = sky_to_pixel(wcs, ra_deg, dec_deg)
    back_ra, back_dec = pixel_to_sky(wcs, x, y)
    turn = (back_ra - ra_deg + 180.0) % 360.0 - 180.0
    off = np.hypot(turn * np.cos(np.deg2rad(dec_deg)), back_dec - dec_deg)
    strays = ~(off <= _CLOSE_PIXEL * proj_plane_pixel_scales(wcs).max())
    x, y = x.copy(), y.copy()
    x[strays], y[strays] = np.nan, np.nan
    return x, y
