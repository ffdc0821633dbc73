"""Numbers of alerts in the units of candidate rows: fluxes to magnitudes."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.conversions import MAGNITUDE_PER_LN


def magnitudes(
    flux: ArrayLike, flux_error: ArrayLike, zeropoint: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return magnitude and error of the absolute value of a flux; NaN where the flux is 0 or not known.

    Parameters
    ----------
    flux, flux_error : array_like
        In the unit to which the zeropoint belongs; for nJy that is 31.4 (AB).
    zeropoint : float
        Magnitude of flux 1.

    Examples
    --------
    >>> magnitude, error = magnitudes([-100.0], [10.0], 31.4)
    >>> round(float(magnitude[0]), 3), round(float(error[0]), 3)
    (26.4, 0.109)
    """
    size = np.abs(np.asarray(flux, dtype=np.float64))
    size = np.where(size > 0, size, np.nan)
    error = MAGNITUDE_PER_LN * np.asarray(flux_error, dtype=np.float64) / size
    return zeropoint - 2.5 * np.log10(size), error
