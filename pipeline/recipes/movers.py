"""Recipe of simulation from real pixels: known movers on catalogued galaxies, and galaxies alone.

Tested by tests/pipeline/stages/test_simulate_movers.py.
"""

from dataclasses import dataclass

from pipeline.errors import SettingsError
from pipeline.recipes.injection import HostCatalogue


@dataclass(frozen=True, kw_only=True)
class MoverSimulation:
    """Transients made of the pixels of known movers and of galaxies, and bogus made of galaxies alone.

    Attributes
    ----------
    hosts : HostCatalogue
        The galaxies, with magnitudes.
    max_host_magnitude : float, in mag
        Fainter galaxies are left out.
    search_arcsec : float, in arcsec
        The brightest galaxy within this distance of a mover becomes its host, once per exposure; at least 0.
    jitter_arcsec : float, in arcsec
        Half the side of the square around the galaxy in which the mover is put, on the sky; at least 0.
    magnitude_min : float, in mag
        Brighter movers are not used; below ``magnitude_max``.
    magnitude_max : float, in mag
        Fainter movers are not used; above ``magnitude_min``.
    residuals_per_mover : float
        Galaxies alone, as bogus of the kind ``galaxy residual``, for each transient, at least 0; within half the
        jitter.
    """

    hosts: HostCatalogue
    max_host_magnitude: float = 18.0
    search_arcsec: float = 600.0
    jitter_arcsec: float = 7.0
    magnitude_min: float = 16.0
    magnitude_max: float = 19.5
    residuals_per_mover: float = 1.0

    def __post_init__(self) -> None:
        if not self.hosts.magnitude:
            raise SettingsError("hosts.magnitude is empty; name the catalogue's column of magnitudes")
        if self.magnitude_min >= self.magnitude_max:
            raise SettingsError(f"magnitude_min {self.magnitude_min} is not below magnitude_max {self.magnitude_max}")
        for name in ("search_arcsec", "jitter_arcsec", "residuals_per_mover"):
            if getattr(self, name) < 0:
                raise SettingsError(f"{name} is {getattr(self, name)}; allowed: at least 0")
