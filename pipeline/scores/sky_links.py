"""A sky position for people: in hours and degrees, and as addresses of services that know what is there."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import numpy as np
from numpy.typing import ArrayLike

RADIUS_ARCSEC: Final = 10.0
"""Radius around a candidate in which SIMBAD and TNS search; a nucleus is less than this off the core of its host."""

SERVICES: Final[Mapping[str, str]] = {
    "SIMBAD": "https://simbad.cds.unistra.fr/simbad/sim-coo?Coord={place}&CooFrame=ICRS&CooEpoch=2000"
    "&Radius={radius}&Radius.unit=arcsec",
    "TNS": "https://www.wis-tns.org/search?ra={ra}&decl={dec}&radius={radius}&coords_unit=arcsec",
    "Aladin Lite": "https://aladin.cds.unistra.fr/AladinLite/?target={place}&fov=0.05&survey=CDS%2FP%2FDSS2%2Fcolor",
    "Legacy Surveys": "https://www.legacysurvey.org/viewer?ra={ra}&dec={dec}&layer=ls-dr10&zoom=16&mark={ra},{dec}",
}
"""Addresses by the name of the service; ``place`` is right ascension and signed declination in degrees, ICRS."""


def is_place(ra_deg: float, dec_deg: float) -> bool:
    """Return whether these are coordinates on the sky; NaN and declinations beyond a pole are not."""
    return bool(np.isfinite(ra_deg) and abs(dec_deg) <= 90.0)


def links(ra_deg: float, dec_deg: float) -> dict[str, str]:
    """Return the addresses of a position by service; empty if the position is not known.

    Parameters
    ----------
    ra_deg, dec_deg : float
        Degrees, ICRS; an ``ra_deg`` outside 0 to 360 is wrapped into this range.

    Examples
    --------
    >>> links(202.4696, 47.1952)["TNS"]
    'https://www.wis-tns.org/search?ra=202.469600&decl=47.195200&radius=10&coords_unit=arcsec'
    """
    if not is_place(ra_deg, dec_deg):
        return {}
    ra, declination = f"{_turned(ra_deg, 6):.6f}", round(dec_deg, 6) + 0.0  # of -0.0 too
    place = quote(f"{ra} {declination:+.6f}")
    values = {"ra": ra, "dec": f"{declination:.6f}", "place": place, "radius": f"{RADIUS_ARCSEC:g}"}
    return {name: address.format(**values) for name, address in SERVICES.items()}


def sexagesimal(ra_deg: ArrayLike, dec_deg: ArrayLike) -> tuple[list[str], list[str]]:
    """Return right ascensions in hours, to a millisecond, and declinations in degrees, to 0.01 arcsec.

    Parameters
    ----------
    ra_deg, dec_deg : array_like, (n,)
        Degrees; anything that is not a position gives an empty text.

    Examples
    --------
    >>> sexagesimal([202.4696], [-0.5])
    (['13:29:52.704'], ['-00:30:00.00'])
    """
    from astropy.coordinates import Angle

    ra, dec = np.atleast_1d(ra_deg).astype(np.float64), np.atleast_1d(dec_deg).astype(np.float64)
    known = np.isfinite(ra) & (np.abs(dec) <= 90.0)
    hours, degrees = np.full(len(ra), "", dtype=object), np.full(len(ra), "", dtype=object)
    if known.any():
        turned = np.round(ra[known] % 360.0 * 240_000) % 86_400_000 / 240_000
        rounded = np.round(dec[known] * 360_000) / 360_000 + 0.0  # the sign of what is zero when rounded says nothing
        hours[known] = Angle(turned, "deg").to_string("hourangle", sep=":", precision=3, pad=True)
        degrees[known] = Angle(rounded, "deg").to_string("deg", sep=":", precision=2, pad=True, alwayssign=True)
    return [str(text) for text in hours], [str(text) for text in degrees]


def _turned(ra_deg: float, digits: int) -> float:
    """Return a right ascension from 0 to below 360, also after rounding."""
    return round(ra_deg % 360.0, digits) % 360.0
