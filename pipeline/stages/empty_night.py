"""A night that holds nothing is an empty result, and often a mistyped date: it is told, with the nights there are."""

import logging
import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from pipeline.errors import NightsiftError
from pipeline.io.results.night_manifest import Manifest
from pipeline.night import MJD_EPOCH, parse_night
from pipeline.surveys.base import Source
from pipeline.surveys.label_tables import own_references

log = logging.getLogger(__name__)

_LISTED = 3
"""So few nights are named one by one."""

_LISTED_ANEW_S: Final = 60.0
"""After this long a survey's nights are listed again: that may read all of it, and a run has many empty nights."""


class _Listing(NamedTuple):
    """The nights of a survey, and the reading of the monotonic clock, in seconds, when they were listed."""

    nights: list[str]
    listed_s: float


_listings: dict[tuple[str, str, str], _Listing] = {}
"""By the survey's name, folder and settings; of this process."""


def tell_if_empty(survey: Source[Any], name: str, night: str, manifest: Manifest) -> None:
    """Warn where a frozen night holds no row, with the nights that the survey holds.

    Parameters
    ----------
    survey : Source
        Which is asked for its nights, of an empty night alone.
    name : str
        The survey's name.
    night : str
        The night, an ISO date.
    manifest : mapping
        What was frozen of it.
    """
    labels = {reference.key for reference in own_references(survey)}
    counted = {what: said["rows"] for what, said in manifest["queries"].items() if what not in labels}
    decisive = {"candidates": counted["candidates"]} if "candidates" in counted else counted
    if not any(decisive.values()):
        what = "exposures" if set(decisive) == {"exposures"} else "candidates"
        log.warning("no %s on %s: the result is empty and complete; %s", what, night, nights_of(survey, name, night))


def nights_of(survey: Source[Any], name: str, night: str) -> str:
    """Return in words which nights a survey holds beside one, or why they cannot be listed."""
    try:
        nights = [other for other in _listed_nights(survey, name) if other != night]
    except NightsiftError as error:
        return f"the nights of the survey {name} cannot be listed: {error}"
    return told(name, nights, night)


def _listed_nights(survey: Source[Any], name: str) -> list[str]:
    """Return the nights that a survey holds, as they were within the last minute."""
    key = name, str(survey.folder), repr(survey.settings)
    listing = _listings.get(key)
    if listing is None or time.monotonic() - listing.listed_s >= _LISTED_ANEW_S:
        listing = _listings[key] = _Listing(survey.nights(), time.monotonic())
    return listing.nights


def told(name: str, nights: Sequence[str], night: str) -> str:
    """Return in words which nights a survey holds beside one that is empty.

    Examples
    --------
    >>> told("tiny", ["2026-01-01", "2026-01-02", "2026-01-04", "2026-01-06"], "2062-01-04")
    'the survey tiny has 4 other nights, 2026-01-01 to 2026-01-06, the nearest is 2026-01-06'
    >>> told("tiny", ["2026-01-02"], "2062-01-05"), told("tiny", [], "2062-01-05")
    ('the survey tiny has the night 2026-01-02', 'the survey tiny has no other night; `nightsift check tiny` looks why')
    """
    if not nights:
        return f"the survey {name} has no other night; `nightsift check {name}` looks why"
    if len(nights) <= _LISTED:
        return f"the survey {name} has the night{'s' if len(nights) > 1 else ''} {', '.join(nights)}"
    here = (parse_night(night) - MJD_EPOCH).days
    nearest = min(nights, key=lambda other: abs((parse_night(other) - MJD_EPOCH).days - here))
    return f"the survey {name} has {len(nights)} other nights, {nights[0]} to {nights[-1]}, the nearest is {nearest}"
