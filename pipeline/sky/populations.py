"""How many transients of a population the sky shows: from their number in a volume to that on a square degree."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from astropy import units
from astropy.cosmology import FlatLambdaCDM
from scipy.special import ndtr

_COSMOLOGY = FlatLambdaCDM(H0=70.0, Om0=0.3)
_REDSHIFTS = np.geomspace(1e-4, 2.0, 600)


@dataclass(frozen=True, kw_only=True)
class Population:
    """Sources that flare up once, spread evenly in comoving volume.

    Attributes
    ----------
    per_mpc3_year : float
        Number in a comoving cubic megaparsec and a year of their own time, for H0 = 70 km/s/Mpc.
    absolute_magnitude, scatter : float
        Mean and standard deviation of their magnitudes at maximum.
    """

    per_mpc3_year: float
    absolute_magnitude: float
    scatter: float


def per_deg2_year(populations: Iterable[Population], bright: float, faint: float) -> float:
    """Return how many per square degree and year have their maximum between two magnitudes.

    Hosts take no light, spectra stay as they are (no K-correction), and the number in a volume does not change with
    redshift, which for these magnitudes is mostly below 0.3.

    Examples
    --------
    Nearby, eight times as many are seen 1.5 magnitudes deeper, for the volume is eight times as large:

    >>> one = [Population(per_mpc3_year=1e-4, absolute_magnitude=-17.0, scatter=0.0)]
    >>> round(per_deg2_year(one, 0.0, 14.5) / per_deg2_year(one, 0.0, 13.0), 1)
    8.0
    """
    volume = _COSMOLOGY.differential_comoving_volume(_REDSHIFTS).to_value(units.Mpc**3 / units.deg**2)
    modulus = _COSMOLOGY.distmod(_REDSHIFTS).value
    total = 0.0
    for one in populations:
        width = max(one.scatter, 1e-6)
        upper, lower = (ndtr((limit - modulus - one.absolute_magnitude) / width) for limit in (faint, bright))
        seen = one.per_mpc3_year * volume / (1.0 + _REDSHIFTS) * (upper - lower)
        total += float(np.trapezoid(seen, _REDSHIFTS))
    return total
