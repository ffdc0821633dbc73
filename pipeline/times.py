"""Times as UTC modified Julian dates, read from any format, and the one rule for which times are possible."""

import datetime
import logging
import re
import warnings
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.conversions import MJD_OF_JD, S_PER_DAY
from pipeline.errors import InputError

log = logging.getLogger(__name__)
FIRST_MJD: Final = 15020.0
"""1900-01-01; an earlier time is a placeholder, or in another unit."""
LAST_MJD: Final = 88069.0
"""2100-01-01, the first time that is too late."""
SCALES: Final = ("UTC", "TAI", "TT")
_TT_S = 32.184
"""By how much TT is ahead of TAI."""
_EPOCH = datetime.datetime(1858, 11, 17, tzinfo=datetime.UTC)
_BLANK = ("", "nan", "null", "none", "nat", "<na>")
"""Texts, in upper or lower case, that mean that a time is not known."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{8}", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2}|\d{8})[T ]\d{2}(:?\d{2}(:?\d{2}([.,]\d+)?)?)?(Z|[+-]\d.*)?", re.ASCII | re.IGNORECASE
)
"""A date and time, with a fraction of seconds only: Python would read 12.5 hours as 12:00:00.5."""
_CLOCK = re.compile(r"\d{2}:.*|\d{6}([.,]\d*)?", re.ASCII)
"""Times of day that are not mistaken for hours or seconds: ``12:30``, ``123000.5``."""
_COARSE_DAY = 0.01
"""Floats of 4 bytes resolve 0.004 days of an MJD, but only 0.25 days of a JD, which may put it into another night."""
_COARSE_MJD_DAY = 1.0 / 1440.0
"""A minute, in which a mover moves half an arcsecond; MJDs of 4-byte floats are coarser."""
_ALLOWED = "an ISO date and time, an MJD or a JD"
_OTHER = {"jd": "mjd", "mjd": "jd", "mjd_tai": "jd"}
"""By format, the other format that a number may be in if it is out of bounds."""


def is_possible(time_mjd: ArrayLike) -> NDArray[np.bool_]:
    """Tell which times are in 1900 to 2100; NaN is not."""
    times = np.asarray(time_mjd, dtype=np.float64)
    return np.asarray((times >= FIRST_MJD) & (times < LAST_MJD))


def is_julian(times: ArrayLike) -> NDArray[np.bool_]:
    """Tell which numbers are Julian dates in 1900 to 2100; a modified Julian date cannot be as large."""
    return is_possible(np.asarray(times, dtype=np.float64) - MJD_OF_JD)


def mjd_of_number(times: ArrayLike) -> NDArray[np.float64]:
    """Return MJDs from numbers that are MJDs or JDs, whose ranges for 1900 to 2100 do not overlap.

    Examples
    --------
    >>> mjd_of_number([61045.5, 2461046.0, 0.0]).tolist()
    [61045.5, 61045.5, 0.0]
    """
    values = np.asarray(times, dtype=np.float64)
    return np.where(is_julian(values), values - MJD_OF_JD, values)


def allowed_times(time_format: str = "mjd") -> str:
    """Return the bounds of a time format, for messages.

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
        Times in this format; NaN stays NaN.
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
    """Return MJDs of a time scale as UTC; NaN and times outside 1900 to 2100 are left as they are.

    Parameters
    ----------
    mjd : array_like
        Modified Julian dates.
    scale : str
        One of `SCALES`.

    Raises
    ------
    InputError
        If the scale is not one of these.
    """
    if scale not in SCALES:
        raise InputError(f"time scale is {scale!r}; allowed: {', '.join(SCALES)}")
    values = np.asarray(mjd, dtype=np.float64)
    known = is_possible(values)
    if scale == "UTC" or not known.any():
        return values
    import erfa  # here, because a command that reads no times should not wait for it

    tai = np.where(known, values, FIRST_MJD) - (_TT_S / S_PER_DAY if scale == "TT" else 0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", erfa.ErfaWarning)  # a leap second may come that nobody knows yet
        whole, part = erfa.taiutc(MJD_OF_JD, tai)
    return np.where(known, np.round((whole - MJD_OF_JD) + part, 9), values)


def mjd_of(moment: datetime.datetime) -> float:
    """Return the MJD of a date and time; UTC where it states no zone."""
    moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    return (moment - _EPOCH) / datetime.timedelta(days=1)


def is_date_alone(text: str) -> bool:
    """Tell whether a text is a date, ``2026-01-05`` or ``20260105``, without a time of day."""
    return bool(_DATE.fullmatch(text.strip()))


def stated_mjd(value: object, what: str, clock: str = "") -> tuple[float, bool]:
    """Return one value as MJD, and whether it states its time zone, so that it is UTC whatever the scale.

    Parameters
    ----------
    value : object
        An MJD or a JD, as a number or as text; or a date and time, also as ISO text.
    what : str
        Where the value is from, for messages.
    clock : str, optional
        The time of day, if the value is only a date.

    Returns
    -------
    mjd : float
        NaN for a blank. It may be outside 1900 to 2100.
    is_utc : bool
        Whether the value states its time zone.

    Raises
    ------
    InputError
        If the value is not a time.

    Examples
    --------
    >>> stated_mjd("2026-01-05T12:00:00", "row 1"), stated_mjd("2461046.0", "row 1")
    ((61045.5, False), (61045.5, False))
    """
    text = str(value).strip()
    if text.lower() in _BLANK:
        return np.nan, False
    if isinstance(value, datetime.datetime):
        return mjd_of(value), value.tzinfo is not None
    if not is_date_alone(text):
        try:
            return float(mjd_of_number(float(text))), False
        except ValueError:
            pass
    if clock and is_date_alone(text) and not _CLOCK.fullmatch(clock):
        raise InputError(f"{what} is {text!r} with the time of day {clock[:60]!r}; allowed: 12:30:00 or 123000")
    return _mjd_of_text(f"{text}T{clock}" if clock and is_date_alone(text) else text, what)


def _mjd_of_text(text: str, what: str) -> tuple[float, bool]:
    if is_date_alone(text):
        raise InputError(f"{what} is {text!r} without a time of day; allowed: {_ALLOWED}")
    try:
        if not _MOMENT.fullmatch(text):
            raise ValueError
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{what} is {text[:60]!r}; allowed: {_ALLOWED}") from None
    return mjd_of(moment), moment.tzinfo is not None


def column_mjd(
    values: ArrayLike, what: str, *, time_format: str = "mjd", remedy: str = "", first_row: int = 1
) -> NDArray[np.float64]:
    """Return a column of times of a table or a database, of any type, as UTC MJDs.

    Parameters
    ----------
    values : array_like, (n,)
        Numbers in ``time_format``, also as text; or dates and times, also as ISO text, which are UTC if they state no
        time zone.
    what : str
        File and column, for messages.
    time_format : str
        As in `utc_mjd`, or ``mjd_or_jd`` for numbers of both kinds. With ``mjd_tai``, dates and times without a time
        zone are TAI.
    remedy : str, optional
        The advice if numbers are in the other format; by default to change the setting ``time_format``.
    first_row : int
        The number of the first row, for messages.

    Returns
    -------
    ndarray of float64, (n,)
        NaN for blanks and 0. Other times outside 1900 to 2100 are returned as they are.

    Raises
    ------
    InputError
        If a value is not a time, or is possible only in the other format, with its row; or if the column's type
        resolves JDs only to a quarter of a day.
    """
    column = np.asarray(values)
    if column.dtype.kind in "biuf":
        _require_fine(column, what)
        numbers = column.astype(np.float64)
        moments, zoned = np.full(len(numbers), np.nan), np.zeros(len(numbers), dtype=bool)
    elif column.dtype.kind == "M" and np.datetime_data(column.dtype)[0] not in ("D", "W", "M", "Y"):
        first = np.datetime64(_EPOCH.replace(tzinfo=None), "us")
        moments = (column.astype("datetime64[us]") - first) / np.timedelta64(1, "D")
        numbers, zoned = np.full(len(moments), np.nan), np.zeros(len(moments), dtype=bool)
    else:
        numbers, moments, zoned = _read_each(column, what, first_row)
    other = _OTHER.get(time_format)
    if other is None:
        times = mjd_of_number(numbers)
    else:
        times = utc_mjd(numbers, time_format)
        wrong = ~is_possible(times) & is_possible(utc_mjd(numbers, other))
        if wrong.any():
            row = int(wrong.argmax())
            outside = f"{what}: row {row + first_row}: {float(numbers[row])} is outside {allowed_times(time_format)}"
            raise InputError(f"{outside}, and looks like {_NAMES[other]}; {remedy or f'state `time_format: {other}`'}")
    atomic = from_scale(moments, "TAI") if time_format == "mjd_tai" else moments
    times = np.where(np.isnan(moments), times, np.where(zoned, moments, atomic))
    return np.where(numbers == 0.0, np.nan, times)


def _require_fine(column: NDArray[np.generic], what: str) -> None:
    """Refuse JDs of a type that resolves them to a quarter of a day, and warn of MJDs resolved to minutes."""
    if column.dtype.kind != "f":
        return
    if not is_julian(column).any():
        known = column[is_possible(column)]
        step = float(np.spacing(known.max())) if len(known) else 0.0
        if step > _COARSE_MJD_DAY:
            log.warning("%s is of %s, which resolves MJDs only to %.2g days; better: float64", what, column.dtype, step)
        return
    step = float(np.spacing(column[is_julian(column)].max()))
    if step > _COARSE_DAY:
        raise InputError(
            f"{what} is of {column.dtype}, which resolves JDs only to {step:g} days; allowed: float64 or text"
        )


_NAMES = {"jd": "a JD", "mjd": "an MJD"}


def _read_each(
    column: NDArray[np.generic], what: str, first_row: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return a column of objects as numbers and as MJDs, NaN in the rows of the other, and which have a zone."""
    numbers, moments = np.full(len(column), np.nan), np.full(len(column), np.nan)
    zoned = np.zeros(len(column), dtype=bool)
    for row, value in enumerate(column.tolist() if column.dtype.kind != "M" else column.astype(str).tolist()):
        if isinstance(value, int | float):
            numbers[row] = value
            continue
        text = str(value).strip()
        try:
            if is_date_alone(text):
                raise ValueError
            numbers[row] = float(text)
        except ValueError:
            moments[row], zoned[row] = stated_mjd(value, f"{what}: row {row + first_row}")
    return numbers, moments, zoned
