"""How nights are named on the command line: one, a list, or a range.

Tested by tests/tasks/test_base.py.
"""

import luigi

from pipeline.errors import SettingsError
from pipeline.night import night_names


class NightParameter(luigi.Parameter):
    """A night as an ISO date; Python callers may pass a date."""

    def normalize(self, x: object) -> str:
        """Return the ISO date as text."""
        return "" if x in ("", None) else str(x)


def listed_nights(text: str, mjd_offset_days: int, *, has_nights: bool = True) -> list[str]:
    """Return the names of the nights of ``2026-01-01,2026-01-03`` or ``2026-01-01..2026-01-06``, or of MJDs, sorted.

    Parameters
    ----------
    text : str
        As a user types it; ``all`` of a survey without nights.
    mjd_offset_days : int
        The survey's rule for MJDs, as in `pipeline.night.parse_night`.
    has_nights : bool
        Whether the survey has nights.
    """
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    if not entries:
        raise SettingsError(f"{text!r} names no night; allowed: 2026-01-01,2026-01-03 or 2026-01-01..2026-01-06")
    return night_names(entries, mjd_offset_days, has_nights=has_nights)


class NightsParameter(luigi.Parameter):
    """Nights as a list or a range, in place of ``--start`` and ``--stop``."""

    def __init__(self) -> None:
        super().__init__(
            default="",
            description="Nights in place of --start and --stop: 2026-01-01,2026-01-03 or 2026-01-01..2026-01-06.",
        )
