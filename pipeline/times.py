"""Times as the code has them, UTC as modified Julian date, and those that cannot be: one rule for all that is read."""

import datetime
import warnings
from typing import Final

import erfa
import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError

MJD_OF_JD: Final = 2400000.5
"""The Julian date at which modified Julian dates begin."""
FIRST_MJD: Final = 15020.0
"""1900-01-01: an earlier time is a placeholder, or in another unit."""
LAST_MJD: Final = 88069.0
"""2100-01-01, the first time that is too late."""
SCALES: Final = ("UTC", "TAI", "TT")
_TT_S = 32.184
"""By how much TT is ahead of TAI."""
_EPOCH = datetime.datetime(1858, 11, 17, tzinfo=datetime.UTC)


def is_possible(time_mjd: ArrayLike) -> NDArray[np.bool_]:
    """Tell which times lie in 1900 to 2100; NaN does not."""
    times = np.asarray(time_mjd, dtype=np.float64)
    return np.asarray((times >= FIRST_MJD) & (times < LAST_MJD))


def is_julian(times: ArrayLike) -> NDArray[np.bool_]:
    """Tell which numbers are Julian dates of 1900 to 2100, which no modified Julian date can be."""
    return is_possible(np.asarray(times, dtype=np.float64) - MJD_OF_JD)


def mjd_of_number(times: ArrayLike) -> NDArray[np.float64]:
    """Return MJDs from numbers that are MJDs or JDs, which cannot be mistaken for each other in 1900 to 2100.

    Examples
    --------
    >>> mjd_of_number([61045.5, 2461046.0, 0.0]).tolist()
    [61045.5, 61045.5, 0.0]
    """
    values = np.asarray(times, dtype=np.float64)
    return np.where(is_julian(values), values - MJD_OF_JD, values)


def allowed_times(time_format: str = "mjd") -> str:
    """Return the bounds of a format for messages.

    Examples
    --------
    >>> allowed_times(), allowed_times("jd")
    ('15020.0 to 88069.0, which is 1900 to 2100', '2415020.5 to 2488069.5, which is 1900 to 2100')
    """
    offset = MJD_OF_JD if time_format == "jd" else 0.0
    return f"{FIRST_MJD + offset} to {LAST_MJD + offset}, which is 1900 to 2100"


def utc_mjd(times: ArrayLike, time_format: str) -> NDArray[np.float64]:
    """Return times as UTC, modified Julian date.

    Parameters
    ----------
    times : array_like
        As they are given; NaN stays.
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
    return from_scale(values, "TAI") if time_format == "mjd_tai" else values


def from_scale(mjd: ArrayLike, scale: str) -> NDArray[np.float64]:
    """Return MJDs of a time scale as UTC; what is outside 1900 to 2100, NaN too, stays as it is.

    Parameters
    ----------
    mjd : array_like
        Modified Julian dates.
    scale : str
        One of `SCALES`.

    Raises
    ------
    InputError
        If the scale is another.
    """
    if scale not in SCALES:
        raise InputError(f"time scale is {scale!r}; allowed: {', '.join(SCALES)}")
    values = np.asarray(mjd, dtype=np.float64)
    known = is_possible(values)
    if scale == "UTC" or not known.any():
        return values
    tai = np.where(known, values, FIRST_MJD) - (_TT_S / 86400.0 if scale == "TT" else 0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", erfa.ErfaWarning)  # a leap second may come that nobody knows yet
        whole, part = erfa.taiutc(MJD_OF_JD, tai)
    return np.where(known, np.round((whole - MJD_OF_JD) + part, 9), values)


def mjd_of(moment: datetime.datetime) -> float:
    """Return the MJD of a date and time; UTC where it states no zone."""
    moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    return (moment - _EPOCH) / datetime.timedelta(days=1)
