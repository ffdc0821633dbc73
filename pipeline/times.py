"""Times as the code has them, UTC as modified Julian date, and those that cannot be: one rule for all that is read."""

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
"""1900-01-01: an earlier time is a placeholder, or in another unit."""
LAST_MJD: Final = 88069.0
"""2100-01-01, the first time that is too late."""
SCALES: Final = ("UTC", "TAI", "TT")
_TT_S = 32.184
"""By how much TT is ahead of TAI."""
_EPOCH = datetime.datetime(1858, 11, 17, tzinfo=datetime.UTC)
_BLANK = ("", "nan", "null", "none", "nat", "<na>")
"""Texts, in any case, that say that a time is not known."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{8}", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2}|\d{8})[T ]\d{2}(:?\d{2}(:?\d{2}([.,]\d+)?)?)?(Z|[+-]\d.*)?", re.ASCII | re.IGNORECASE
)
"""A date and time of which seconds alone have a fraction: Python reads 12.5 hours as 12:00:00.5."""
_CLOCK = re.compile(r"\d{2}:.*|\d{6}([.,]\d*)?", re.ASCII)
"""Times of day that are not mistaken for hours or seconds: ``12:30``, ``123000.5``."""
_COARSE_DAY = 0.01
"""Floats of 4 bytes have an MJD to 0.004 days; a JD they have to 0.25 days, and its night may be another."""
_COARSE_MJD_DAY = 1.0 / 1440.0
"""A minute, in which a mover goes half an arcsecond; MJDs of 4-byte floats are coarser."""
_ALLOWED = "an ISO date and time, an MJD or a JD"
_OTHER = {"jd": "mjd", "mjd": "jd", "mjd_tai": "jd"}
"""The format that a number outside the bounds of one may be in."""


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
    import erfa  # a command that reads no time should not wait for it

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
    """Return one value as MJD, and whether it states its zone and so is UTC in whatever scale.

    Parameters
    ----------
    value : object
        A number or its text, which are an MJD or a JD; a date with its time of day, or the ISO text of one.
    what : str
        Where it stands, for messages.
    clock : str, optional
        The time of day of a text that is a date alone.

    Returns
    -------
    mjd : float
        NaN for a blank; outside 1900 to 2100 whatever it is.
    is_utc : bool

    Raises
    ------
    InputError
        If it is none of these.

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
    """Return a column of times, of any kind that a table or a database has, as UTC MJDs.

    Parameters
    ----------
    values : array_like, (n,)
        Numbers or their texts in ``time_format``; moments, or their ISO texts, UTC where they state no zone.
    what : str
        File and column, for messages.
    time_format : str
        As in `utc_mjd`; moments without a zone are TAI under ``mjd_tai``. ``mjd_or_jd``: whichever a number is.
    remedy : str, optional
        What helps where numbers are in the other format; by default the setting ``time_format``.
    first_row : int
        The number of the first row, for messages.

    Returns
    -------
    ndarray of float64, (n,)
        NaN for blanks and 0. What else is outside 1900 to 2100 keeps its place outside.

    Raises
    ------
    InputError
        If a value is no time, or a number is a time in the other format alone, its row being named; or if the
        column's type has JDs to a quarter of a day.
    """
    given = np.asarray(values)
    if given.dtype.kind in "biuf":
        _require_fine(given, what)
        numbers = given.astype(np.float64)
        moments, zoned = np.full(len(numbers), np.nan), np.zeros(len(numbers), dtype=bool)
    elif given.dtype.kind == "M" and np.datetime_data(given.dtype)[0] not in ("D", "W", "M", "Y"):
        first = np.datetime64(_EPOCH.replace(tzinfo=None), "us")
        moments = (given.astype("datetime64[us]") - first) / np.timedelta64(1, "D")
        numbers, zoned = np.full(len(moments), np.nan), np.zeros(len(moments), dtype=bool)
    else:
        numbers, moments, zoned = _read_each(given, what, first_row)
    other = _OTHER.get(time_format)
    if other is None:
        times = mjd_of_number(numbers)
    else:
        times = utc_mjd(numbers, time_format)
        wrong = ~is_possible(times) & is_possible(utc_mjd(numbers, other))
        if wrong.any():
            row = int(wrong.argmax())
            said = f"{what}: row {row + first_row}: {float(numbers[row])} is outside {allowed_times(time_format)}"
            raise InputError(f"{said}, and looks like {_NAMES[other]}; {remedy or f'state `time_format: {other}`'}")
    atomic = from_scale(moments, "TAI") if time_format == "mjd_tai" else moments
    times = np.where(np.isnan(moments), times, np.where(zoned, moments, atomic))
    return np.where(numbers == 0.0, np.nan, times)


def _require_fine(given: NDArray[np.generic], what: str) -> None:
    """Refuse JDs of a type that has them to the nearest quarter of a day, and warn of MJDs to the nearest minutes."""
    if given.dtype.kind != "f":
        return
    if not is_julian(given).any():
        known = given[is_possible(given)]
        step = float(np.spacing(known.max())) if len(known) else 0.0
        if step > _COARSE_MJD_DAY:
            log.warning("%s is of %s, which has MJDs to %.2g days alone; better: float64", what, given.dtype, step)
        return
    step = float(np.spacing(given[is_julian(given)].max()))
    if step > _COARSE_DAY:
        raise InputError(f"{what} is of {given.dtype}, which has JDs to {step:g} days; allowed: float64 or text")


_NAMES = {"jd": "a JD", "mjd": "an MJD"}


def _read_each(
    given: NDArray[np.generic], what: str, first_row: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return the numbers of a column of objects, its moments as MJDs, NaN in each other's rows, and who has a zone."""
    numbers, moments = np.full(len(given), np.nan), np.full(len(given), np.nan)
    zoned = np.zeros(len(given), dtype=bool)
    for row, value in enumerate(given.tolist() if given.dtype.kind != "M" else given.astype(str).tolist()):
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
