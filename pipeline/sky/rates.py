"""Rates of a real sky: how much of each kind lies on a square degree."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.errors import SettingsError
from pipeline.sky.populations import per_deg2_year
from pipeline.sky.transient_kinds import TRANSIENTS


@dataclass(frozen=True, kw_only=True)
class SkyRates:
    """Numbers per square degree far from the galactic plane; docs/synthetic.md says whose counts they are.

    Attributes
    ----------
    stars : float, in 1/deg²
        Stars to ``star_faint_magnitude``, at least 0.
    galaxies : float, in 1/deg²
        Galaxies to ``galaxy_faint_magnitude``, at least 0.
    variables : float, in 1/deg²
        Stars that vary, at least 0.
    agn : float, in 1/deg²
        Nuclei of galaxies that vary, at least 0.
    movers : float, in 1/deg²
        Solar-system objects at one time, near the ecliptic; at least 0.
    transients : mapping of str to float, in 1/deg²/year
        Kind to the number that have their maximum within the sky's limits of magnitude, at least 0; kinds that are not
        named have the rate of their populations, or of their own.
    """

    stars: float = 2580.0
    galaxies: float = 2045.0
    variables: float = 9.4
    agn: float = 34.0
    movers: float = 53.0
    transients: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("stars", "galaxies", "variables", "agn", "movers"):
            if not getattr(self, name) >= 0:
                raise SettingsError(f"rates: {name} is {getattr(self, name)}, must be at least 0")
        for kind, rate in self.transients.items():
            if kind not in TRANSIENTS:
                raise SettingsError(f"rates: transients names {kind!r}; allowed: {', '.join(TRANSIENTS)}")
            if not rate >= 0:
                raise SettingsError(f"rates: transients.{kind} is {rate}, must be at least 0")

    def of_transients(self, bright: float, faint: float) -> dict[str, float]:
        """Return the number of each kind per square degree and year with a maximum between two magnitudes."""
        return {kind: self.transients.get(kind, _rate(kind, bright, faint)) for kind in TRANSIENTS}


def _rate(kind: str, bright: float, faint: float) -> float:
    known = TRANSIENTS.metadata(kind)
    return known["per_deg2_year"] if "per_deg2_year" in known else per_deg2_year(known["populations"], bright, faint)
