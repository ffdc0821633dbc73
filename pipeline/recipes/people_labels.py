"""Labels of people by their verdicts until a moment, as the key ``people`` of a data set's recipe states them.

Tested by tests/pipeline/recipes/test_people_labels.py.
"""

import datetime
from dataclasses import dataclass

from pipeline.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class PeopleLabels:
    """Which verdicts of people become labels of a data set.

    Attributes
    ----------
    until : str
        Date and time, UTC unless it states its zone, such as ``2026-02-01T12:00:00``; not in the future. Later verdicts
        do not count, so that the data set stays the same while people go on.
    least_votes : int
        So many people have to have judged an item before it gets a label, at least 1.
    certainty : float
        How probable the class has to be by all verdicts on the item, each weighed by how well the person judges, from
        0.5 to below 1. One verdict of somebody of whom nothing is known makes it about 0.8. A tie is never a label.
    agreeing : int
        An item is retired once so many people give one class, and fewer give each other class; at least 1. It says only
        which items are still open.
    most : int
        With so many votes and no such class nobody is asked again; not below ``agreeing``.
    gold : str
        Label file (docs/formats.md#label-file) with the classes of hidden gold; empty: they are not known, and the
        verdicts on it say only how far people agree.
    """

    until: str
    least_votes: int = 1
    certainty: float = 0.7
    agreeing: int = 2
    most: int = 5
    gold: str = ""

    def __post_init__(self) -> None:
        utc(self.until)
        if self.least_votes < 1:
            raise SettingsError(f"least_votes is {self.least_votes}; allowed: at least 1")
        if not 0.5 <= self.certainty < 1:
            raise SettingsError(f"certainty is {self.certainty:g}; allowed: 0.5 to below 1")
        if not 1 <= self.agreeing <= self.most:
            raise SettingsError(
                f"agreeing is {self.agreeing} and most is {self.most}; allowed: agreeing at least 1, most not below it"
            )


def utc(text: str, what: str = "until") -> datetime.datetime:
    """Return a date and time as UTC.

    Parameters
    ----------
    text : str
        The moment, UTC unless it states its zone.
    what : str
        What it is, for the message.

    Raises
    ------
    SettingsError
        If it is none, or a date alone, which could mean either end of the day.

    Examples
    --------
    >>> utc("2026-02-01 13:00+01:00").isoformat()
    '2026-02-01T12:00:00+00:00'
    """
    try:
        moment = datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is None or len(text.strip()) <= len("2026-02-01"):
        raise SettingsError(f"{what} is {text!r}; allowed: date and time, such as 2026-02-01T12:00:00, as UTC")
    return moment.astimezone(datetime.UTC) if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def require_past(until: str) -> datetime.datetime:
    """Return a moment as UTC; one in the future, until which verdicts may still come, raises `SettingsError`."""
    moment = utc(until)
    if moment > datetime.datetime.now(datetime.UTC):
        raise SettingsError(f"until is {until!r}, in the future; allowed: up to now, for later verdicts would count")
    return moment
