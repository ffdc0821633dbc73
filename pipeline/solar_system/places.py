"""Where a telescope sees solar-system objects with known orbits: light time, parallax, brightness."""

from dataclasses import dataclass
from typing import Final

import erfa
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.conversions import MJD_OF_JD, S_PER_DAY
from pipeline.solar_system.motion import GAUSS_SQUARED, cubed, heliocentric_state, integrated_state

LIGHT_DAYS_AU: Final = 499.004783836 / S_PER_DAY
"""Days that light takes for one au."""
_MARGIN_DEG: Final = 3.0
"""How far motion in a night and the planets may move an object from its two-body position."""
_BLOCK: Final = 2000
"""Objects integrated together; bounds the memory of a night with many exposures."""
_AU_M: Final = 149597870700.0
ORBIT_COLUMNS: Final = ("mover_id", "epoch_mjd", "a_au", "eccentricity", "inclination_deg", "node_deg",
                        "perihelion_deg", "mean_anomaly_deg", "h_magnitude", "slope")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Site:
    """The position of a telescope; without a latitude, the centre of the Earth.

    Attributes
    ----------
    longitude_deg, latitude_deg : float
        Geodetic (WGS84), east positive.
    height_m : float
        Above the ellipsoid.
    """

    longitude_deg: float = 0.0
    latitude_deg: float | None = None
    height_m: float = 0.0


def predict(
    orbits: pd.DataFrame,
    pointings: pd.DataFrame,
    site: Site,
    *,
    search_radius_deg: float,
    max_magnitude: float | None = None,
) -> pd.DataFrame:
    """Return which objects are in the fields of a night's exposures, and where.

    Parameters
    ----------
    orbits : DataFrame
        The columns `ORBIT_COLUMNS`: osculating elements, ecliptic and equinox J2000, ``epoch_mjd`` in TT; elliptic.
    pointings : DataFrame
        ``exposure_id time_mjd ra_deg dec_deg``: UTC of the middle of each exposure, and its centre.
    site : Site
        The telescope.
    search_radius_deg : float
        Objects within this distance of a centre are returned.
    max_magnitude : float, optional
        Objects that are predicted to be fainter are left out; those without a magnitude are kept.

    Returns
    -------
    DataFrame
        ``mover_id exposure_id ra_deg dec_deg magnitude``: astrometric J2000 (light time and parallax, no aberration),
        V magnitude by H and G.
    """
    found = []
    if len(orbits) and len(pointings):
        margin = search_radius_deg + _MARGIN_DEG
        near = orbits[_near_any(orbits, pointings, site, margin)]
        for first in range(0, len(near), _BLOCK):
            found += _in_fields(near[first : first + _BLOCK], pointings, site, search_radius_deg)
    empty = pd.DataFrame({name: pd.Series(dtype="str") for name in ("mover_id", "exposure_id")})
    empty = empty.assign(ra_deg=0.0, dec_deg=0.0, magnitude=0.0)
    table = pd.concat([empty, *(rows for rows in found if len(rows))], ignore_index=True)
    return table if max_magnitude is None else table[~(table["magnitude"] > max_magnitude)].reset_index(drop=True)


def _in_fields(orbits: pd.DataFrame, pointings: pd.DataFrame, site: Site, radius_deg: float) -> list[pd.DataFrame]:
    """Return, for each pointing, the objects within the radius of its centre."""
    places = places_of(orbits, pointings["time_mjd"].to_numpy(float), site)
    found = []
    for number, (_, pointing) in enumerate(pointings.iterrows()):
        away = _separation_deg(places.ra_deg[number], places.dec_deg[number], pointing)
        rows = orbits[["mover_id"]].assign(
            exposure_id=str(pointing["exposure_id"]),
            ra_deg=places.ra_deg[number],
            dec_deg=places.dec_deg[number],
            magnitude=places.magnitude[number],
        )
        found.append(rows[away <= radius_deg])
    return found


@dataclass(frozen=True, kw_only=True)
class Places:
    """Astrometric positions of objects, each ``(time, object)``."""

    ra_deg: NDArray[np.float64]
    dec_deg: NDArray[np.float64]
    magnitude: NDArray[np.float64]


def places_of(orbits: pd.DataFrame, time_mjd: NDArray[np.float64], site: Site, *, perturbed: bool = True) -> Places:
    """Return the positions of objects at times (UTC MJD) as seen from a site, J2000.

    Parameters
    ----------
    orbits : DataFrame
        The columns `ORBIT_COLUMNS`.
    time_mjd : ndarray of float64, (time,)
        UTC.
    site : Site
        The telescope.
    perturbed : bool
        Whether to integrate the pull of the planets; otherwise two-body motion is used.
    """
    tt = _tt(time_mjd)
    shape = (len(tt), len(orbits))
    state = np.empty((*shape, 6))
    epochs = orbits["epoch_mjd"].to_numpy(float)
    start = heliocentric_state(orbits, epochs)
    if perturbed:
        for epoch in np.unique(epochs):
            mine = np.flatnonzero(epochs == epoch)
            state[:, mine] = integrated_state(start[mine], float(epoch), tt)
    else:
        for number, moment in enumerate(tt):
            state[number] = heliocentric_state(orbits, np.full(len(orbits), moment))
    seen = [_seen(state[number], time, moment, site, orbits) for number, (time, moment) in
            enumerate(zip(time_mjd, tt, strict=True))]  # fmt: skip
    columns = [np.array([one[index] for one in seen]).reshape(shape) for index in range(3)]
    return Places(ra_deg=columns[0], dec_deg=columns[1], magnitude=columns[2])


def _tt(time_mjd: NDArray[np.float64]) -> NDArray[np.float64]:
    first, second = erfa.taitt(*erfa.utctai(np.full(len(time_mjd), MJD_OF_JD), time_mjd))
    return np.asarray((first - MJD_OF_JD) + second, dtype=np.float64)


def _seen(
    state: NDArray[np.float64], time_mjd: float, tt: float, site: Site, orbits: pd.DataFrame
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return right ascension, declination and V magnitude, each ``(n,)``, of objects at one moment."""
    earth = np.asarray(erfa.epv00(MJD_OF_JD, tt)[0]["p"], dtype=np.float64) + _from_centre(site, time_mjd, tt)
    position, velocity = state[:, :3], state[:, 3:]
    pull = -GAUSS_SQUARED * position / cubed(position.T)[:, None]
    then = position
    for _ in range(3):
        delay = LIGHT_DAYS_AU * np.linalg.norm(then - earth, axis=1)[:, None]
        then = position - velocity * delay + pull * delay**2 / 2
    sight = then - earth
    ra = np.degrees(np.arctan2(sight[:, 1], sight[:, 0])) % 360.0
    dec = np.degrees(np.arctan2(sight[:, 2], np.hypot(sight[:, 0], sight[:, 1])))
    return ra, dec, _magnitude(then, sight, orbits)


def _from_centre(site: Site, time_mjd: float, tt: float) -> NDArray[np.float64]:
    """Return the site's position from the Earth's centre, equator J2000, in au; UT1 is UTC here (to 0.01 arcsec)."""
    if site.latitude_deg is None:
        return np.zeros(3)
    angle = erfa.era00(MJD_OF_JD, time_mjd)
    fixed = erfa.pvtob(np.radians(site.longitude_deg), np.radians(site.latitude_deg), site.height_m, 0, 0, 0, angle)
    celestial = erfa.c2i06a(MJD_OF_JD, tt)
    return np.asarray(celestial.T @ fixed["p"], dtype=np.float64) / _AU_M


def _magnitude(sun: NDArray[np.float64], sight: NDArray[np.float64], orbits: pd.DataFrame) -> NDArray[np.float64]:
    """Return V in the H, G system; NaN if H is not known."""
    r, delta = np.linalg.norm(sun, axis=1), np.linalg.norm(sight, axis=1)
    half = np.arccos(np.clip((sun * sight).sum(axis=1) / (r * delta), -1, 1)) / 2
    tangent = np.tan(np.minimum(half, np.radians(89.0)))
    slope = orbits["slope"].fillna(0.15).to_numpy(float)
    lit = (1 - slope) * np.exp(-3.33 * tangent**0.63) + slope * np.exp(-1.87 * tangent**1.22)
    bright = orbits["h_magnitude"].to_numpy(float) + 5 * np.log10(r * delta) - 2.5 * np.log10(np.maximum(lit, 1e-9))
    return np.asarray(bright, dtype=np.float64)


def _near_any(orbits: pd.DataFrame, pointings: pd.DataFrame, site: Site, radius_deg: float) -> NDArray[np.bool_]:
    """Return which objects two-body motion brings within a radius of any pointing in the middle of the night."""
    middle = np.array([(pointings["time_mjd"].min() + pointings["time_mjd"].max()) / 2])
    rough = places_of(orbits, middle, site, perturbed=False)
    near = np.zeros(len(orbits), dtype=bool)
    for _, pointing in pointings.iterrows():
        near |= _separation_deg(rough.ra_deg[0], rough.dec_deg[0], pointing) <= radius_deg
    return near


def _separation_deg(
    ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64], pointing: "pd.Series"
) -> NDArray[np.float64]:
    here = [np.radians(pointing[name]) for name in ("ra_deg", "dec_deg")]
    return np.asarray(np.degrees(erfa.seps(np.radians(ra_deg), np.radians(dec_deg), *here)))
