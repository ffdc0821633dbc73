"""Nights: the local calendar date, at the telescope's site, of the evening on which a night begins."""

import datetime
import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import InputError, NightsiftError, SettingsError
from pipeline.times import FIRST_MJD, LAST_MJD, allowed_times, is_possible

MJD_EPOCH = datetime.date(1858, 11, 17)
ALL = "all"
"""The one night of a source that knows no nights, such as a table: all of its rows."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DIGITS = re.compile(r"\d+", re.ASCII)
_MJD = re.compile(r"\d{5}", re.ASCII)
_MIDNIGHT = re.compile(r"(?<=^\d{4}-\d{2}-\d{2})[T ]00:00(:00(\.0*)?)?(Z|[+-]00(:?00)?)?$", re.ASCII)
"""The time of day that a column of timestamps adds to a date."""


def night_number(time_mjd: ArrayLike, longitude_deg: float) -> NDArray[np.int64]:
    """Return the night of each time as the MJD of its date.

    Parameters
    ----------
    time_mjd : array_like
        UTC, modified Julian date.
    longitude_deg : float
        Longitude of the site, east positive.

    Examples
    --------
    Midnight on Hawaii, 10 h UTC, belongs to the evening of the day before in UTC:

    >>> int(night_number(61041.4167, -155.6)), night_name(61040)
    (61040, '2025-12-31')
    """
    local = np.asarray(time_mjd, dtype=float) + longitude_deg / 360.0 - 0.5
    return np.floor(local).astype(np.int64)


def night_name(number: int) -> str:
    """Return the ISO date of a night given as an MJD."""
    return (MJD_EPOCH + datetime.timedelta(days=int(number))).isoformat()


def night_of(time_mjd: ArrayLike, longitude_deg: float) -> NDArray[np.str_]:
    """Return the night of each time as an ISO date.

    Raises
    ------
    InputError
        If a time is not finite, or not in 1900 to 2100; the message has its row, counted from 1.
    """
    times = np.atleast_1d(np.asarray(time_mjd, dtype=float))
    bad = np.flatnonzero(~np.isfinite(times))
    if len(bad):
        raise InputError(f"{len(bad)} times are not finite, first in row {bad[0] + 1}: a night needs a time")
    bad = np.flatnonzero(~is_possible(times))
    if len(bad):
        raise InputError(
            f"{len(bad)} times are impossible, first MJD {float(times[bad[0]])} in row {bad[0] + 1}; "
            f"allowed: {allowed_times()}"
        )
    numbers = np.atleast_1d(night_number(time_mjd, longitude_deg))
    unique, inverse = np.unique(numbers, return_inverse=True)
    return np.array([night_name(number) for number in unique], dtype="U10")[inverse]


def parse_night(text: str, mjd_offset_days: int = 0) -> datetime.date:
    """Return the night that a user typed, an ISO date or an MJD.

    Parameters
    ----------
    text : str
        ``2026-01-05`` or a five-digit MJD, in 1900 to 2100.
    mjd_offset_days : int
        The number of days that the survey adds to an MJD to get the date of the evening: -1 for a survey that numbers
        its nights by the UTC day that begins during them.

    Raises
    ------
    SettingsError
        If it is not a date, or not in 1900 to 2100.

    Examples
    --------
    >>> parse_night("61045").isoformat()
    '2026-01-05'
    """
    try:
        night = datetime.date.fromisoformat(text) if _DATE.fullmatch(text) else None
        if _MJD.fullmatch(text):
            night = MJD_EPOCH + datetime.timedelta(days=int(text) + mjd_offset_days)
    except ValueError:
        night = None
    if night is None:
        raise SettingsError(f"night {text!r} is not a date; allowed: a date such as 2026-01-05, or a five-digit MJD")
    if not FIRST_MJD <= (night - MJD_EPOCH).days < LAST_MJD:
        raise SettingsError(f"night {text!r} is outside 1900 to 2100; allowed: 1900-01-01 to 2099-12-31")
    return night


def night_name_of(text: str, mjd_offset_days: int = 0, *, has_nights: bool = True) -> str:
    """Return the name of the night that a user typed: an ISO date, or `ALL` of a survey without nights.

    Parameters
    ----------
    text : str
        As for `parse_night`, or ``all``.
    mjd_offset_days : int
        As in `parse_night`.
    has_nights : bool
        Whether the survey has nights.

    Raises
    ------
    SettingsError
        If the survey has nights and this is none, or has none and this is not ``all``.

    Examples
    --------
    >>> night_name_of("61045"), night_name_of("all", has_nights=False)
    ('2026-01-05', 'all')
    """
    if not has_nights:
        if text != ALL:
            raise SettingsError(
                f"night {text!r}: this survey knows no nights; allowed: {ALL}, which is all of its rows"
            )
        return ALL
    if text == ALL:
        raise SettingsError(
            f"night {ALL!r} is for surveys without nights, and this one has some; allowed: a date such as 2026-01-05, "
            "or a five-digit MJD; --nights 2026-01-01..2026-01-06 for several"
        )
    return parse_night(text, mjd_offset_days).isoformat()


def night_names(entries: Sequence[str | int], mjd_offset_days: int = 0, *, has_nights: bool = True) -> list[str]:
    """Return the sorted names of the nights that a recipe or a list names, as `expand_nights` and `night_name_of` do.

    Examples
    --------
    >>> night_names(["2026-01-05..2026-01-06"]), night_names(["all"], has_nights=False)
    (['2026-01-05', '2026-01-06'], ['all'])
    """
    if has_nights and ALL not in entries:
        return [night.isoformat() for night in expand_nights(entries, mjd_offset_days)]
    return sorted({night_name_of(str(entry), mjd_offset_days, has_nights=has_nights) for entry in entries})


def stated_nights(texts: Iterable[str], what: str, mjd_offset_days: int = 0) -> list[str]:
    """Return the nights of a column as ISO dates.

    Parameters
    ----------
    texts : iterable of str
        The column: dates, timestamps at midnight, or MJDs.
    what : str
        File and column, for the message.
    mjd_offset_days : int
        As in `parse_night`.

    Raises
    ------
    InputError
        If a text is not a night.

    Examples
    --------
    >>> stated_nights(["2026-01-05", "61046", "2026-01-07 00:00:00"], "candidates.csv: column 'night'")
    ['2026-01-05', '2026-01-06', '2026-01-07']
    """
    column = list(texts)
    try:
        known = {text: parse_night(_MIDNIGHT.sub("", text), mjd_offset_days).isoformat() for text in set(column)}
    except SettingsError as error:
        raise InputError(f"{what}: {error}") from None
    return [known[text] for text in column]


def is_night(text: str) -> bool:
    """Tell whether a text is the name of a night: an ISO date, and nothing else.

    Examples
    --------
    >>> is_night("2026-01-06"), is_night("20260106/c"), is_night("61046")
    (True, False, False)
    """
    try:
        return parse_night(text).isoformat() == text
    except NightsiftError:
        return False


def respelled_night(text: str) -> str:
    """Return the night that the digits of a text mean: ``20260106``, ``2026_01_06`` or ``2026-1-6``; else empty.

    Examples
    --------
    >>> respelled_night("n20260106"), respelled_night("2026-1-6"), respelled_night("2026-01-06"), respelled_night("m31")
    ('2026-01-06', '2026-01-06', '', '')
    """
    numbers = _DIGITS.findall(text)
    if [len(number) for number in numbers] in ([4, 1, 1], [4, 1, 2], [4, 2, 1]):
        numbers = [number.zfill(2) for number in numbers]
    digits = "".join(numbers)
    name = f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    return name if name != text and is_night(name) else ""


def require_night_names(texts: Iterable[str], pattern: str, night: str = "") -> None:
    """Raise `InputError` if none of the folders or files for ``{night}`` has the name of a night.

    Parameters
    ----------
    texts : iterable of str
        The texts found in the place of ``{night}``.
    pattern : str
        The setting with ``{night}``, for the message.
    night : str, optional
        A night for which nothing was found: another spelling of it is an error as well, even if other nights are right.
    """
    named = sorted(set(texts))
    wrong = [text for text in named if not is_night(text)]
    meant = [text for text in wrong if night and respelled_night(text) == night]
    if meant or (wrong and len(wrong) == len(named)):
        what = "folders" if "{night}/" in pattern else "files"
        raise InputError(
            f"{pattern}: {(meant or wrong)[0]!r} is not a night; {what} of {{night}} must be named like 2026-01-06"
        )


def days_before(night: str, n: int) -> list[str]:
    """Return the ``n`` nights before one, an ISO date, the latest last.

    Examples
    --------
    >>> days_before("2026-01-02", 2)
    ['2025-12-31', '2026-01-01']
    """
    own = (parse_night(night) - MJD_EPOCH).days
    return [night_name(number) for number in range(max(own - n, int(FIRST_MJD)), own)]


def night_range(start: datetime.date, stop: datetime.date) -> list[datetime.date]:
    """Return every night from ``start`` to ``stop``, both included."""
    if stop < start:
        raise SettingsError(f"the range of nights ends ({stop}) before it starts ({start})")
    return [start + datetime.timedelta(days=day) for day in range((stop - start).days + 1)]


def expand_nights(entries: Sequence[str | int], mjd_offset_days: int = 0) -> list[datetime.date]:
    """Return the sorted nights of a recipe: dates, MJDs, and ranges ``2026-01-01..2026-01-06``."""
    nights: set[datetime.date] = set()
    for entry in entries:
        start, is_range, stop = str(entry).partition("..")
        first = parse_night(start.strip(), mjd_offset_days)
        nights.update(night_range(first, parse_night(stop.strip(), mjd_offset_days) if is_range else first))
    return sorted(nights)


def ends_at(night: datetime.date, longitude_deg: float) -> datetime.datetime:
    """Return the UTC instant at which the night ends: the next local mean noon."""
    noon = datetime.datetime.combine(night, datetime.time(12), tzinfo=datetime.UTC)
    return noon + datetime.timedelta(days=1, hours=-longitude_deg / 15.0)


def is_ahead(night: datetime.date, longitude_deg: float, now: datetime.datetime) -> bool:
    """Tell whether a night is later than tomorrow's, so that its date is probably mistyped.

    Examples
    --------
    >>> now = datetime.datetime(2026, 1, 7, 20, tzinfo=datetime.UTC)
    >>> [is_ahead(datetime.date(2026, 1, day), 0.0, now) for day in (7, 8, 9)]
    [False, False, True]
    """
    return now < ends_at(night, longitude_deg) - datetime.timedelta(days=2)


def require_not_ahead(
    nights: Sequence[datetime.date], longitude_deg: float, now: datetime.datetime, where: str
) -> None:
    """Raise `SettingsError` if the last night of a recipe is in the future.

    Parameters
    ----------
    nights : sequence of date
        Sorted, as from `expand_nights`.
    longitude_deg : float
        Longitude of the site, east positive.
    now : datetime
        The time, with its zone.
    where : str
        File and key, for the message.
    """
    ahead = [night for night in nights if is_ahead(night, longitude_deg, now)]
    if ahead:
        raise SettingsError(
            f"{where}: {ahead[-1]} lies in the future ({len(ahead)} of {len(nights)} nights do); allowed: nights that "
            "have begun, because a data set is made when all its nights are closed"
        )
