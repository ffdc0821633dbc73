"""What the header of a science image says of its exposure: time, band, field and so on.

Tested by tests/pipeline/surveys/image_pairs/test_exposures.py.
"""

from contextlib import suppress
from typing import Final

from astropy.io.fits import Header
from astropy.io.fits.card import Undefined

from pipeline.conversions import S_PER_DAY
from pipeline.errors import InputError
from pipeline.surveys.candidate_columns import as_text
from pipeline.surveys.image_pairs.settings import LONGEST_S, ExposureKeys, ImagePairsInput
from pipeline.times import SCALES, from_scale, is_date_alone, is_possible, stated_mjd

Cell = str | float
"""What a header or a table says in one column of an exposure."""

_APART_S: Final = 1.0
"""Seconds by which the times that two keys of one header state may differ without a warning."""
_SCALES = {"UT": "UTC", "GMT": "UTC", "IAT": "TAI", "TDT": "TT", "ET": "TT"}
"""Other names of time scales (FITS standard 4.0, table 30)."""
_MIDDLE = {"start": 0.5, "middle": 0.0, "end": -0.5}


def header_row(
    header: Header, first: Header, survey_input: ImagePairsInput, where: str, with_time: bool = True
) -> dict[str, Cell]:
    """Return what a header, else the first header of its file, says of an exposure.

    Parameters
    ----------
    header, first : Header
        That of the image, and the first one of its file.
    survey_input : ImagePairsInput
        Its keys.
    where : str
        The file, for messages.
    with_time : bool
        Whether the time is asked for, too; where it is stated elsewhere, what the header says of it does not matter.

    Raises
    ------
    InputError
        If a value is not a number, an exposure time is not possible, or a time is outside 1900 to 2100 or in an
        unknown scale.
    """
    keys = survey_input.keys
    texts = {name: getattr(keys, name) for name in ("exposure_id", "band", "telescope", "detector", "field")}
    row: dict[str, Cell] = {}
    for name, key in {**texts, **keys.columns}.items():
        value = _value(header, first, key)
        text = as_text([value])[0].strip()
        if text:
            row[name] = text
    exposure_s = _stated_seconds(header, first, keys.exposure_s, where)
    if exposure_s is not None and not 0.0 <= exposure_s < LONGEST_S:
        raise InputError(f"{where}: {keys.exposure_s} is {exposure_s:g}; allowed: seconds, 0 to below {LONGEST_S:g}")
    time_mjd = _time(header, first, keys, where) if with_time else None
    if exposure_s is not None:
        row["exposure_s"] = exposure_s
    if time_mjd is not None:
        row["time_mjd"] = time_mjd + _MIDDLE[keys.time_at] * (exposure_s or 0.0) / S_PER_DAY
    difference = survey_input.images.difference
    stated = difference.science.saturation if difference else "SATURATE"
    full = stated if not isinstance(stated, str) else _number(_value(header, first, stated), stated, where)
    return row | ({"saturation": full} if full is not None else {})


def _value(header: Header, first: Header, key: str) -> object:
    """Return the value of a key; None where neither header has it, or has it without a value."""
    for each in (header, first):
        if key and key in each and not isinstance(each[key], Undefined) and str(each[key]).strip():
            return each[key]
    return None


def _number(value: object, key: str, where: str) -> float | None:
    if value is None:
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InputError(f"{where}: {key} is {str(value)!r}; allowed: a number") from None


def _stated_seconds(header: Header, first: Header, stated: str | float, where: str) -> float | None:
    return _number(_value(header, first, stated), stated, where) if isinstance(stated, str) else float(stated)


def times_apart(header: Header, first: Header, keys: ExposureKeys) -> tuple[str, str, float] | None:
    """Return the first two time keys that state different times and by how many seconds, or None where all agree."""
    stated: dict[str, float] = {}
    for key in keys.time:
        # a key that is not the first may hold anything: its value is not used
        with suppress(InputError):
            time_mjd = _time_of(header, first, key, keys, "")
            if time_mjd is not None:
                stated[key] = time_mjd
    for key, time_mjd in stated.items():
        taken = next(iter(stated))
        apart_s = abs(time_mjd - stated[taken]) * S_PER_DAY
        if apart_s > _APART_S:
            return taken, key, apart_s
    return None


def _time(header: Header, first: Header, keys: ExposureKeys, where: str) -> float | None:
    """Return the UTC MJD that the first key with a time states, 0 being none; None where none has one."""
    stated = (_time_of(header, first, key, keys, where) for key in keys.time)
    return next((time_mjd for time_mjd in stated if time_mjd is not None), None)


def _time_of(header: Header, first: Header, key: str, keys: ExposureKeys, where: str) -> float | None:
    """Return the UTC MJD that one key states; None where it states none."""
    value = _value(header, first, key)
    if value is None:
        return None
    clock = next((text for name in keys.clock if (text := _value(header, first, name))), "")
    if is_date_alone(str(value)) and not clock:
        raise InputError(f"{where}: {key} is {str(value)!r} without a time of day; name the key of that in clock")
    mjd, is_utc = stated_mjd(value, f"{where}: {key}", str(clock).strip())
    if mjd == 0.0:
        return None
    if not is_possible(mjd):
        raise InputError(f"{where}: {key} is {str(value)!r}; allowed: an MJD, JD or date of 1900 to 2100")
    return mjd if is_utc else _to_utc(mjd, _value(header, first, keys.time_scale), f"{where}: {keys.time_scale}")


def _to_utc(mjd: float, scale: object, where: str) -> float:
    """Return the UTC of a time in the scale that a header names, ``TT(BIPM)`` say; UTC where it names none."""
    name = "UTC" if scale is None else str(scale).partition("(")[0].strip().upper()
    if _SCALES.get(name, name) not in SCALES:
        raise InputError(f"{where} is {str(scale)!r}; allowed: {', '.join((*SCALES, *_SCALES))}")
    return float(from_scale(mjd, _SCALES.get(name, name)))
