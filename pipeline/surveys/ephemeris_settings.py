"""How a survey's settings ask for the ephemeris of a night.

Tested by tests/pipeline/stages/test_fetch_movers.py.
"""

from dataclasses import dataclass, field
from typing import Literal

from pipeline.errors import SettingsError
from pipeline.fingerprint import DECIDES_NOTHING, decides_only


@dataclass(frozen=True, kw_only=True)
class EphemerisSettings:
    """How the task `FetchMovers` predicts the solar-system objects of a night: the table ``ephemeris``.

    Attributes
    ----------
    source : {"skybot", "orbits"}
        ``skybot``, the service of IMCCE, or ``orbits``, a catalogue of orbits that we propagate.
    observatory : str
        Code of the Minor Planet Center, for SkyBoT; 500 is the centre of the Earth.
    latitude_deg : float or None, in degree
        Geodetic latitude of the site, -90 to 90; required for orbits.
    height_m : float, in m
        Height of the site, for orbits.
    search_radius_deg : float, in degree
        How far around the centre of each exposure's candidates to search, 0 to 10.
    max_magnitude : float or None, in mag
        Objects predicted fainter are left out; none: all are kept.
    max_error_arcsec : float, in arcsec
        Objects whose position SkyBoT knows less well than this are left out; above 0, at most 120.
    catalogue : str
        Path or http(s) address of MPCORB (plain or gzipped) or of a table of elements; required for orbits. A user,
        password or token in it is never shown and decides no result.
    catalogue_date : str
        Date under which the catalogue is kept; empty: the first of the night's month.
    server : str
        Address of a cone search other than SkyBoT's own.
    timeout_s : float, in s
        How long one request may take, above 0.
    tries : int
        Requests that are tried before the task fails, 1 to 100.
    """

    source: Literal["skybot", "orbits"]
    observatory: str = field(default="500", metadata=decides_only("ephemeris of skybot"))
    latitude_deg: float | None = field(default=None, metadata=decides_only("ephemeris of orbits"))
    height_m: float = field(default=0.0, metadata=decides_only("ephemeris of orbits"))
    search_radius_deg: float = 1.8
    max_magnitude: float | None = None
    max_error_arcsec: float = field(default=10.0, metadata=decides_only("ephemeris of skybot"))
    catalogue: str = field(default="", metadata=decides_only("catalogue of orbits"))
    catalogue_date: str = field(default="", metadata=decides_only("catalogue of orbits"))
    server: str = field(default="", metadata=decides_only("ephemeris of skybot"))
    timeout_s: float = field(default=60.0, metadata=DECIDES_NOTHING)
    tries: int = field(default=5, metadata=DECIDES_NOTHING)

    def __post_init__(self) -> None:
        if self.source == "orbits" and (not self.catalogue or self.latitude_deg is None):
            raise SettingsError("source is 'orbits'; then catalogue and latitude_deg are needed")
        for name, low, high in (("latitude_deg", -90, 90), ("search_radius_deg", 0, 10), ("tries", 1, 100)):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise SettingsError(f"{name} is {value}; allowed: {low} to {high}")
        if not self.timeout_s > 0:
            raise SettingsError(f"timeout_s is {self.timeout_s}; allowed: above 0")
        if not 0 < self.max_error_arcsec <= 120:
            raise SettingsError(f"max_error_arcsec is {self.max_error_arcsec}; allowed: above 0, at most 120")
