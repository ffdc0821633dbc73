"""Numbers of alerts in the units of candidate rows: times to UTC MJD, fluxes to magnitudes."""

import warnings

import erfa
import numpy as np
from numpy.typing import ArrayLike, NDArray

MJD_OF_JD = 2400000.5


def utc_mjd(times: ArrayLike, time_format: str) -> NDArray[np.float64]:
    """Return times as UTC, modified Julian date.

    Parameters
    ----------
    times : array_like
        As the alerts give them; NaN stays.
    time_format : str
        ``jd`` or ``mjd``, UTC, or ``mjd_tai``, International Atomic Time.

    Examples
    --------
    >>> float(utc_mjd([57454.0 + 36 / 86400], "mjd_tai")[0])
    57454.0
    """
    values = np.asarray(times, dtype=np.float64)
    if time_format == "jd":
        return values - MJD_OF_JD
    if time_format == "mjd" or not len(values):
        return values
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", erfa.ErfaWarning)  # a leap second may come that nobody knows yet
        whole, part = erfa.taiutc(MJD_OF_JD, np.nan_to_num(values, nan=51544.0))
    utc: NDArray[np.float64] = np.round((whole - MJD_OF_JD) + part, 9)
    return np.where(np.isfinite(values), utc, np.nan)


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
    error = 2.5 / np.log(10) * np.asarray(flux_error, dtype=np.float64) / size
    return zeropoint - 2.5 * np.log10(size), error
