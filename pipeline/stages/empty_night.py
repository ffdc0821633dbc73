"""An empty night is a valid result, but often a mistyped date: a warning lists the nights that the survey has."""

import logging
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from pipeline.errors import NightsiftError
from pipeline.io.results.night_manifest import Manifest
from pipeline.night import ALL, MJD_EPOCH, parse_night
from pipeline.surveys.base import Source, StatesFolder
from pipeline.surveys.label_tables import own_references

log = logging.getLogger(__name__)

_LISTED = 3
"""Up to this many nights are named one by one."""

_LISTED_ANEW_S: Final = 60.0
"""After this long, the nights of a survey are listed again; that may read the whole survey, so not for each night."""


class _Listing(NamedTuple):
    """The nights of a survey, and the reading of the monotonic clock, in seconds, when they were listed."""

    nights: list[str]
    listed_s: float


_listings: dict[tuple[str, str, str], _Listing] = {}
"""The listings that this process made, by the survey's name, folder and settings."""


def warn_if_empty(survey: Source[StatesFolder], name: str, night: str, manifest: Manifest) -> None:
    """Warn if a frozen night has no rows, and name the nights that the survey has.

    Parameters
    ----------
    survey : Source
        The survey; only if the night is empty are its nights listed.
    name : str
        The survey's name.
    night : str
        The night, an ISO date.
    manifest : mapping
        Its frozen input.
    """
    labels = {reference.key for reference in own_references(survey)}
    counted = {query: entry["rows"] for query, entry in manifest["queries"].items() if query not in labels}
    decisive = {"candidates": counted["candidates"]} if "candidates" in counted else counted
    if not any(decisive.values()):
        what = "exposures" if set(decisive) == {"exposures"} else "candidates"
        log.warning("no %s on %s: the result is empty and complete; %s", what, night, nights_of(survey, name, night))


def nights_of(survey: Source[StatesFolder], name: str, night: str) -> str:
    """Return a sentence on which nights a survey has besides one, or why they cannot be listed."""
    try:
        nights = [other for other in _listed_nights(survey, name) if other != night]
    except NightsiftError as error:
        return f"the nights of the survey {name} cannot be listed: {error}"
    return other_nights(name, nights, night)


def _listed_nights(survey: Source[StatesFolder], name: str) -> list[str]:
    """Return the nights that a survey has, from a listing of at most a minute ago."""
    key = name, str(survey.folder), repr(survey.settings)
    listing = _listings.get(key)
    if listing is None or time.monotonic() - listing.listed_s >= _LISTED_ANEW_S:
        listing = _listings[key] = _Listing(survey.nights(), time.monotonic())
    return listing.nights


def other_nights(name: str, nights: Sequence[str], night: str) -> str:
    """Return a sentence on which nights a survey has besides an empty one.

    Examples
    --------
    >>> other_nights("tiny", ["2026-01-01", "2026-01-02", "2026-01-04", "2026-01-06"], "2062-01-04")
    'the survey tiny has 4 other nights, 2026-01-01 to 2026-01-06, the nearest is 2026-01-06'
    >>> other_nights("tiny", ["2026-01-02"], "2062-01-05")
    'the survey tiny has the night 2026-01-02'
    >>> other_nights("tiny", [], "2062-01-05")
    'the survey tiny has no other night; `nightsift check tiny` finds out why'
    """
    if not nights:
        return f"the survey {name} has no other night; `nightsift check {name}` finds out why"
    if len(nights) <= _LISTED or night == ALL:
        return f"the survey {name} has the night{'s' if len(nights) > 1 else ''} {', '.join(nights)}"
    here = (parse_night(night) - MJD_EPOCH).days
    nearest = min(nights, key=lambda other: abs((parse_night(other) - MJD_EPOCH).days - here))
    return f"the survey {name} has {len(nights)} other nights, {nights[0]} to {nights[-1]}, the nearest is {nearest}"
