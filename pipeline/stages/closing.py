"""Whether a night is over, by the rule that its survey states as ``closed``, and whether it has begun at all.

Light to import: planning asks of every night.

Tested by tests/integration/test_check.py.
"""

import datetime
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.night import ALL, ends_at, is_ahead, require_not_ahead
from pipeline.surveys.settings import SurveySettings

if TYPE_CHECKING:
    from pipeline.surveys.base import Source


def why_open(settings: SurveySettings, night: str, open_survey: Callable[[], "Source[Any]"]) -> str:
    """Return which rule of a survey keeps a night open; empty where the night is closed.

    Parameters
    ----------
    settings : SurveySettings
        With the rule.
    night : str
        The night, an ISO date; the clock closes no night ``all``, which is never open.
    open_survey : callable
        Gives the survey, which is asked unless the clock alone closes nights.
    """
    rule = settings.closed
    if rule.after_hours is not None and night == ALL:
        return ""
    if rule.after_hours is not None:
        closes = ends_at(datetime.date.fromisoformat(night), settings.longitude_deg)
        closes += datetime.timedelta(hours=rule.after_hours)
        waiting = datetime.datetime.now(datetime.UTC) < closes
        return f"it closes at {closes.isoformat(timespec='minutes')} (closed: after_hours)" if waiting else ""
    survey = open_survey()
    if survey.closed(night):
        return ""
    if rule.marker:
        return f"no file {rule.marker.format(night=night)} below {survey.folder} (closed: marker)"
    return f"query {rule.query} returns no row (closed: query)"


def require_begun(settings: SurveySettings, nights: Sequence[str], where: str) -> None:
    """Raise an error for nights of the future, unless a marker or a query may close a night at any time.

    Parameters
    ----------
    settings : SurveySettings
        Of the survey.
    nights : sequence of str
        The nights that are asked for, sorted.
    where : str
        Where they are stated, for the message.

    Raises
    ------
    SettingsError
        As `require_not_ahead`.
    """
    if settings.closed.after_hours is not None:
        dates = [datetime.date.fromisoformat(night) for night in nights if night != ALL]
        require_not_ahead(dates, settings.longitude_deg, datetime.datetime.now(datetime.UTC), where)


def is_of_future(settings: SurveySettings, night: str) -> bool:
    """Tell whether a night, an ISO date, has not begun at the survey's site; ``all`` always has."""
    if night == ALL:
        return False
    return is_ahead(datetime.date.fromisoformat(night), settings.longitude_deg, datetime.datetime.now(datetime.UTC))
