"""How nights are named on the command line: one, a list, or a range.

Tested by tests/tasks/test_base.py.
"""

import datetime
from typing import Any

import luigi

from pipeline.errors import SettingsError, TooManyTasksError
from pipeline.night import expand_nights, night_range, parse_night

MOST_TASKS = 2000
"""Of one run; luigi's scheduler grows slow beyond."""


class NightParameter(luigi.Parameter):
    """A night as an ISO date; dates are accepted from Python callers as well."""

    def normalize(self, x: Any) -> str:
        """Return the ISO date as text."""
        return "" if x in ("", None) else str(x)


def listed_nights(text: str, mjd_offset_days: int) -> list[datetime.date]:
    """Return the nights of ``2026-01-01,2026-01-03`` or ``2026-01-01..2026-01-06``, of dates or MJDs, sorted."""
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    if not entries:
        raise SettingsError(f"{text!r} names no night; allowed: 2026-01-01,2026-01-03 or 2026-01-01..2026-01-06")
    return expand_nights(entries, mjd_offset_days)


class NightsParameter(luigi.Parameter):
    """Nights as a list or a range, in place of ``--start`` and ``--stop``."""

    def __init__(self) -> None:
        super().__init__(
            default="",
            description="Nights in place of --start and --stop: 2026-01-01,2026-01-03 or 2026-01-01..2026-01-06.",
        )


def asked_nights(task: Any, mjd_offset_days: int, *, tasks_a_night: int, what: str) -> list[datetime.date]:
    """Return the nights of a task with ``nights``, ``start`` and ``stop``.

    Parameters
    ----------
    task : luigi.Task
        With the three parameters.
    mjd_offset_days : int
        The survey's rule for MJDs, as in `parse_night`.
    tasks_a_night : int
        How many tasks one night takes.
    what : str
        What is done for each night, for the message.

    Raises
    ------
    SettingsError
        If neither or both ways of naming nights are used, or a night is none.
    TooManyTasksError
        If they take more than `MOST_TASKS` tasks.
    """
    if bool(task.nights) == bool(task.start or task.stop) or bool(task.start) != bool(task.stop):
        raise SettingsError(
            f"{task.task_family} needs either --nights, as 2026-01-01..2026-01-06, or both --start and --stop"
        )
    if task.nights:
        nights = listed_nights(task.nights, mjd_offset_days)
    else:
        nights = night_range(*(parse_night(night, mjd_offset_days) for night in (task.start, task.stop)))
    most = max(1, MOST_TASKS // tasks_a_night)
    if len(nights) > most:
        raise TooManyTasksError(
            f"{len(nights)} nights of {what} are too many tasks for one run; allowed: {most} nights. Ask for "
            "the range in pieces; finished nights cost next to nothing"
        )
    return nights
