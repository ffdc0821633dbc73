"""Sky positions (ICRS) on the pixels of a projection and back, whatever its frame and the order of its axes.

Everything that converts a position with a WCS does it here; a projection in ICRS is not transformed at all.
"""

import numpy as np
from astropy.coordinates import ICRS, SkyCoord
from astropy.wcs import WCS, NoConvergence
from astropy.wcs.utils import wcs_to_celestial_frame
from numpy.typing import ArrayLike, NDArray

from pipeline.conversions import ARCSEC_PER_DEG
from pipeline.errors import InputError

Positions = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Two coordinates of the same points, each ``(n,)``."""


def celestial_frame(wcs: WCS) -> object:
    """Return the frame of a projection's right ascension and declination: ICRS, or FK5 or FK4 of an equinox.

    Raises
    ------
    InputError
        If it is not a known frame.
    """
    try:
        return wcs_to_celestial_frame(wcs)
    except Exception as error:  # an unknown RADESYS is a ValueError, an equinox or a date may raise any other
        raise InputError(
            f"its frame is not known: RADESYS {wcs.wcs.radesys!r}, EQUINOX {wcs.wcs.equinox:g}; "
            "allowed: ICRS, and FK5, FK4 and FK4-NO-E with an equinox"
        ) from error


def pixel_arcsec(wcs: WCS) -> float:
    """Return the side of a square as large as a pixel in the centre of a projection, in arcsec."""
    return ARCSEC_PER_DEG * float(np.sqrt(np.abs(np.linalg.det(wcs.pixel_scale_matrix))))


def sky_to_pixel(wcs: WCS, ra_deg: ArrayLike, dec_deg: ArrayLike) -> Positions:
    """Return the pixels of sky positions, distortions included.

    Parameters
    ----------
    wcs : WCS
        Celestial, of two axes in either order, in right ascension and declination of any known frame.
    ra_deg, dec_deg : array_like, (n,)
        ICRS, degrees.

    Returns
    -------
    x_pixel, y_pixel : ndarray of float64, (n,)
        0-based; the best approximation where the inverse of the distortion does not converge.

    Raises
    ------
    InputError
        If the projection's frame is not known.
    """
    frame = celestial_frame(wcs)
    ra, dec = np.asarray(ra_deg, dtype=np.float64), np.asarray(dec_deg, dtype=np.float64)
    if not _is_icrs(frame):
        there = SkyCoord(ra, dec, unit="deg", frame="icrs").transform_to(frame).spherical
        ra, dec = there.lon.deg, there.lat.deg
    try:
        x, y = wcs.all_world2pix(ra, dec, 0, ra_dec_order=True)
    except NoConvergence as error:
        x, y = error.best_solution.T
    return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)


def pixel_to_sky(wcs: WCS, x_pixel: ArrayLike, y_pixel: ArrayLike) -> Positions:
    """Return the sky positions of pixels, distortions included.

    Parameters
    ----------
    wcs : WCS
        As in `sky_to_pixel`.
    x_pixel, y_pixel : array_like, (n,)
        0-based.

    Returns
    -------
    ra_deg, dec_deg : ndarray of float64, (n,)
        ICRS, degrees, the right ascension in [0, 360).

    Raises
    ------
    InputError
        If the projection's frame is not known.
    """
    frame = celestial_frame(wcs)
    x, y = np.asarray(x_pixel, dtype=np.float64), np.asarray(y_pixel, dtype=np.float64)
    ra, dec = wcs.all_pix2world(x, y, 0, ra_dec_order=True)
    if not _is_icrs(frame):
        here = SkyCoord(ra, dec, unit="deg", frame=frame).icrs
        ra, dec = here.ra.deg, here.dec.deg
    return np.asarray(ra, dtype=np.float64), np.asarray(dec, dtype=np.float64)


def _is_icrs(frame: object) -> bool:
    return isinstance(frame, ICRS)
