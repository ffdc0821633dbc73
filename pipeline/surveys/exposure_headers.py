"""What the header of a science image says of its exposure: time, band, field and so on."""

import datetime
from typing import Any

from astropy.io.fits import Header

from pipeline.errors import InputError
from pipeline.surveys.image_pairs_settings import ExposureKeys, ImagePairsInput
from pipeline.surveys.rows import as_text
from pipeline.times import MJD_OF_JD

_EPOCH = datetime.datetime(1858, 11, 17, tzinfo=datetime.UTC)
_DAY_S = 86400.0
_MIDDLE = {"start": 0.5, "middle": 0.0, "end": -0.5}


def header_row(header: Header, first: Header, given: ImagePairsInput, where: str) -> dict[str, Any]:
    """Return what a header, else the first header of its file, says of an exposure.

    Parameters
    ----------
    header, first : Header
    given : ImagePairsInput
        Its keys.
    where : str
        The file, for messages.

    Raises
    ------
    InputError
        If a number is none.
    """
    keys = given.keys
    texts = {name: getattr(keys, name) for name in ("exposure_id", "band", "telescope", "detector", "field")}
    row: dict[str, Any] = {}
    for name, key in {**texts, **keys.columns}.items():
        value = _value(header, first, key)
        text = as_text([value])[0].strip()
        if text:
            row[name] = text
    exposure_s = _number(_value(header, first, keys.exposure_s), keys.exposure_s, where)
    time_mjd = _time(header, first, keys, where)
    if exposure_s is not None:
        row["exposure_s"] = exposure_s
    if time_mjd is not None:
        row["time_mjd"] = time_mjd + _MIDDLE[keys.time_at] * (exposure_s or 0.0) / _DAY_S
    difference = given.images.difference
    stated = difference.science.saturation if difference else "SATURATE"
    full = stated if not isinstance(stated, str) else _number(_value(header, first, stated), stated, where)
    return row | ({"saturation": full} if full is not None else {})


def _value(header: Header, first: Header, key: str) -> object:
    """Return the value of a key; None where neither header has it."""
    for each in (header, first):
        if key and key in each and str(each[key]).strip():
            return each[key]
    return None


def _number(value: object, key: str, where: str) -> float | None:
    if value is None:
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InputError(f"{where}: {key} is {str(value)!r}; allowed: a number") from None


def _time(header: Header, first: Header, keys: ExposureKeys, where: str) -> float | None:
    """Return the MJD that the first key with a value states; None where none has one."""
    for key in keys.time:
        value = _value(header, first, key)
        if value is None:
            continue
        if isinstance(value, str):
            clock = next((text for name in keys.clock if (text := _value(header, first, name))), "")
            return _date(value.strip(), str(clock).strip(), f"{where}: {key}")
        number = _number(value, key, where)
        return number - MJD_OF_JD if number is not None and number > MJD_OF_JD else number
    return None


def _date(text: str, clock: str, where: str) -> float:
    joined = text if "T" in text or " " in text or not clock else f"{text}T{clock}"
    try:
        moment = datetime.datetime.fromisoformat(joined)
    except ValueError:
        raise InputError(f"{where} is {joined!r}; allowed: an ISO date and time") from None
    if joined == text and len(text) <= len("2026-01-01"):
        raise InputError(f"{where} is {text!r} without a time of day; name the key of that in clock")
    moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    return (moment - _EPOCH) / datetime.timedelta(days=1)
